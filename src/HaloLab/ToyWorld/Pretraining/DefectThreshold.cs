using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Statistics;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Fixes what counts as a defective patch before anything is tuned: the severity that the worst patch of at most half a percent of flawless
/// renders exceeds after a passage through the autoencoder. On fresh renders then at most one percent of clips should (claim C4 measures it).
/// </summary>
internal sealed class DefectThreshold(long seed, int clips, Stage autoencoder)
{
    public const string File = "defects.json";
    private const double Exceeding = 0.005;
    private const int ClipsAtOnce = 32;
    private const double SecondsPerClip = 0.1;

    public Stage Stage() => new("toy-defect-threshold", 1, new JsonObject { ["seed"] = seed, ["clips"] = clips, ["exceeding"] = Exceeding }, [autoencoder], clips * SecondsPerClip, Fix);

    /// <summary>The threshold and where it comes from.</summary>
    /// <param name="Severity">A patch is defective when its severity exceeds this.</param>
    /// <param name="Clips">Number of flawless clips that it was taken from.</param>
    /// <param name="Exceeding">Share of them whose worst patch exceeds it.</param>
    internal sealed record Threshold(double Severity, int Clips, double Exceeding);

    /// <summary>The worst severity of each of some flawless renders after the autoencoder.</summary>
    /// <param name="autoencoder">The autoencoder; its scale does not matter.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="purpose">Names the clips; another name gives fresh ones.</param>
    /// <param name="split">Where the captions come from.</param>
    /// <param name="count">How many clips.</param>
    /// <param name="report">Told the number of clips done.</param>
    public static double[] WorstSeverities(AutoencoderKL autoencoder, long seed, string purpose, ToySplit split, int count, Action<int> report)
    {
        IReadOnlyList<ToyCaption>[] captions = [ToyPrompts.Of(split, 1), ToyPrompts.Of(split, 2)];
        List<double> worst = [];
        while (worst.Count < count)
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            RandomStream stream = new(seed, purpose, worst.Count);
            ToyCaption[] batch = [.. Enumerable.Range(0, Math.Min(ClipsAtOnce, count - worst.Count)).Select(i => captions[i % 2][stream.Next(captions[i % 2].Count)])];
            Tensor pixels_BCTHW = stack([.. batch.Select(caption => ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, stream)).ToTensor())]).to(Compute.Device);
            Tensor passed_BCTHW = autoencoder.DecodeClips(autoencoder.EncodeClips(pixels_BCTHW));
            worst.AddRange(batch.Zip(passed_BCTHW.unbind(), (caption, clip_CTHW) =>
                ToyOracle.Assess(clip_CTHW.ToClip(ToyRenderer.FramesPerSecond), caption, DamageProcess.Grid).WorstSeverity));
            report(worst.Count);
        }

        return [.. worst];
    }

    private void Fix(StageContext context)
    {
        using AutoencoderKL model = new(ToyModels.Autoencoder);
        ToyGenerator.Fill(model, context.Input(autoencoder.Name, AutoencoderTraining.WeightsFile));
        model.to(Compute.Device);
        double[] worst = WorstSeverities(model, seed, "defect threshold", ToySplit.Training, clips, done => context.Report(done, clips));
        double severity = worst.Order().ElementAt((int)Math.Ceiling(clips * (1 - Exceeding)) - 1);
        JsonFile.Write(context.PathOf(File), new Threshold(severity, clips, worst.Count(value => value > severity) / (double)clips));
    }
}
