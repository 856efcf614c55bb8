using System.CommandLine;
using HaloLab.Evaluation.Scorers;
using HaloLab.Evaluation.VBench;
using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Scaling;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab evaluate</c>: models' clips under several scorers; <c>evaluate vbench</c>: VBench's table of one model; <c>evaluate ratings</c>: published scorers beside people's ratings of the same videos.</summary>
internal static class EvaluateVerb
{
    private const string LaterModels = "cdefgh";

    public static Command Create()
    {
        Command command = new("evaluate", "Compare models' clips of the same prompts under any scorers: differences with intervals over prompts, corrected tests, win rates; page, CSV and JSON (goes on where it stopped).");
        CommonOptions common = new(hasPrecision: true);
        common.AddTo(command, Path.Combine("runs", "evaluate"));
        Option<string?> first = new("--a") { Description = "Clips of the model that the others are held against: FOLDER or NAME=FOLDER, with its manifest.json, names as PROMPT-NUMBER.mp4, or --prompts." };
        Option<string?> second = new("--b") { Description = "Clips of another model." };
        Option<string?>[] later = [.. LaterModels.Select(letter => new Option<string?>($"--{letter}") { Description = "Clips of a further model." })];
        Option<string?> metrics = new("--metrics") { Description = $"What to score by, with commas: {ScorerFolder.Expected}." };
        Option<FileInfo?> prompts = new("--prompts") { Description = "Clips (relative to each folder) and their prompts: .jsonl or .csv with the fields clip and prompt." };
        Option<string?> trained = new("--trained") { Description = "Which of the metrics the models after the first were trained for: an alarm says where it rises while other judges fall or the pictures change." };
        Option<string?> distances = new("--distances") { Description = $"What to measure against the reference, with commas: {ScorerFolder.ExpectedDistances}." };
        Option<string?> reference = new("--reference") { Description = "Clips that --distances are measured to, FOLDER or NAME=FOLDER. Default: those of --a." };
        Option<int> controls = new("--controls") { Description = "On how many clips of the first model the scorers are checked: other prompt, shuffled and reversed frames, black video.", DefaultValueFactory = _ => 8 };
        ShardOption shard = new(ScoreVerb.ShardOfScores);
        foreach (Option option in (Option[])[first, second, .. later, metrics, distances, reference, trained, prompts, controls, shard.Option])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            string[] folders = [.. new[] { first, second }.Concat(later).Select(option => parsed.GetValue(option)).OfType<string>()];
            IReadOnlyList<ScorerFolder> measured = parsed.GetValue(distances) is string wanted ? ScorerFolder.ParseDistances(wanted) : [];
            IReadOnlyList<ScorerFolder> named = parsed.GetValue(metrics) is string scorers ? ScorerFolder.Parse(scorers)
                : measured.Count > 0 ? []
                : throw new InputException($"--metrics is missing: expected {ScorerFolder.Expected}.");
            if (parsed.GetValue(reference) is not null && measured.Count == 0)
            {
                throw new InputException($"--reference is given and nothing is measured against it. Expected --distances: {ScorerFolder.ExpectedDistances}.");
            }

            string? rewarded = parsed.GetValue(trained);
            if (rewarded is not null && !named.Any(scorer => scorer.Kind == rewarded))
            {
                throw new InputException($"--trained {rewarded}: expected one of the metrics, {string.Join(", ", named.Select(scorer => scorer.Kind))}.");
            }

            int controlled = parsed.GetValue(controls);
            if (controlled < 0)
            {
                throw new InputException($"--controls {controlled}: expected 0 or more.");
            }

            ModelComparison comparison = new([.. folders.Select(folder => PromptedFolder.Parse(folder, parsed.GetValue(prompts)?.FullName))], parsed.GetValue(common.Seed));
            ReferenceComparison? held = measured.Count == 0 ? null
                : new(comparison.Models, parsed.GetValue(reference) is string given ? PromptedFolder.ParseReference(given, parsed.GetValue(prompts)?.FullName) : null, parsed.GetValue(common.Seed));
            common.Compute.Use(parsed);
            string output = parsed.GetValue(common.Out)!.FullName;
            if (shard.Read(parsed) is Shard part)
            {
                ScorePart(comparison, named, part, output, cancellation);
                return ExitCode.Done;
            }

            Score(comparison, named, controlled, output, cancellation);
            if (held is not null)
            {
                Measure(held, measured, output, cancellation);
            }

            ComparisonReport report = new(comparison, rewarded, held);
            foreach ((string model, string file, string scorer, string reason) in report.Missing)
            {
                Console.Error.WriteLine($"{model}, {Path.GetFileName(file)}, {scorer}: {reason}");
            }

            if (comparison.Metrics.All(metric => comparison.Models.Select((_, model) => metric.Clips(model)).All(clips => clips == 0)) && (held?.Distances ?? []).All(distance => distance.Clips == 0))
            {
                throw new InputException("No clip could be scored.");
            }

            foreach ((string model, string file, string remark) in comparison.Remarks)
            {
                Console.Error.WriteLine($"{model}, {Path.GetFileName(file)}: {remark}");
            }

            foreach (string warning in report.Warnings)
            {
                Console.Error.WriteLine(warning);
            }

            if (named.Count > 0)
            {
                Console.WriteLine(report.Table().ToText());
            }

            if (held is not null)
            {
                Console.WriteLine(held.Table().ToText());
            }

            Console.WriteLine(await report.WriteAsync(output, cancellation));
            return ExitCode.Done;
        });
        command.Subcommands.Add(CreateVBench());
        command.Subcommands.Add(CreateRatings());
        return command;
    }

    /// <summary>One scorer after the other, so that one model is in memory at a time.</summary>
    private static void Score(ModelComparison comparison, IReadOnlyList<ScorerFolder> scorers, int controlled, string folder, CancellationToken cancellation)
    {
        foreach (ScorerFolder named in scorers)
        {
            using IVideoScorer scorer = named.Open(new PatchScoring { Backbones = RewardVerb.Backbones });
            IReadOnlyList<ScoredClip>[] rows = [.. comparison.Models.Select(model => Scored(scorer, model.Model, model.Clips, folder, cancellation))];
            ClipToScore[] readable = [.. rows[0].Where(row => row.Scores is not null).Select(row => row.Clip).Take(controlled)];
            comparison.Add(scorer, rows, Scored(scorer, "controls", ScorerControls.ClipsOf(readable), folder, cancellation));
        }
    }

    /// <summary>Keeps the scores of one process's part of all models' clips.</summary>
    private static void ScorePart(ModelComparison comparison, IReadOnlyList<ScorerFolder> scorers, Shard shard, string folder, CancellationToken cancellation)
    {
        ClipToScore[] clips = [.. comparison.Models.SelectMany(model => model.Clips)];
        foreach (ScorerFolder named in scorers)
        {
            using IVideoScorer scorer = named.Open(new PatchScoring { Backbones = RewardVerb.Backbones });
            ScoreVerb.Scored(scorer, scorer.Name, clips, folder, cancellation, shard);
        }
    }

    private static void Measure(ReferenceComparison comparison, IReadOnlyList<ScorerFolder> measured, string folder, CancellationToken cancellation)
    {
        foreach (ScorerFolder named in measured)
        {
            if (named.Folder.Length == 0)
            {
                using LikenessScorer likeness = new(named.Kind, comparison.Models.SelectMany(comparison.PairsOf).DistinctBy(pair => pair.Key).ToDictionary());
                comparison.AddLikeness(likeness, Rows(likeness));
                continue;
            }

            using FeatureScorer features = named.OpenFeatures();
            comparison.AddFeatures(features, Rows(features), Scored(features, comparison.Reference.Model, comparison.Reference.Clips, folder, cancellation));
        }

        IReadOnlyList<ScoredClip>[] Rows(IVideoScorer scorer) => [.. comparison.Models.Select(model => Scored(scorer, model.Model, model.Clips, folder, cancellation))];
    }

    private static IReadOnlyList<ScoredClip> Scored(IVideoScorer scorer, string what, IReadOnlyList<ClipToScore> clips, string folder, CancellationToken cancellation) =>
        ScoreVerb.Scored(scorer, $"{scorer.Name}, {what}", clips, folder, cancellation);

    private static Command CreateVBench()
    {
        Command command = new("vbench", "VBench's sixteen dimensions of one model's clips: measured here, imported, missing; its scores as far as they go; a result file that its scripts read (goes on where it stopped).");
        CommonOptions common = new(hasPrecision: true);
        common.AddTo(command, Path.Combine("runs", "vbench"), isSeeded: false);
        Argument<string> clips = new("clips") { Description = "Clips of the model: FOLDER or NAME=FOLDER, with its manifest.json, names as PROMPT-NUMBER.mp4, or --prompts." };
        Option<FileInfo?> prompts = new("--prompts") { Description = "Clips (relative to the folder) and their prompts: .jsonl or .csv with the fields clip and prompt." };
        Option<FileInfo?> list = new("--prompt-list") { Description = "VBench's VBench_full_info.json, which says whose videos count for which dimension. Default: every video for every dimension." };
        Option<string?> metrics = new("--metrics") { Description = "What to measure by, with commas: dino:FOLDER, clip:FOLDER, viclip:FOLDER, flickering, smoothness, dynamics (the last two read files beside the clips)." };
        Option<FileInfo[]> imports = new("--import") { Description = "Result file of VBench with dimensions that were measured elsewhere; may be given several times." };
        command.Arguments.Add(clips);
        foreach (Option option in (Option[])[prompts, list, metrics, imports])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellation) =>
        {
            VBenchReport report = new(parsed.GetValue(list) is { } listed ? VBenchPromptList.Read(listed.FullName) : null);
            FileInfo[] imported = parsed.GetValue(imports) ?? [];
            if (imported.Length == 0 && parsed.GetValue(metrics) is null)
            {
                throw new InputException("Nothing is measured and nothing imported: expected --metrics, --import, or both.");
            }

            foreach (FileInfo file in imported)
            {
                report.Import(file.FullName);
            }

            PromptedFolder model = PromptedFolder.Parse(parsed.GetValue(clips)!, parsed.GetValue(prompts)?.FullName);
            string output = parsed.GetValue(common.Out)!.FullName;
            common.Compute.Use(parsed);
            foreach (ScorerFolder named in parsed.GetValue(metrics) is string given ? ScorerFolder.Parse(given) : [])
            {
                using IVideoScorer scorer = named.Open();
                if (!VBenchReport.Measures(scorer.Name))
                {
                    throw new InputException($"{scorer.Name} measures no dimension of VBench. Expected dino, clip, viclip, flickering, smoothness or dynamics; `halolab evaluate` compares models by any scorer.");
                }

                IReadOnlyList<ScoredClip> rows = Scored(scorer, model.Model, model.Clips, output, cancellation);
                report.Add(scorer.Name, scorer.Dimensions, rows);
                foreach (ScoredClip row in rows.Where(row => row.Reason is not null))
                {
                    Console.Error.WriteLine($"{Path.GetFileName(row.Clip.File)}, {scorer.Name}: {row.Reason}");
                }
            }

            VBenchResults.Write(Path.Combine(output, "vbench.json"), report.Results);
            string page = Path.Combine(output, "vbench.html");
            report.Page(model.Model).Write(page);
            Console.WriteLine(report.Table().ToText());
            Console.WriteLine(report.Totals().ToText());
            Console.WriteLine(page);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
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
            Console.WriteLine(report.Preferences().ToText());
            Console.WriteLine(report.Thresholds().ToText());
            string page = Path.Combine(parsed.GetValue(output)!.FullName, "ratings.html");
            report.Page().Write(page);
            Console.WriteLine(page);
            return ExitCode.Done;
        });
        return command;
    }
}
