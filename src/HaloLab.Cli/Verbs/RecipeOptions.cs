using System.CommandLine;
using HaloLab.Cli.Recipes;
using HaloLab.Experiments;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Verbs;

/// <summary>Recipe and inputs of <c>halolab run</c> and <c>halolab slurm</c>.</summary>
internal sealed class RecipeOptions
{
    private readonly Argument<string> _name = new("recipe") { Description = "Name of the recipe." };
    private readonly Option<DirectoryInfo> _model = new("--model") { Description = "Folder of the generator.", Required = true };
    private readonly Option<string> _backbone = new("--backbone") { Description = "The video reward model that goes on: videoreward:FOLDER, videoscore:FOLDER or viclip:FOLDER.", Required = true };
    private readonly Option<FileInfo> _prompts = new("--prompts") { Description = "Training prompts, one on each line.", Required = true };
    private readonly Option<FileInfo> _test = new("--test-prompts") { Description = "Prompts to judge by, one on each line; refused where one is a training prompt, or nearly.", Required = true };
    private readonly Option<string> _judges = new("--judges") { Description = $"Judges beside the trained reward, with commas: {ScorerFolder.Expected}.", DefaultValueFactory = _ => "" };
    private readonly Option<string> _arms = new("--arms") { Description = $"What is tuned, with commas: {string.Join(", ", ReproductionArm.Known.Select(arm => arm.Name))}.", DefaultValueFactory = _ => $"{ReproductionArm.Halo.Name},{ReproductionArm.DiffusionDpo.Name}" };
    private readonly Option<string[]> _set = new("--set") { Description = $"STEP.OPTION=VALUE, an option of the verb behind a step ({string.Join(", ", Recipe.StepNames)}), for example label.model=gpt-4o; may be given several times." };
    private readonly Option<long> _seed = new("--seed") { Description = "Seed of every random number.", DefaultValueFactory = _ => 1 };
    private readonly Option<DirectoryInfo> _out = new("--out") { Description = "Folder of the run.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "halo")) };

    /// <summary>The recipes and what they are for.</summary>
    public static string Known => string.Join("; ", Recipe.All.Select(recipe => $"{recipe.Name}, {recipe.Description}"));

    private Option[] Options => [_model, _backbone, _prompts, _test, _judges, _arms, _set, _seed, _out];

    private IEnumerable<Option> Required => Options.Where(option => option.Required);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        _name.AcceptOnlyFromAmong([.. Recipe.All.Select(recipe => recipe.Name)]);
        command.Arguments.Add(_name);
        foreach (Option option in Options)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What starts a recipe, with the options that it must be given.</summary>
    public string Command(Recipe recipe) => RecipeStep.Shell(["halolab", "run", recipe.Name, .. Required.SelectMany(option => new[] { option.Name, PlaceholderOf(option) })]);

    /// <summary>Inputs before they are given: names in the place of what must be given, the defaults of all else.</summary>
    public RecipeInputs Placeholders() => new(
        PlaceholderOf(_model), PlaceholderOf(_backbone), PlaceholderOf(_prompts), PlaceholderOf(_test),
        (string)_judges.GetDefaultValue()!, ArmsOf((string)_arms.GetDefaultValue()!), (long)_seed.GetDefaultValue()!, _out.GetDefaultValue()!.ToString()!, []);

    /// <summary>The steps that are asked for, each with the command line as its verb understands it.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="root">The program, whose verbs are the steps.</param>
    /// <exception cref="InputException">An input does not fit, before anything is done.</exception>
    public AskedRecipe Read(ParseResult parsed, RootCommand root)
    {
        Recipe recipe = Recipe.All.Single(recipe => recipe.Name == parsed.GetValue(_name));
        RecipeInputs inputs = new(
            parsed.GetValue(_model)!.FullName,
            WithFullPath(parsed.GetValue(_backbone)!),
            parsed.GetValue(_prompts)!.FullName,
            parsed.GetValue(_test)!.FullName,
            parsed.GetValue(_judges)!,
            ArmsOf(parsed.GetValue(_arms)!),
            parsed.GetValue(_seed),
            parsed.GetValue(_out)!.FullName,
            [.. (parsed.GetValue(_set) ?? []).Select(StepOption.Parse)]);
        (string[] training, string[] held) = (PromptsOf(inputs.Prompts), PromptsOf(inputs.TestPrompts));
        RequireApart(training, held);
        (RecipeStep Step, ParseResult Parsed)[] steps = [.. recipe.Steps(inputs).Select(step => (step, root.Parse([.. step.Arguments])))];
        foreach ((RecipeStep step, ParseResult line) in steps.Where(item => item.Parsed.Errors.Count > 0))
        {
            throw new InputException($"Step {step.Name}: {line.Errors[0].Message} It would be run as: {step}");
        }

        return new AskedRecipe(inputs, steps, training.Length, held.Length);
    }

    /// <summary>A recipe with its inputs.</summary>
    /// <param name="Inputs">What it is given.</param>
    /// <param name="Steps">Its steps.</param>
    /// <param name="TrainingPrompts">Number of training prompts.</param>
    /// <param name="TestPrompts">Number of prompts to judge by.</param>
    public sealed record AskedRecipe(RecipeInputs Inputs, IReadOnlyList<(RecipeStep Step, ParseResult Parsed)> Steps, int TrainingPrompts, int TestPrompts);

    private static string PlaceholderOf(Option option) => option.Name.TrimStart('-').ToUpperInvariant();

    private static string WithFullPath(string backbone)
    {
        (string kind, string folder) = RewardVerb.Backbones.Parse(backbone);
        return $"{kind}:{Path.GetFullPath(folder)}";
    }

    private static string[] ArmsOf(string text)
    {
        string[] arms = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];
        string[] known = [.. ReproductionArm.Known.Select(arm => arm.Name)];
        return arms.Length > 0 && arms.All(known.Contains) ? arms : throw new InputException($"--arms {text}: expected one or several of {string.Join(", ", known)}.");
    }

    private static string[] PromptsOf(string path)
    {
        string[] prompts = PromptFile.Read(path);
        return prompts.Length > 0 ? prompts : throw new InputException($"{path}: holds no prompt. Expected one on each line.");
    }

    private static void RequireApart(string[] training, string[] test)
    {
        IReadOnlyList<(string Test, string Training)> same = PromptOverlap.Find(training, test);
        if (same.Count > 0)
        {
            throw new InputException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{same.Count} test prompts are training prompts or nearly so, and a model must not be judged by what it was trained on: {string.Join("; ", same.Take(4).Select(pair => $"'{pair.Test}' is '{pair.Training}'"))}. Take them out of one of the files."));
        }
    }
}
