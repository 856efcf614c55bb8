using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Rewards;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Evaluation;

/// <summary>Trains a <see cref="LearnedScorer"/> by regression on clip-level labels.</summary>
public static class LearnedScorerTrainer
{
    /// <summary>What suits the toy's scorer; at twice the learning rate it no longer learns to read the prompt.</summary>
    public static TrainingBudget DefaultBudget { get; } = new() { LearningRate = 1e-3 };

    /// <summary>
    /// Trains the scorer in place. Killed at any moment and called again with the same arguments (the same first weights too) it goes on from
    /// its last checkpoint to the same bits.
    /// </summary>
    /// <param name="scorer">Trained in place; the scales of its labels are set.</param>
    /// <param name="clips">Clips of the scorer's size.</param>
    /// <param name="tokens">The prompt of each, as token ids.</param>
    /// <param name="labels">One row per clip, one column per <see cref="LearnedScorer.Dimensions"/>; NaN where a label is missing.</param>
    /// <param name="budget">Steps and rates.</param>
    /// <param name="runSeed">Seed of the order of the clips.</param>
    /// <param name="folder">Gets <c>training.safetensors</c> and <c>metrics.jsonl</c> (one line a step).</param>
    /// <param name="advanced">Told the number of steps done.</param>
    /// <param name="cancellation">Stops after a step, once the state is saved.</param>
    /// <exception cref="InputException">Lengths do not agree, a dimension has no label, or <paramref name="folder"/> holds other training.</exception>
    public static void Train(
        LearnedScorer scorer,
        IReadOnlyList<VideoClip> clips,
        IReadOnlyList<long[]> tokens,
        IReadOnlyList<double[]> labels,
        TrainingBudget budget,
        long runSeed,
        string folder,
        Action<long>? advanced = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(budget);
        RequireLabels(labels, clips.Count);
        using ClipSet data = new(clips, tokens);
        string identity = string.Create(CultureInfo.InvariantCulture, $"learned scorer; seed {runSeed}; data {HashOf(data, labels)}; {JsonSerializer.Serialize(budget)}");
        scorer.Scales = [.. LearnedScorer.Dimensions.Select((_, i) => LabelScale.Of(labels.Select(row => row[i])))];
        EpochOrder order = new(runSeed, "learned scorer training", [.. Enumerable.Range(0, data.Count)]);
        SupervisedTraining.Run(scorer, budget, identity, folder, Loss, done =>
        {
            advanced?.Invoke(done);
            cancellation.ThrowIfCancellationRequested();
        });

        (Tensor Loss, JsonObject Metrics) Loss(long step)
        {
            int[] places = [.. order.Batch(step, budget.BatchSize)];
            (Tensor frames_BCTHW, Tensor tokens_BL) = data.Batch(places);
            (Tensor mean_D, Tensor deviation_D) = scorer.ScaleTensors(Compute.Device);
            Tensor labels_BD = tensor(places.SelectMany(place => labels[place]).Select(label => (float)label).ToArray(), [places.Length, LearnedScorer.Dimensions.Count], device: Compute.Device);
            Tensor loss = SupervisedTraining.SquaredError(scorer.call(frames_BCTHW, tokens_BL), (labels_BD - mean_D) / deviation_D);
            return (loss, new JsonObject { ["loss"] = loss.item<float>() });
        }
    }

    private static void RequireLabels(IReadOnlyList<double[]> labels, int clips)
    {
        ClipSet.RequireOnePerClip("rows of labels", labels.Count, clips);
        for (int i = 0; i < labels.Count; i++)
        {
            if (labels[i].Length != LearnedScorer.Dimensions.Count || labels[i].Any(double.IsInfinity))
            {
                throw new InputException($"Clip {i}: expected {LearnedScorer.Dimensions.Count} finite labels, NaN where one is missing, got [{string.Join(", ", labels[i])}].");
            }
        }
    }

    private static string HashOf(ClipSet data, IReadOnlyList<double[]> labels)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        data.AddTo(hash);
        foreach (double[] row in labels)
        {
            hash.AppendData(MemoryMarshal.AsBytes<double>(row));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
