using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>Trains a <see cref="RewardModel"/> on video labels, patch labels or both (DESIGN D4).</summary>
public static class RewardTrainer
{
    /// <summary>
    /// Trains the model in place. Killed at any moment and called again with the same arguments (the same first weights too) it goes on from
    /// its last checkpoint to the same bits.
    /// </summary>
    /// <param name="model">Trained in place; the scale of a head's labels is set when it has none yet, and kept otherwise.</param>
    /// <param name="data">Clips and labels.</param>
    /// <param name="options">Losses and budget.</param>
    /// <param name="runSeed">Seed of the order of the clips.</param>
    /// <param name="folder">Gets <c>training.safetensors</c> and <c>metrics.jsonl</c> (one line a step).</param>
    /// <param name="advanced">Told the number of steps done.</param>
    /// <param name="cancellation">Stops after a step, once the state is saved.</param>
    /// <exception cref="InputException">A loss is asked for that has no label, or <paramref name="folder"/> holds other training.</exception>
    public static void Train(
        RewardModel model,
        RewardTrainingSet data,
        RewardTrainingOptions options,
        long runSeed,
        string folder,
        Action<long>? advanced = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        string identity = string.Create(CultureInfo.InvariantCulture, $"reward model; seed {runSeed}; data {data.ContentHash()}; {JsonSerializer.Serialize(options)}");
        SetScales(model, data, options);
        RewardBatches batches = new(data, options, runSeed);
        SupervisedTraining.Run(model, options.Budget, identity, folder, step => Loss(model, data, batches.Of(step), options), done =>
        {
            advanced?.Invoke(done);
            cancellation.ThrowIfCancellationRequested();
        });
    }

    private static (Tensor Loss, JsonObject Metrics) Loss(RewardModel model, RewardTrainingSet data, RewardBatch batch, RewardTrainingOptions options)
    {
        (Tensor frames_BCTHW, Tensor tokens_BL, Tensor videoLabels_B, Tensor patchLabels_Bthw) = data.Batch(batch.Places);
        (Tensor video_B, Tensor patches_Bthw) = model.call(frames_BCTHW, tokens_BL, data.Cells);
        JsonObject metrics = [];
        Tensor loss = zeros(1, device: video_B.device).sum();
        if (options.VideoWeight > 0)
        {
            int pairs = batch.PairLabels.Count;
            Tensor videoLoss = options.VideoLoss == VideoLossKind.Regression
                ? SupervisedTraining.SquaredError(video_B, model.VideoScale!.Value.FromLabel(videoLabels_B))
                : RewardLosses.BradleyTerryWithTies(video_B.narrow(0, 0, pairs), video_B.narrow(0, pairs, pairs), options.TieParameter, batch.PairLabels).Loss;
            metrics["video_loss"] = videoLoss.item<float>();
            loss += options.VideoWeight * videoLoss;
        }

        if (options.PatchWeight > 0)
        {
            LabelScale scale = model.PatchScale!.Value;
            Tensor patchLoss = scale.Grades is { } grades
                ? RewardLosses.CensoredRegression(scale.ToLabel(patches_Bthw), patchLabels_Bthw, grades).Loss
                : SupervisedTraining.SquaredError(patches_Bthw, scale.FromLabel(patchLabels_Bthw));
            metrics["patch_loss"] = patchLoss.item<float>();
            loss += options.PatchWeight * patchLoss;
        }

        return (loss, metrics);
    }

    private static void SetScales(RewardModel model, RewardTrainingSet data, RewardTrainingOptions options)
    {
        if (options.VideoWeight > 0)
        {
            model.VideoScale ??= options.VideoLoss == VideoLossKind.Regression ? LabelScale.Of(data.VideoLabels) : LabelScale.Identity;
        }

        if (options.PatchWeight > 0)
        {
            model.PatchScale ??= LabelScale.Of(data.PatchLabels.SelectMany(row => row)) with { Grades = data.PatchGrades };
        }
    }
}
