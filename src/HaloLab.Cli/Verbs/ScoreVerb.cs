using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Scaling;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary>
/// <c>halolab score</c>: video and patch rewards of a video file by a toy reward model, as numbers and as a heat map over the clip; or scores of many
/// clips by published reward models.
/// </summary>
internal static class ScoreVerb
{
    private const string DefaultGrid = "4x4x4";

    /// <summary>What <c>--shard</c> is for where clips are scored.</summary>
    internal const string ShardOfScores = "only score every N-th clip from the I-th on (1 to N), into the cache in --out, so that N processes share the work; the same command without it then finds all scores there.";

    public static Command Create()
    {
        Command command = new("score", "Score a video file and its patches with a toy reward model (numbers and a heat map over the clip), or many clips with published reward models (--with: scores.json, scores.csv, scores.parquet and a page).");
        CommonOptions common = new(hasPrecision: true);
        common.AddTo(command, Path.Combine("runs", "score"));
        Argument<string[]> clips = new("clips") { Description = "Video files: mp4, webm, gif, animated PNG, whatever ffmpeg reads. With --with also folders of them.", Arity = ArgumentArity.OneOrMore };
        Option<string?> prompt = new("--prompt") { Description = "What the videos should show." };
        Option<FileInfo?> prompts = new("--prompts") { Description = "CSV file with the columns clip and prompt, instead of one prompt for all." };
        Option<string?> with = new("--with") { Description = $"Scorers, several with commas: {ScorerFolder.Expected}. Without it the toy model scores." };
        Option<int> controls = new("--controls") { Description = "On how many of the clips the published scorers are checked: other prompt, shuffled and reversed frames, black video (four more scores each).", DefaultValueFactory = _ => 8 };
        Option<string?> grid = new("--grid") { Description = $"Patches of the toy model or of --with patch: time x height x width, default {DefaultGrid}." };
        StrideOption stride = new("With --with patch:FOLDER. ");
        ShardOption shard = new(ShardOfScores);
        Option<string?> model = new("--model") { Description = "Toy patch reward model; default the one that ships." };
        command.Arguments.Add(clips);
        foreach (Option option in (Option[])[prompt, prompts, with, controls, grid, stride.Option, shard.Option, model])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            string[] paths = parsed.GetValue(clips)!;
            string folder = parsed.GetValue(common.Out)!.FullName;
            string? text = parsed.GetValue(prompt);
            if (text is not null && string.IsNullOrWhiteSpace(text))
            {
                throw new InputException("--prompt is empty: expected what the video should show.");
            }

            if (parsed.GetValue(with) is string scorers)
            {
                Refuse(parsed.GetValue(model) is not null, "--model is the toy model's, --with names others. Leave one out.");
                Refuse(text is null == parsed.GetValue(prompts) is null, "Give either --prompt or --prompts: what the videos should show.");
                IReadOnlyList<ScorerFolder> named = ScorerFolder.Parse(scorers);
                bool hasPatches = named.Any(scorer => scorer.Kind == PatchRewardScorer.Kind);
                Refuse(!hasPatches && (parsed.GetValue(grid) is not null || stride.IsGiven(parsed)), "--grid and --stride are for scorers of patches, and --with names none. Leave them out, or name patch:FOLDER.");
                (int frames, int pixels) = stride.Read(parsed);
                PatchScoring scoring = new() { TemporalStride = frames, SpatialStride = pixels, Grid = PatchGrid.Parse(parsed.GetValue(grid) ?? DefaultGrid), Backbones = RewardVerb.Backbones };
                IReadOnlyList<string> files = ClipList.Files(paths);
                IReadOnlyList<ClipToScore> items = text is null ? ClipList.WithPrompts(parsed.GetValue(prompts)!.FullName, files) : [.. files.Select(file => new ClipToScore(file, text))];
                int controlled = parsed.GetValue(controls);
                Refuse(controlled < 0, $"--controls {controlled}: expected 0 or more.");
                common.Compute.Use(parsed);
                if (shard.Read(parsed) is Shard part)
                {
                    foreach (ScorerFolder scorerOf in named)
                    {
                        using IVideoScorer scorer = scorerOf.Open(scoring);
                        Scored(scorer, scorer.Name, items, folder, cancellation, part);
                    }

                    return ExitCode.Done;
                }

                await ScoreAsync(named, scoring, items, controlled, folder, cancellation);
                return ExitCode.Done;
            }

            Refuse(paths.Length > 1, "The toy model scores one clip at a time. Give one, or name published scorers by --with.");
            Refuse(parsed.GetValue(prompts) is not null, "--prompts goes with --with. Give --prompt.");
            Refuse(parsed.GetValue(shard.Option) is not null, "--shard goes with --with: the toy model scores one clip.");
            Refuse(stride.IsGiven(parsed), "--stride goes with --with patch:FOLDER: the toy model's cells are those of the toy latents.");
            Refuse(text is null, "--prompt is missing: expected what the video should show.");
            PatchGrid patches = PatchGrid.Parse(parsed.GetValue(grid) ?? DefaultGrid);
            common.Compute.Use(parsed, isToy: true);
            string path = Path.GetFullPath(paths[0]);
            (VideoClip video, string remark) = await VideoFile.ReadWithRemarkAsync(path, cancellation);
            if (remark.Length > 0)
            {
                Console.Error.WriteLine($"{Path.GetFileName(path)}: {remark}");
            }

            Console.WriteLine(ClipScore.Write(video, path, remark, text!, parsed.GetValue(model) ?? ToyCheckpoints.PatchRewardModel, patches, folder));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What a scorer says of clips, with a bar; scores are kept in the folder <c>cache</c> of the output.</summary>
    internal static IReadOnlyList<ScoredClip> Scored(IVideoScorer scorer, string title, IReadOnlyList<ClipToScore> clips, string folder, CancellationToken cancellation, Shard? shard = null)
    {
        ClipScoring scoring = new(Path.Combine(folder, "cache"), shard);
        IReadOnlyList<ScoredClip> rows = [];
        RunDisplay.Bar(title, advanced => rows = scoring.ScoreAsync(scorer, clips, advanced, cancellation).GetAwaiter().GetResult());
        return rows;
    }

    /// <summary>One scorer after the other, so that one model is in memory at a time.</summary>
    private static async Task ScoreAsync(IReadOnlyList<ScorerFolder> scorers, PatchScoring patches, IReadOnlyList<ClipToScore> clips, int controlled, string folder, CancellationToken cancellation)
    {
        ScoreReport report = new(clips);
        foreach (ScorerFolder named in scorers)
        {
            using IVideoScorer scorer = named.Open(patches);
            IReadOnlyList<ScoredClip> rows = Scored(scorer, scorer.Name, clips, folder, cancellation);
            ClipToScore[] readable = [.. rows.Where(row => row.Scores is not null).Select(row => row.Clip).Take(controlled)];
            report.Add(scorer.Name, scorer.Dimensions, scorer.Hashes, rows, Scored(scorer, scorer.Name + ", controls", ScorerControls.ClipsOf(readable), folder, cancellation), scorer.IsMeasurement, scorer is PatchRewardScorer ofPatches ? (clip => scorer.PatchCells(clip), ofPatches.Meaning) : null);
        }

        foreach ((string file, string scorer, string reason) in report.Missing)
        {
            Console.Error.WriteLine($"{Path.GetFileName(file)}, {scorer}: {reason}");
        }

        foreach ((string file, string remark) in report.Remarks)
        {
            Console.Error.WriteLine($"{Path.GetFileName(file)}: {remark}");
        }

        foreach (string warning in report.Warnings)
        {
            Console.Error.WriteLine(warning);
        }

        Refuse(report.Missing.Count == clips.Count * scorers.Count, "No clip could be scored.");
        string page = await report.WriteAsync(folder, cancellation);
        Console.WriteLine($"{clips.Count - report.Missing.Select(row => row.File).Distinct().Count()} of {clips.Count} clips have all scores.");
        Console.WriteLine(page);
    }

    private static void Refuse(bool isWrong, string message)
    {
        if (isWrong)
        {
            throw new InputException(message);
        }
    }
}
