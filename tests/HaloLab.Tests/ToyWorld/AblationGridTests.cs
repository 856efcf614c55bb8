using HaloLab.ToyWorld.Ablations;

namespace HaloLab.Tests.ToyWorld;

/// <summary>What a grid may say, and which stages its variants share.</summary>
public sealed class AblationGridTests : IDisposable
{
    private const string Statements = """[{ "text": "better than {variant}", "measure": "oracleScore", "direction": "above", "threshold": 0, "interesting": 0.01 }]""";

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-grid-").FullName;

    public static TheoryData<string> Named => [.. AblationGrid.Names];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Named))]
    public void GridsThatComeAlongCanBeRunAndStateSomethingAboutEveryVariant(string name)
    {
        AblationGrid grid = AblationGrid.Read(name);
        Assert.Equal(name, grid.Name);
        Assert.Equal(3, grid.Seeds);
        Assert.Equal(grid.Variants.Select(variant => variant.Name), grid.Declared().Select(item => item.Variant).Distinct());
        Assert.All(grid.Variants, variant => Assert.Contains(grid.Declared(), item => item.Variant == variant.Name && item.Statement.Contains(variant.Name, StringComparison.Ordinal)));
    }

    [Fact]
    public void TheComponentsAreStatedInAdvance() => Assert.InRange(AblationGrid.Read("components").Declared().Count, 8, 100);

    [Theory]
    [InlineData("components: is", "{ nothing")]
    [InlineData("weights is unknown; expected one of name, title", """{ "name": "a", "weights": 1 }""")]
    [InlineData("expected \"variants\" or \"factors\"", """{ "name": "a", "title": "A", "statements": STATEMENTS }""")]
    [InlineData("variants[0].set.lamda is unknown; expected a setting: terms", """{ "name": "a", "title": "A", "variants": [{ "name": "b", "set": { "lamda": 0 } }], "statements": STATEMENTS }""")]
    [InlineData("variants[0].set.lambda is 1.5; expected λ, share of the video term, 0 to 1", """{ "name": "a", "title": "A", "variants": [{ "name": "b", "set": { "lambda": 1.5 } }], "statements": STATEMENTS }""")]
    [InlineData("factors.grid[1] is \"3x4x4\"; expected patches of the objective", """{ "name": "a", "title": "A", "factors": { "grid": ["2x2x2", "3x4x4"] }, "statements": STATEMENTS }""")]
    [InlineData("factors.form[0] is \"cosine\"; expected the loss φ: \"sigmoid\", \"hinge\", \"ipo\"", """{ "name": "a", "title": "A", "factors": { "form": ["cosine"] }, "statements": STATEMENTS }""")]
    [InlineData("variant 'b': Gran-DPO setting LabelSmoothing is 0.1: expected 0 unless the form is sigmoid", """{ "name": "a", "title": "A", "variants": [{ "name": "b", "set": { "form": "hinge", "labelSmoothing": 0.1 } }], "statements": STATEMENTS }""")]
    [InlineData("variant 'b': Reproduction setting Refreshes is 50: expected at least 0 and fewer than the 50 steps of tuning", """{ "name": "a", "title": "A", "variants": [{ "name": "b", "set": { "refreshes": 50 } }], "statements": STATEMENTS }""")]
    [InlineData("factors.refreshes[0] is -1; expected how often pairs are drawn again", """{ "name": "a", "title": "A", "factors": { "refreshes": [-1] }, "statements": STATEMENTS }""")]
    [InlineData("'b' stands twice", """{ "name": "a", "title": "A", "variants": [{ "name": "b", "set": { "lambda": 0 } }, { "name": "b", "set": { "lambda": 1 } }], "statements": STATEMENTS }""")]
    [InlineData("the whole file has no \"statements\"", """{ "name": "a", "title": "A", "factors": { "lambda": [0] } }""")]
    [InlineData("statements[0].measure is \"beauty\"; expected one of defectivePatches", """{ "name": "a", "title": "A", "factors": { "lambda": [0] }, "statements": [{ "text": "t", "measure": "beauty", "direction": "above", "threshold": 0, "interesting": 1 }] }""")]
    [InlineData("statements[0].interesting is 0; expected a number above 0", """{ "name": "a", "title": "A", "factors": { "lambda": [0] }, "statements": [{ "text": "t", "measure": "motion", "direction": "above", "threshold": 0, "interesting": 0 }] }""")]
    [InlineData("name is \"../a\"; expected lower-case words", """{ "name": "../a", "title": "A", "factors": { "lambda": [0] }, "statements": STATEMENTS }""")]
    [InlineData("preset is \"huge\"; expected one of quick, full, smoke", """{ "name": "a", "title": "A", "preset": "huge", "factors": { "lambda": [0] }, "statements": STATEMENTS }""")]
    [InlineData("seeds is 2.5; expected a whole number", """{ "name": "a", "title": "A", "seeds": 2.5, "factors": { "lambda": [0] }, "statements": STATEMENTS }""")]
    public void WhatCannotBeRunIsNamedWithItsPlace(string expected, string text)
    {
        string file = Path.Combine(_folder, "components");
        File.WriteAllText(file, text.Replace("STATEMENTS", Statements, StringComparison.Ordinal));
        InputException refused = Assert.Throws<InputException>(() => AblationGrid.Read(file));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith(file, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNotThereIsToldWithTheGridsThatAre() =>
        Assert.Contains("components", Assert.Throws<InputException>(() => AblationGrid.Read("nowhere.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void WhatVariantsShareIsOneStage()
    {
        RandomToyCheckpoints.Write(_folder);

        // HALO: candidates, labels, reward model, pairs, reference, tuning, samples, judgement. Another objective: the last three. Without distillation: pairs, reference and these; needs
        // no labels and no reward model of its own. Another reward model: that, too.
        Ablation ablation = new(AblationGrid.Read("components", "smoke"), firstSeed: 1, seeds: 2, _folder);
        Assert.Equal((2 * (8 + 3 + 3 + 5 + 6 + 3), 2 * (8 + 8 + 8 + 6 + 8 + 8)), (ablation.Size.Stages, ablation.Size.Uses));
        Assert.Equal([1, 2], ablation.Seeds);

        // Five objectives, and pairs drawn again: candidates, labels, reward model and pairs are shared, the reference is that of fewer steps, and the second round has candidates and pairs of its own.
        Ablation objective = new(AblationGrid.Read("objective", "smoke"), firstSeed: 1, seeds: 1, _folder);
        Assert.Equal((8 + (5 * 3) + 8, (6 * 8) + 12), (objective.Size.Stages, objective.Size.Uses));
    }

    [Fact]
    public void AVariantThatChangesNothingIsRefused()
    {
        RandomToyCheckpoints.Write(_folder);
        string file = Path.Combine(_folder, "grid.json");
        File.WriteAllText(file, $$"""{ "name": "a", "title": "A", "factors": { "lambda": [0.25, 0.5] }, "statements": {{Statements}} }""");
        Assert.Contains("'lambda = 0.5' is the baseline", Assert.Throws<InputException>(() => new Ablation(AblationGrid.Read(file, "smoke"), 1, 1, _folder)).Message, StringComparison.Ordinal);
    }
}
