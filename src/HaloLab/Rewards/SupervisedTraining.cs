using System.Security.Cryptography;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Optimisation;
using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>What training a reward model and a learned scorer have in common: AdamW by a <see cref="TrainingBudget"/>, checkpointed.</summary>
internal static class SupervisedTraining
{
    /// <summary>Trains the module in place; called again on the folder of an interrupted call it goes on bit for bit.</summary>
    /// <param name="module">Trained in place.</param>
    /// <param name="budget">Steps and rates.</param>
    /// <param name="identity">Text of data, seed and settings; the module's first weights are added here.</param>
    /// <param name="folder">Holds checkpoint and metrics.</param>
    /// <param name="loss">The loss of step n, and its metrics.</param>
    /// <param name="advanced">Told the number of steps done; may throw <see cref="OperationCanceledException"/>.</param>
    public static void Run(nn.Module module, TrainingBudget budget, string identity, string folder, Func<long, (Tensor Loss, JsonObject Metrics)> loss, Action<long> advanced) =>
        Run(module.named_parameters(), budget, $"{identity}; from {HashOf(module)}", folder, loss, advanced);

    /// <summary>The same for some parameters of one or several modules.</summary>
    /// <param name="trained">Trained in place.</param>
    /// <param name="budget">Steps and rates.</param>
    /// <param name="identity">Text of data, seed, settings and first values.</param>
    /// <param name="folder">Holds checkpoint and metrics.</param>
    /// <param name="loss">The loss of step n, and its metrics.</param>
    /// <param name="advanced">Told the number of steps done; may throw <see cref="OperationCanceledException"/>.</param>
    /// <param name="stopping">Measures in between and keeps the best weights; null trains to the end.</param>
    public static void Run(
        IEnumerable<(string Name, TorchSharp.Modules.Parameter Parameter)> trained,
        TrainingBudget budget,
        string identity,
        string folder,
        Func<long, (Tensor Loss, JsonObject Metrics)> loss,
        Action<long> advanced,
        EarlyStopping? stopping = null)
    {
        using FlatParameters parameters = new(trained);
        using AdamW optimiser = new(parameters, new AdamWOptions(WeightDecay: budget.WeightDecay, MaximumGradientNorm: budget.MaximumGradientNorm));
        TrainingState state = new(parameters, optimiser, average: null, identity);
        TrainingLoop loop = new(folder, state, optimiser);
        if (stopping is null)
        {
            loop.Run(budget.Steps, Step, advanced);
        }
        else
        {
            stopping.Run(budget.Steps, parameters, end => loop.Run(end, Step, advanced));
        }

        JsonObject Step(long step)
        {
            using var scope = NewDisposeScope();
            (Tensor value, JsonObject metrics) = loss(step);
            value.backward();
            metrics["gradient_norm"] = optimiser.Step(LearningRateSchedule.WarmUpCosine(budget.LearningRate, budget.WarmUpSteps, budget.Steps, step + 1));
            return metrics;
        }
    }

    /// <summary>Mean of (prediction − label)² over the labels that are there (not NaN); 0 when none is.</summary>
    public static Tensor SquaredError(Tensor prediction, Tensor label)
    {
        using var scope = NewDisposeScope();
        Tensor present = label.isnan().logical_not();

        // Missing labels are replaced before they meet the prediction: NaN · 0 is NaN, in the gradient too.
        Tensor squares = (prediction - label.nan_to_num(0)).square() * present;
        return squares.sum().div(present.sum().clamp_min(1)).MoveToOuterDisposeScope();
    }

    private static string HashOf(nn.Module module)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((_, Tensor value) in StateLoader.StateOf(module).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            using Tensor onCpu = value.detach().cpu().contiguous();
            hash.AppendData(onCpu.bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
