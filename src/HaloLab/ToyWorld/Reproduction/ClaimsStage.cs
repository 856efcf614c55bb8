using System.Text.Json.Nodes;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Decides the claims (<see cref="HaloClaims"/>) from what all seeds say.</summary>
internal sealed class ClaimsStage(ReproductionSettings settings, ToyGeneratorFiles generator, IReadOnlyList<SeedStages> seeds)
{
    public const string File = "claims.json";
    public const string BackgroundFile = "background.json";

    public Stage Stage() => new(
        "claims",
        5,
        new JsonObject { ["preset"] = settings.Preset, ["threshold"] = generator.DefectThreshold },
        [.. seeds.SelectMany(seed => seed.Judged())],
        5,
        Decide);

    private void Decide(StageContext context)
    {
        Evidence[] evidence = [.. seeds.Select(seed => seed.Read(context))];
        HaloClaims claims = new(settings.LabelBudgets, generator.DefectThreshold);
        JsonFile.Write(context.PathOf(BackgroundFile), claims.Background(evidence));
        JsonFile.Write(context.PathOf(File), claims.Decide(evidence));
    }
}
