using CliWrap.Buffered;
using HaloLab.Cli.Ledger;
using HaloLab.Cli.Recipes;
using HaloLab.Cli.Verbs;
using HaloLab.Experiments;
using HaloLab.GranDpo;
using HaloLab.Tests.Documentation;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab recipes</c> against what runs and what the repository's ledger holds.</summary>
public sealed class RecipesVerbTests
{
    private static string LedgerFolder { get; } = Path.Combine(RepositoryRoot.Path, "claims");

    private static ClaimsLedger Ledger { get; } = ClaimsLedger.Read(LedgerFolder);

    [Fact]
    public async Task EveryRecipeHasALineWithItsCommandAndWhatWasMeasured()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("recipes", "--ledger", LedgerFolder);
        Assert.True(result.IsSuccess, result.StandardError);
        string[] lines = [.. result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2)];
        Assert.Equal(RecipeSheet.Names, lines.Select(line => line.Split(' ')[0]));
        Assert.Equal(lines.Length, RecipeSheet.Names.Distinct().Count());
        foreach (string line in lines)
        {
            string command = line[line.IndexOf("  halolab ", StringComparison.Ordinal)..].Trim().Split("  ")[0];
            Assert.Empty(HaloLabCommand.Create().Parse([.. DocumentedCommand.Parse("recipes", 1, command)!.HaloLab!]).Errors);
        }

        RecordedRun full = Ledger.Find("full")!;
        string ofFull = Assert.Single(lines, line => line.StartsWith("full ", StringComparison.Ordinal));
        Assert.Contains(Ledger.RowOf("full")!.Hardware, ofFull, StringComparison.Ordinal);
        Assert.Contains(Ledger.RowOf("full")!.Minutes, ofFull, StringComparison.Ordinal);
        Assert.Contains(full.Date, ofFull, StringComparison.Ordinal);
        Assert.Contains($"C1 {LedgerDocument.Text(full.Claims.Single(claim => claim.Id == "C1").Verdict)}", ofFull, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APresetIsShownAsItRunsBesideWhatRunsSaid()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("recipes", "full", "--ledger", LedgerFolder);
        Assert.True(result.IsSuccess, result.StandardError);
        (ReproductionSettings full, ReproductionSettings quick) = (ReproductionSettings.Full, ReproductionSettings.Quick);
        Assert.Equal(["trainingPrompts", $"{full.TrainingPrompts}", $"{quick.TrainingPrompts}"], Words(result, "trainingPrompts"));
        Assert.Equal(["cleanClips", $"{full.CleanClips}"], Words(result, "cleanClips"));
        Assert.Equal(["pairsPerPrompt", "all"], Words(result, "pairsPerPrompt"));
        string[] rates = [.. ReproductionArm.All.Select(arm => FormattableString.Invariant($"{arm.Setting.LearningRate}"))];
        Assert.Equal(["learningRate", .. rates, FormattableString.Invariant($"{new GranDpoTrainerOptions { Seed = 1, Steps = 1 }.LearningRate}")], Words(result, "learningRate"));
        Assert.Contains("tuned-segments-s1", result.StandardOutput, StringComparison.Ordinal);

        Claim claim = Ledger.Find("full")!.Claims.Single(claim => claim.Id == "C5");
        Assert.Contains(LedgerDocument.Estimate(claim.Estimate, claim.CiLow, claim.CiHigh), Assert.Single(result.StandardOutput.Split('\n'), line => line.StartsWith("C5 ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AGridIsShownWithWhatItsVariantsChange()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("recipes", "lambda", "--ledger", LedgerFolder);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(["lambda", "=", "0.25", "tuning.objective.lambda", "0.25", "0.5"], Words(result, "lambda = 0.25 "));
        Assert.Contains("With its own λ HALO has no larger share of defective patches than with lambda = 0.25", result.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARecipeWithRealPartsIsShownStepByStep()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("recipes", "vc2-halo", "--ledger", LedgerFolder);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(["label", "--stride", "1x8"], Words(result, "label ", "--stride ")[..3]);
        Assert.Equal(["generate", "--count", "4", "1"], Words(result, "generate ", " --count  "));
        Assert.Contains("halolab train --model MODEL --pairs", result.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnknownNameIsRefusedWithTheKnownOnes()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("recipes", "quik");
        Assert.Equal(2, result.ExitCode);
        Assert.All(RecipeSheet.Names, name => Assert.Contains($"'{name}'", result.StandardError, StringComparison.Ordinal));
    }

    [Fact]
    public void TheLedgerNamesRecipesThatThereAre() =>
        Assert.Empty(Ledger.Rows.SelectMany(row => row.Recipes ?? []).Except(RecipeSheet.Names));

    [Fact]
    public void EveryRecipeSaysWhereItIsDescribed() =>
        Assert.All(RecipeSheet.Names.Select(name => RecipeSheet.Of(name, HaloLabCommand.Create())), sheet =>
            Assert.Contains($"halolab {sheet.Command.Split(' ')[1]}", File.ReadAllText(Path.Combine(RepositoryRoot.Path, sheet.Document)), StringComparison.Ordinal));

    /// <summary>The words of the one line that begins with a text and holds another.</summary>
    private static string[] Words(BufferedCommandResult result, string start, string part = "") =>
        Assert.Single(result.StandardOutput.Split('\n'), line => line.StartsWith(start, StringComparison.Ordinal) && line.Contains(part, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
