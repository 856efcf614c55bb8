using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>The language model of Qwen2-VL, from embedded tokens to states.</summary>
public sealed class Qwen2Decoder : Module, IRecomputing
{
    public readonly TokenEmbedding embed_tokens;
    public readonly ModuleList<Qwen2Layer> layers;
    public readonly RmsNorm norm;

    private readonly Qwen2VlConfig _config;

    public Qwen2Decoder(Qwen2VlConfig config)
        : base(nameof(Qwen2Decoder))
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        embed_tokens = new(config.VocabSize, config.HiddenSize);
        layers = ModuleList(Enumerable.Range(0, config.NumHiddenLayers).Select(_ => new Qwen2Layer(config)).ToArray());
        norm = new(config.HiddenSize, config.RmsNormEps);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public bool Recomputes { get; set; }

    /// <summary>States of all positions after the final norm.</summary>
    /// <param name="embedded_BLC">Embedded tokens.</param>
    /// <param name="mask_BL">1 where there is a token, 0 for padding, whose own states mean nothing.</param>
    /// <param name="positions_3BL">Positions in time, height and width.</param>
    public Tensor States(Tensor embedded_BLC, Tensor mask_BL, Tensor positions_3BL)
    {
        using var scope = NewDisposeScope();
        Qwen2Rotation rotation = Qwen2Rotation.OfDecoder(positions_3BL, _config);
        Tensor mask_B1LL = Mask(mask_BL);
        Tensor states_BLC = embedded_BLC;
        foreach (Qwen2Layer layer in layers)
        {
            states_BLC = Recomputation.Run(Recomputes, inputs => [layer.Apply(inputs[0], new Qwen2Rotation(inputs[1], inputs[2]), inputs[3])], states_BLC, rotation.Cos, rotation.Sin, mask_B1LL)[0];
        }

        return norm.call(states_BLC).MoveToOuterDisposeScope();
    }

    /// <summary>States after the final norm of tokens that follow those in a memory, without padding. The memory then holds them too.</summary>
    /// <param name="embedded_BLC">Embedded tokens.</param>
    /// <param name="positions_3BL">Their positions in time, height and width.</param>
    /// <param name="memory">The tokens before.</param>
    internal Tensor Continue(Tensor embedded_BLC, Tensor positions_3BL, Qwen2VlMemory memory)
    {
        using var scope = NewDisposeScope();
        Qwen2Rotation rotation = Qwen2Rotation.OfDecoder(positions_3BL, _config);
        (long before, long length) = (memory.Length, embedded_BLC.shape[1]);
        Tensor mask_LL = ones([length, before + length], ScalarType.Bool, embedded_BLC.device).tril(before);
        Tensor states_BLC = embedded_BLC;
        for (int i = 0; i < layers.Count; i++)
        {
            int layer = i;
            states_BLC = layers[i].Apply(states_BLC, rotation, mask_LL, (key_BHLD, value_BHLD) => memory.Extend(layer, key_BHLD, value_BHLD));
        }

        return norm.call(states_BLC).MoveToOuterDisposeScope();
    }

    /// <summary>Where a place may look: at tokens up to itself. Padding before the first token, which sees none, looks at itself: a row that may look nowhere would give NaN.</summary>
    private static Tensor Mask(Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        long length = mask_BL.shape[1];
        Tensor tokens_BLL = ones([length, length], ScalarType.Bool, mask_BL.device).tril() & mask_BL.to(ScalarType.Bool).unsqueeze(1);
        Tensor itself_LL = eye(length, length, ScalarType.Bool, mask_BL.device);
        return (tokens_BLL | (itself_LL & tokens_BLL.any(-1, keepdim: true).logical_not())).unsqueeze(1).MoveToOuterDisposeScope();
    }
}
