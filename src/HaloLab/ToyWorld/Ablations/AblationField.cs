using System.Text.Json;
using HaloLab.Experiments.Rewards;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.ToyWorld.Reproduction;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>A setting of the recipe that a variant of an ablation may change. The recipe is a preset whose only arm is HALO.</summary>
/// <param name="Name">What it is called in a grid's file.</param>
/// <param name="Expected">Which values it takes, for messages and the help.</param>
/// <param name="Apply">The recipe with the value; null where the value is none of these.</param>
internal sealed record AblationField(string Name, string Expected, Func<ReproductionSettings, JsonElement, ReproductionSettings?> Apply)
{
    /// <summary>All fields.</summary>
    public static IReadOnlyList<AblationField> All { get; } =
    [
        OfName("terms", "what the objective compares", Words<PreferenceTerms>(), (recipe, terms) => OfArm(recipe, arm => arm with { Terms = terms })),
        OfName("videoReward", "what the video term compares", Words<VideoRewardSource>(), (recipe, source) => OfArm(recipe, arm => arm with { VideoReward = source })),
        OfName("weighting", "weight of a patch, w_p", Words<PatchWeighting>(), (recipe, weighting) => OfArm(recipe, arm => arm with { Weighting = weighting })),
        OfName("form", "the loss φ", Words<PreferenceForm>(), (recipe, form) => OfArm(recipe, arm => arm with { Form = form })),
        OfNumber("lambda", "λ, share of the video term, 0 to 1", value => value is >= 0 and <= 1, (recipe, value) => OfArm(recipe, arm => arm with { Lambda = value })),
        OfNumber("betaVideo", "β_v, above 0", value => value > 0, (recipe, value) => OfSetting(recipe, setting => setting with { BetaVideo = value })),
        OfNumber("betaPatch", "β_p, above 0", value => value > 0, (recipe, value) => OfSetting(recipe, setting => setting with { BetaPatch = value })),
        OfNumber("eta", "η, weight of fine-tuning on the preferred clip, at least 0", value => value >= 0, (recipe, value) => OfSetting(recipe, setting => setting with { Eta = value })),
        OfNumber("learningRate", "above 0", value => value > 0, (recipe, value) => OfSetting(recipe, setting => setting with { LearningRate = value })),
        OfNumber("tauVideo", "τ_v in grades, at least 0", value => value >= 0, (recipe, value) => OfArm(recipe, arm => arm with { TauVideo = value })),
        OfNumber("tauPatch", "τ_p in grades, at least 0", value => value >= 0, (recipe, value) => OfArm(recipe, arm => arm with { TauPatch = value })),
        OfNumber("labelSmoothing", "ε, 0 to below 0.5, with the sigmoid form only", value => value is >= 0 and < 0.5, (recipe, value) => OfArm(recipe, arm => arm with { LabelSmoothing = value })),
        new("grid", "patches of the objective, TIMExHEIGHTxWIDTH, which nest in the rewards' 4x4x4, for example \"2x2x2\"", Grid),
        OfName<RewardArm?>("rewardModel", "how the model behind the pairs was trained", [("continued", RewardArm.Continued), ("joint", RewardArm.Joint), ("videoOnly", null)], (recipe, arm) => recipe with { PairReward = arm }),
        OfNumber("labelShare", "share of the labelled prompts whose labels the reward model sees, above 0, at most 1", value => value is > 0 and <= 1, (recipe, share) => recipe with { LabelBudgets = [Math.Max(1, (int)Math.Round(share * recipe.LabelledPrompts))] }),
        OfNumber("teacherNoise", "standard deviation of the teacher's grades, at least 0", value => value >= 0, (recipe, noise) => recipe with { TeacherNoise = noise }),
        OfName("pairLayout", "which clips of a prompt may form a pair", Words<PairLayout>(), (recipe, layout) => recipe with { PairLayout = layout }),
        new("pairsPerPrompt", "the most pairs of a prompt, a whole number, at least 1", (recipe, value) => Whole(value, 1) is int most ? recipe with { PairsPerPrompt = most } : null),
        new("tuningSteps", "steps of tuning, a whole number, at least 1", (recipe, value) => Whole(value, 1) is int steps ? recipe with { TuningSteps = steps } : null),
        new("refreshes", "how often pairs are drawn again from the generator as tuned so far, a whole number, at least 0", (recipe, value) => Whole(value, 0) is int refreshes ? recipe with { Refreshes = refreshes } : null),
    ];

    private static AblationField OfName<T>(string name, string meaning, IReadOnlyList<(string Word, T Value)> words, Func<ReproductionSettings, T, ReproductionSettings> apply) => new(
        name,
        $"{meaning}: {string.Join(", ", words.Select(item => $"\"{item.Word}\""))}",
        (recipe, value) => value.ValueKind == JsonValueKind.String && words.FirstOrDefault(item => item.Word == value.GetString()) is { Word: not null } found ? apply(recipe, found.Value) : null);

    private static AblationField OfNumber(string name, string expected, Func<double, bool> isAllowed, Func<ReproductionSettings, double, ReproductionSettings> apply) => new(
        name,
        expected,
        (recipe, value) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) && isAllowed(number) ? apply(recipe, number) : null);

    private static (string Word, T Value)[] Words<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(value => (JsonNamingPolicy.CamelCase.ConvertName(value.ToString()), value))];

    private static int? Whole(JsonElement value, int least) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int whole) && whole >= least ? whole : null;

    private static ReproductionSettings? Grid(ReproductionSettings recipe, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            PatchGrid grid = PatchGrid.Parse(value.GetString()!);
            return ToyGenerator.Lattice.Nests(grid, recipe.Grid) ? OfArm(recipe, arm => arm with { Grid = grid }) : null;
        }
        catch (InputException)
        {
            // The caller says what is expected, and where.
            return null;
        }
    }

    private static ReproductionSettings OfSetting(ReproductionSettings recipe, Func<ArmSetting, ArmSetting> change) => OfArm(recipe, arm => arm with { Setting = change(arm.Setting) });

    private static ReproductionSettings OfArm(ReproductionSettings recipe, Func<ReproductionArm, ReproductionArm> change) => recipe with { Arms = [change(recipe.Arms.Single())] };
}
