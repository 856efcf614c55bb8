using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.ToyWorld.Pretraining;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>How often a flawless clip counts as defective: fresh renders through the autoencoder, judged with the threshold fixed before.</summary>
internal sealed class CleanRateStage(ReproductionSettings settings, long seed, ToyGeneratorFiles generator)
{
    public const string File = "clean-rate.json";
    private const double SecondsPerClip = 0.04;

    public Stage Stage() => new(
        $"clean-rate-s{seed}",
        1,
        new JsonObject { ["seed"] = seed, ["generator"] = generator.Hash, ["threshold"] = generator.DefectThreshold, ["split"] = settings.JudgedSplit.ToString(), ["clips"] = settings.CleanClips },
        [],
        settings.CleanClips * SecondsPerClip,
        Measure);

    private void Measure(StageContext context)
    {
        using ToyGenerator model = generator.Load();
        double[] worst = DefectThreshold.WorstSeverities(model.Autoencoder, seed, "clean rate", settings.JudgedSplit, settings.CleanClips, done => context.Report(done, settings.CleanClips));
        int defective = worst.Count(severity => severity > generator.DefectThreshold);
        JsonFile.Write(context.PathOf(File), Proportion.ClopperPearson(defective, settings.CleanClips));
    }
}
