using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>A folder of toy checkpoints; hash and threshold belong to the settings of every stage that uses them.</summary>
/// <param name="Folder">Where they lie.</param>
/// <param name="Hash">Hash of the generator's files.</param>
/// <param name="DefectThreshold">A patch is defective when the oracle's severity exceeds this.</param>
internal sealed record ToyGeneratorFiles(string Folder, string Hash, double DefectThreshold)
{
    /// <exception cref="InputException">A file is missing or broken.</exception>
    public static ToyGeneratorFiles Open(string folder)
    {
        using ToyGenerator generator = ToyGenerator.Load(folder);
        double threshold = JsonFile.Read<DefectThreshold.Threshold>(Path.Combine(folder, Pretraining.DefectThreshold.File)).Severity;
        return new ToyGeneratorFiles(folder, generator.Hash, threshold);
    }

    /// <summary>SHA-256 of every checkpoint that a reproduction reads, by name.</summary>
    public SortedDictionary<string, string> Hashes() => new(
        new[] { Pretraining.DefectThreshold.File, ToyRewardTraining.VideoRewardFile, ToyScorerTraining.ScorerFile }.Concat(ToyGenerator.Files)
            .ToDictionary(file => file, file => FileHash.Of(Path.Combine(Folder, file))),
        StringComparer.Ordinal);

    public ToyGenerator Load() => ToyGenerator.Load(Folder);

    /// <summary>The generator as a stage tuned it.</summary>
    /// <param name="context">The stage that asks for it.</param>
    /// <param name="tuned">One of its inputs; null: the untuned generator.</param>
    public ToyGenerator Load(StageContext context, Stage? tuned)
    {
        ToyGenerator model = Load();
        if (tuned is not null)
        {
            using var scope = NewDisposeScope();
            string path = context.Input(tuned.Name, TuningStage.WeightsFile);
            StateLoader.Load(model.Denoiser, Safetensors.Load(path), path);
        }

        return model;
    }
}
