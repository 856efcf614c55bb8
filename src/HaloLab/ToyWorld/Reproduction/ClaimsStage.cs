using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.ToyWorld.Pretraining;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Decides the claims (<see cref="HaloClaims"/>) from what all seeds say.</summary>
internal sealed class ClaimsStage(ReproductionSettings settings, ToyGeneratorFiles generator, IReadOnlyList<SeedStages> seeds)
{
    public const string File = "claims.json";
    public const string BackgroundFile = "background.json";

    public Stage Stage() => new(
        "claims",
        6,
        new JsonObject { ["preset"] = settings.Preset, ["threshold"] = generator.DefectThreshold },
        [.. seeds.SelectMany(seed => seed.Judged())],
        5,
        Decide);

    private void Decide(StageContext context)
    {
        Evidence[] evidence = [.. seeds.Select(seed => seed.Read(context))];
        HaloClaims claims = new(settings.LabelBudgets, generator.DefectThreshold);
        ToyPretrainingSettings recipe = new();
        JsonFile.Write(context.PathOf(BackgroundFile), claims.Background(evidence, settings.LayoutsPerPrompt * settings.ClipsPerLayout * settings.Grid.Count, recipe.JudgedSamples + recipe.JudgedRenders));
        JsonFile.Write(context.PathOf(File), claims.Decide(evidence));
    }
}
