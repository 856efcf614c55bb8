using System.CommandLine;
using System.Globalization;
using HaloLab.Cli.Recipes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab run</c>: HALO with real parts, all steps of it.</summary>
internal static class RunVerb
{
    private const double GiB = 1L << 30;

    /// <param name="root">The program, whose verbs are the steps.</param>
    public static Command Create(RootCommand root)
    {
        Command command = new("run", $"HALO with real parts, from prompts to a comparison: candidates, a teacher's labels, a patch reward model, pairs, tuning, clips of held-out prompts. Recipes: {string.Join("; ", Recipe.All.Select(recipe => $"{recipe.Name}, {recipe.Description}"))}. Every step is a verb; the same command goes on where it stopped.");
        Argument<string> name = new("recipe") { Description = "Name of the recipe." };
        name.AcceptOnlyFromAmong([.. Recipe.All.Select(recipe => recipe.Name)]);
        Option<DirectoryInfo> model = new("--model") { Description = "Folder of the generator.", Required = true };
        Option<string> backbone = new("--backbone") { Description = "The video reward model that goes on: videoreward:FOLDER, videoscore:FOLDER or viclip:FOLDER.", Required = true };
        Option<FileInfo> prompts = new("--prompts") { Description = "Training prompts, one on each line.", Required = true };
        Option<FileInfo> test = new("--test-prompts") { Description = "Prompts to judge by, one on each line; refused where one is a training prompt, or nearly.", Required = true };
        Option<string> judges = new("--judges") { Description = $"Judges beside the trained reward, with commas: {ScorerFolder.Expected}.", DefaultValueFactory = _ => "" };
        Option<string> arms = new("--arms") { Description = $"What is tuned, with commas: {string.Join(", ", ReproductionArm.All.Select(arm => arm.Name))}.", DefaultValueFactory = _ => $"{ReproductionArm.Halo.Name},{ReproductionArm.DiffusionDpo.Name}" };
        Option<string[]> set = new("--set") { Description = $"STEP.OPTION=VALUE, an option of the verb behind a step ({string.Join(", ", Recipe.StepNames)}), for example label.model=gpt-4o; may be given several times." };
        Option<bool> plan = new("--plan") { Description = "Only say what would be run, for how many clips, and how much memory the generator needs." };
        Option<long> seed = new("--seed") { Description = "Seed of every random number.", DefaultValueFactory = _ => 1 };
        Option<DirectoryInfo> output = new("--out") { Description = "Folder of the run.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "halo")) };
        command.Arguments.Add(name);
        foreach (Option option in (Option[])[model, backbone, prompts, test, judges, arms, set, plan, seed, output])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            Recipe recipe = Recipe.All.Single(recipe => recipe.Name == parsed.GetValue(name));
            RecipeInputs inputs = new(
                parsed.GetValue(model)!.FullName,
                WithFullPath(parsed.GetValue(backbone)!),
                parsed.GetValue(prompts)!.FullName,
                parsed.GetValue(test)!.FullName,
                parsed.GetValue(judges)!,
                ArmsOf(parsed.GetValue(arms)!),
                parsed.GetValue(seed),
                parsed.GetValue(output)!.FullName,
                [.. (parsed.GetValue(set) ?? []).Select(StepOption.Parse)]);
            (string[] training, string[] held) = (PromptsOf(inputs.Prompts), PromptsOf(inputs.TestPrompts));
            RequireApart(training, held);
            (RecipeStep Step, ParseResult Parsed)[] steps = [.. recipe.Steps(inputs).Select(step => (step, root.Parse([.. step.Arguments])))];
            foreach ((RecipeStep step, ParseResult line) in steps.Where(item => item.Parsed.Errors.Count > 0))
            {
                throw new InputException($"Step {step.Name}: {line.Errors[0].Message} It would be run as: {step}");
            }

            if (parsed.GetValue(plan))
            {
                Plan(inputs, steps, training.Length, held.Length);
                return ExitCode.Done;
            }

            foreach ((int i, (RecipeStep step, ParseResult line)) in steps.Index())
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"== {i + 1} of {steps.Length}, {step.Name}: {step}"));

                // Ctrl-C is heard by the outer command, which asks the step to stop.
                int code = await line.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellation);
                if (code != ExitCode.Done)
                {
                    return code;
                }
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Plan(RecipeInputs inputs, (RecipeStep Step, ParseResult Parsed)[] steps, int training, int held)
    {
        foreach ((int i, (RecipeStep step, _)) in steps.Index())
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i + 1}. {step}"));
        }

        // The verb itself knows its options; an option that stands twice counts with what comes last.
        int Count(ParseResult line, int fallback) => line.GetResult("--count") is System.CommandLine.Parsing.OptionResult { Implicit: false } given ? given.GetValueOrDefault<int>() : fallback;
        int perPrompt = Count(steps[0].Parsed, 1);
        int perTest = Count(steps.First(item => item.Step.Name == "test").Parsed, 1);
        int models = inputs.Arms.Count + 1;
        using VideoPipeline pipeline = VideoPipeline.Open(inputs.Model);
        ParseResult generate = steps[0].Parsed;
        VideoSettings settings = ModelOptions.Asked(pipeline, generate.GetValue<int?>("--frames"), generate.GetValue<string?>("--size"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            {training} training prompts: {training * perPrompt} candidates, each shown to the teacher. What one costs says the label step, run with --dry-run once the candidates are there; its --budget is never passed.
            {held} test prompts, {models} models: {held * perTest * models} clips.
            {pipeline.Name}, {settings.Frames} frames of {settings.Width}x{settings.Height}: about {pipeline.Estimate(settings).Largest / GiB:0.0} GiB of memory to sample (an estimate); training needs more (`halolab train --plan`). Time is not estimated before the first steps are done.
            """));
    }

    private static string WithFullPath(string backbone)
    {
        (string kind, string folder) = RewardVerb.Backbones.Parse(backbone);
        return $"{kind}:{Path.GetFullPath(folder)}";
    }

    private static string[] ArmsOf(string text)
    {
        string[] arms = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];
        string[] known = [.. ReproductionArm.All.Select(arm => arm.Name)];
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
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{same.Count} test prompts are training prompts or nearly so, and a model must not be judged by what it was trained on: {string.Join("; ", same.Take(4).Select(pair => $"'{pair.Test}' is '{pair.Training}'"))}. Take them out of one of the files."));
        }
    }
}
