using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab evaluate</c>: models' clips under several scorers; <c>halolab evaluate ratings</c>: published scorers beside people's ratings of the same videos.</summary>
internal static class EvaluateVerb
{
    private const string LaterModels = "cdefgh";

    public static Command Create()
    {
        Command command = new("evaluate", "Compare models' clips of the same prompts under any scorers: differences with intervals over prompts, corrected tests, win rates; page, CSV and JSON (goes on where it stopped).");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "evaluate"));
        Option<string?> first = new("--a") { Description = "Clips of the model that the others are held against: FOLDER or NAME=FOLDER, with its manifest.json, names as PROMPT-NUMBER.mp4, or --prompts." };
        Option<string?> second = new("--b") { Description = "Clips of another model." };
        Option<string?>[] later = [.. LaterModels.Select(letter => new Option<string?>($"--{letter}") { Description = "Clips of a further model." })];
        Option<string?> metrics = new("--metrics") { Description = $"What to score by, with commas: {ScorerFolder.Expected}." };
        Option<FileInfo?> prompts = new("--prompts") { Description = "Clips (relative to each folder) and their prompts: .jsonl or .csv with the fields clip and prompt." };
        Option<int> controls = new("--controls") { Description = "On how many clips of the first model the scorers are checked: other prompt, shuffled and reversed frames, black video.", DefaultValueFactory = _ => 8 };
        foreach (Option option in (Option[])[first, second, .. later, metrics, prompts, controls])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            string[] folders = [.. new[] { first, second }.Concat(later).Select(option => parsed.GetValue(option)).OfType<string>()];
            string scorers = parsed.GetValue(metrics) ?? throw new InputException($"--metrics is missing: expected {ScorerFolder.Expected}.");
            IReadOnlyList<ScorerFolder> named = ScorerFolder.Parse(scorers);
            int controlled = parsed.GetValue(controls);
            if (controlled < 0)
            {
                throw new InputException($"--controls {controlled}: expected 0 or more.");
            }

            ModelComparison comparison = new([.. folders.Select(folder => PromptedFolder.Parse(folder, parsed.GetValue(prompts)?.FullName))], parsed.GetValue(common.Seed));
            common.UseCompute(parsed);
            string output = parsed.GetValue(common.Out)!.FullName;
            Score(comparison, named, controlled, output, cancellation);
            ComparisonReport report = new(comparison);
            foreach ((string model, string file, string scorer, string reason) in comparison.Missing)
            {
                Console.Error.WriteLine($"{model}, {Path.GetFileName(file)}, {scorer}: {reason}");
            }

            foreach (string warning in report.Warnings)
            {
                Console.Error.WriteLine(warning);
            }

            Console.WriteLine(report.Table().ToText());
            Console.WriteLine(await report.WriteAsync(output, cancellation));
            return ExitCode.Done;
        });
        command.Subcommands.Add(CreateRatings());
        return command;
    }

    /// <summary>One scorer after the other, so that one model is in memory at a time.</summary>
    private static void Score(ModelComparison comparison, IReadOnlyList<ScorerFolder> scorers, int controlled, string folder, CancellationToken cancellation)
    {
        ClipScoring scoring = new(Path.Combine(folder, "cache"));
        foreach (ScorerFolder named in scorers)
        {
            using IVideoScorer scorer = named.Open(new PatchScoring { Backbones = RewardVerb.Backbones });
            IReadOnlyList<ScoredClip> Scored(string what, IReadOnlyList<ClipToScore> clips)
            {
                IReadOnlyList<ScoredClip> rows = [];
                RunDisplay.Bar($"{scorer.Name}, {what}", advanced => rows = scoring.ScoreAsync(scorer, clips, advanced, cancellation).GetAwaiter().GetResult());
                return rows;
            }

            IReadOnlyList<ScoredClip>[] rows = [.. comparison.Models.Select(model => Scored(model.Model, model.Clips))];
            ClipToScore[] readable = [.. rows[0].Where(row => row.Scores is not null).Select(row => row.Clip).Take(controlled)];
            comparison.Add(scorer, rows, Scored("controls", ScorerControls.ClipsOf(readable)));
        }
    }

    private static Command CreateRatings()
    {
        Command command = new("ratings", "Correlation of scorers with human ratings, from the files of VideoScore's evaluation on VideoFeedback: the published figures again, and those over distinct videos with intervals.");
        Argument<DirectoryInfo> folder = new("folder") { Description = "Folder with eval_video_feedback_SCORER.json and, if there, spearman_corr_video_feedback.json." };
        Option<DirectoryInfo> output = new("--out") { Description = "Folder to write the page to.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "ratings")) };
        command.Arguments.Add(folder);
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            RatingsReport report = new(parsed.GetValue(folder)!.FullName);
            Console.WriteLine(report.Correlations().ToText());
            Console.WriteLine(report.Comparisons().ToText());
            Console.WriteLine(report.Calibrations().ToText());
            string page = Path.Combine(parsed.GetValue(output)!.FullName, "ratings.html");
            report.Page().Write(page);
            Console.WriteLine(page);
            return ExitCode.Done;
        });
        return command;
    }
}
