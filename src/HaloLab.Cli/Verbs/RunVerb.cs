using System.CommandLine;
using System.Globalization;
using HaloLab.Cli.Recipes;
using HaloLab.Generation;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab run</c>: HALO with real parts, all steps of it.</summary>
internal static class RunVerb
{
    private const double GiB = 1L << 30;

    /// <param name="root">The program, whose verbs are the steps.</param>
    public static Command Create(RootCommand root)
    {
        Command command = new("run", $"HALO with real parts, from prompts to a comparison: candidates, a teacher's labels, a patch reward model, pairs, tuning, clips of held-out prompts. Recipes: {RecipeOptions.Known}. Every step is a verb; the same command goes on where it stopped.");
        RecipeOptions options = new();
        options.AddTo(command);
        Option<bool> plan = new("--plan") { Description = "Only say what would be run, for how many clips, and how much memory the generator needs." };
        command.Options.Add(plan);
        command.SetAction(async (parsed, cancellation) =>
        {
            RecipeOptions.AskedRecipe asked = options.Read(parsed, root);
            if (parsed.GetValue(plan))
            {
                Plan(asked);
                return ExitCode.Done;
            }

            foreach ((int i, (RecipeStep step, ParseResult line)) in asked.Steps.Index())
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"== {i + 1} of {asked.Steps.Count}, {step.Name}: {step}"));

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

    private static void Plan(RecipeOptions.AskedRecipe asked)
    {
        (RecipeInputs inputs, IReadOnlyList<(RecipeStep Step, ParseResult Parsed)> steps, int training, int held) = asked;
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
}
