using System.Text.Json;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.ToyWorld.Reproduction;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>
/// The losses of a short training of each arm, as they were when they were written down: a change of the code that is meant to change no numbers changes none of these. Whoever means to change them
/// replaces <c>LossCurves.json</c> by what the failed test prints, and says why.
/// </summary>
public sealed class LossCurveTests : IDisposable
{
    // Processors round sums differently.
    private const double Tolerance = 2e-5;

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-curves").FullName;

    public static TheoryData<string> Arms => [.. ReproductionArm.Known.Select(arm => arm.Name)];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Arms))]
    public void LossesAreThoseThatWereWrittenDown(string name)
    {
        using var scope = NewDisposeScope();
        ReproductionArm arm = ReproductionArm.Known.Single(arm => arm.Name == name);

        // The segments of the smallest clips.
        arm = arm.Grid is null ? arm : arm with { Grid = new PatchGrid(2, 1, 1) };
        using TinyDenoiser model = new();
        using TrainingPairs pairs = TinyPairs.Create();
        GranDpoTrainerOptions options = TinyPairs.Options() with
        {
            Steps = 12,
            LearningRate = 2e-3,
            Grid = arm.Grid ?? TinyPairs.Grid,
            LoraRank = 2,
            Objective = arm.Objective(TinyPairs.Grid),
            VideoReward = arm.VideoReward,
        };
        using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, options, _folder);
        trainer.Run(Path.Combine(_folder, "run"), cancellation: TestContext.Current.CancellationToken);
        double[] losses = [.. TrainingLoop.ReadMetrics(Path.Combine(_folder, "run")).Select(line => line["loss"]!.GetValue<double>())];
        string path = Path.Combine(RepositoryRoot.Path, "tests", "HaloLab.Tests", "GranDpo", "LossCurves.json");
        double[] expected = JsonSerializer.Deserialize<Dictionary<string, double[]>>(File.ReadAllText(path))!.GetValueOrDefault(name, []);
        bool isSame = losses.Length == expected.Length && losses.Zip(expected).All(pair => Math.Abs(pair.First - pair.Second) <= Tolerance * (1 + Math.Abs(pair.Second)));
        Assert.True(isSame, FormattableString.Invariant($"\"{name}\": [{string.Join(", ", losses.Select(loss => FormattableString.Invariant($"{loss:r}")))}]"));
        Assert.True(losses.Distinct().Count() > 3, "the losses do not move");
    }
}
