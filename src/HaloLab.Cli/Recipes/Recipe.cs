using System.Globalization;
using HaloLab.Distillation;
using HaloLab.Experiments;

namespace HaloLab.Cli.Recipes;

/// <summary>
/// HALO with real parts, as far as the abstract and our reading of it go (docs/paper-map.md): candidates, a teacher's patch grades, a video reward model continued into a patch reward model,
/// pairs, tuning of every arm, clips of held-out prompts, their comparison. Each step is a verb that goes on where it stopped, so the whole does.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Defaults">Options that differ from the verbs' own.</param>
internal sealed record Recipe(string Name, string Description, IReadOnlyList<StepOption> Defaults)
{
    public const string Generate = "generate";
    public const string Label = "label";
    public const string Import = "import";
    public const string Reward = "reward";
    public const string Pairs = "pairs";
    public const string Train = "train";
    public const string Test = "test";
    public const string Evaluate = "evaluate";

    /// <summary>The arm that is not tuned.</summary>
    public const string Untuned = "untuned";

    /// <summary>Steps whose options can be set.</summary>
    public static IReadOnlyList<string> StepNames { get; } = [Generate, Label, Reward, Pairs, Train, Test, Evaluate];

    /// <summary>All recipes.</summary>
    public static IReadOnlyList<Recipe> All { get; } =
    [
        new("wan-halo", "Wan2.1 (latents of 4 frames and 8 pixels)", Common("4x8")),
        new("cogvideox-halo", "CogVideoX (latents of 4 frames and 8 pixels)", Common("4x8")),
        new("vc2-halo", "VideoCrafter2 or, by --set test.adapter and generate.adapter, T2V-Turbo (latents of every frame and 8 pixels)", Common("1x8")),
    ];

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<RecipeStep> Steps(RecipeInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        string At(params string[] parts) => Path.Combine([inputs.Folder, .. parts]);
        string seed = inputs.Seed.ToString(CultureInfo.InvariantCulture);
        string candidates = At("candidates");
        string labels = At("labels");
        string store = At("labels.sqlite");
        string reward = At("reward", "model");
        RecipeStep Clips(string arm, IReadOnlyList<RecipeStep> needs, params string[] more) =>
            Step(Test, needs, [Generate, "--model", inputs.Model, "--prompts", inputs.TestPrompts, "--seed", seed, "--out", At("test", arm), .. more]);

        RecipeStep generated = Step(Generate, [], Generate, "--model", inputs.Model, "--prompts", inputs.Prompts, "--seed", seed, "--out", candidates);
        RecipeStep labelled = Step(Label, [generated], Label, candidates, "--out", labels);
        RecipeStep imported = new(Import, ["data", "import", Path.Combine(labels, LabelRun.LabelsFile), "--store", store], labelled);
        RecipeStep rewarded = Step(Reward, [imported], Reward, "train", store, "--clips", candidates, "--backbone", inputs.Backbone, "--seed", seed, "--out", At("reward"));
        RecipeStep paired = Step(Pairs, [rewarded], Pairs, candidates, "--model", reward, "--out", At("pairs"));
        RecipeStep[] trained = [.. inputs.Arms.Select(arm => Step(Train, [paired], Train, "--model", inputs.Model, "--pairs", At("pairs", "pairs.jsonl"), "--arm", arm, "--seed", seed, "--out", At("arms", arm)))];
        RecipeStep[] tested = [Clips(Untuned, []), .. inputs.Arms.Zip(trained, (arm, tuned) => Clips(arm, [tuned], "--adapter", At("arms", arm, "model", TunablePipeline.AdapterFile)))];
        string[] models = [Untuned, .. inputs.Arms];
        string metrics = $"patch:{reward}" + (inputs.Judges.Length > 0 ? "," + inputs.Judges : "");
        string[] folders = [.. models.SelectMany((model, i) => new string[] { $"--{(char)('a' + i)}", $"{model}={At("test", model)}" })];
        RecipeStep compared = Step(Evaluate, [rewarded, .. tested], [Evaluate, .. folders, "--metrics", metrics, "--trained", "patch", "--seed", seed, "--out", At("comparison")]);
        return [generated, labelled, imported, rewarded, paired, .. trained, .. tested, compared];

        RecipeStep Step(string name, IReadOnlyList<RecipeStep> needs, params string[] arguments)
        {
            // What is set by hand takes the place of the recipe's own.
            List<StepOption> options = [];
            foreach (StepOption option in Defaults.Concat(inputs.Changes).Where(option => option.Step == name))
            {
                options.RemoveAll(known => known.Option == option.Option);
                options.Add(option);
            }

            return new RecipeStep(name, [.. arguments, .. options.SelectMany(option => option.Value is string value ? [option.Option, value] : new[] { option.Option })], needs);
        }
    }

    private static StepOption[] Common(string stride) =>
    [
        new(Generate, "--count", "4"),
        new(Label, "--stride", stride),
        new(Reward, "--stride", stride),
        new(Reward, "--patch-dimensions", "local defect"),
        new(Pairs, "--stride", stride),
        new(Pairs, "--most-per-prompt", "2"),
        new(Train, "--steps", "1000"),
    ];
}
