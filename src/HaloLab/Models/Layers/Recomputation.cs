using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>
/// Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): of a block only its inputs are kept, and it is run once more when its gradients are wanted. Gradients of adapters are the same
/// bits; those of other weights and of what several blocks read may be summed in another order. Random numbers that the block draws on the CPU are drawn again. The gaps that a block has left are
/// closed for the next (<see cref="FreedMemory"/>): the C library would need several times what is saved.
/// </summary>
internal static class Recomputation
{
    /// <summary>Switches it on for every part of a network that can do it.</summary>
    /// <exception cref="InputException">No part can.</exception>
    public static void SwitchOn(nn.Module network)
    {
        IRecomputing[] parts = [.. network.modules().Prepend(network).OfType<IRecomputing>()];
        if (parts.Length == 0)
        {
            throw new InputException($"--recompute: {network.GetName()} has no blocks that can be computed again. Leave it out; only the transformers of Wan2.1, CogVideoX and Qwen2-VL and VideoCrafter2's U-Net have.");
        }

        foreach (IRecomputing part in parts)
        {
            part.Recomputes = true;
        }
    }

    /// <summary>Runs a block.</summary>
    /// <param name="isOn">Whether to keep its inputs only.</param>
    /// <param name="block">The block. Every tensor that it needs, but for parameters, is among its inputs: others may be gone when it is run again.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <returns>Its outputs, for the caller's dispose scope.</returns>
    public static IReadOnlyList<Tensor> Run(bool isOn, Func<IReadOnlyList<Tensor>, Tensor[]> block, params Tensor[] inputs)
    {
        if (!isOn)
        {
            return block(inputs);
        }

        if (!is_grad_enabled())
        {
            Tensor[] outputs = block(inputs);
            FreedMemory.CloseGaps();
            return outputs;
        }

        // Outputs need a gradient when an input does; a block's parameters may when none of its inputs do.
        using Tensor anchor = zeros([1], requires_grad: true);
        using Tensor random = get_rng_state();
        return Block.apply([block, anchor, random, .. inputs]);
    }

    private sealed class Block : autograd.MultiTensorFunction<Block>
    {
        private const string Body = "block";
        private const int First = 3;

        public override string Name => nameof(Recomputation);

        public override List<Tensor> forward(autograd.AutogradContext context, params object[] values)
        {
            Tensor[] inputs = [.. values[First..].Cast<Tensor>()];

            // They are saved after this method has returned, so they have to live until then.
            context.save_for_backward([(Tensor)values[First - 1], .. inputs]);
            context.save_data(Body, values[0]);

            // An output that nobody uses has no gradient. Zeros for it would be made like a tensor that the caller's dispose scope has taken by then.
            context.set_materialize_grads(false);
            List<Tensor> outputs;
            using (NewDisposeScope())
            {
                outputs = [.. ((Func<IReadOnlyList<Tensor>, Tensor[]>)values[0])(inputs).Select(output => output.MoveToOuterDisposeScope())];
            }

            FreedMemory.CloseGaps();
            return outputs;
        }

        public override List<Tensor> backward(autograd.AutogradContext context, List<Tensor> gradients)
        {
            using var scope = NewDisposeScope();
            using var gradient = enable_grad();
            List<Tensor> saved = context.get_saved_variables();
            Tensor[] inputs = [.. saved.Skip(1).Select(input => input.is_floating_point() ? input.detach().requires_grad_(input.requires_grad) : input)];
            Tensor now = get_rng_state();
            set_rng_state(saved[0]);
            Tensor[] outputs = ((Func<IReadOnlyList<Tensor>, Tensor[]>)context.get_data(Body))(inputs);
            set_rng_state(now);
            (Tensor Output, Tensor Gradient)[] wanted = [.. outputs.Zip(gradients).Where(pair => pair.First.requires_grad && !pair.Second.IsInvalid)];
            if (wanted.Length > 0)
            {
                autograd.backward([.. wanted.Select(pair => pair.Output)], [.. wanted.Select(pair => pair.Gradient)]);
            }

            gradients.Where(given => !given.IsInvalid).ToList().ForEach(given => given.Dispose());
            FreedMemory.CloseGaps();
            return [null!, null!, null!, .. inputs.Select(input => input.requires_grad ? input.grad?.MoveToOuterDisposeScope()! : null!)];
        }
    }
}
