using System.CommandLine;
using System.Globalization;
using HaloLab.Experiments;
using HaloLab.Preferences;
using HaloLab.Rewards.Patches;
using HaloLab.Scaling;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab pairs</c>: preference pairs of the clips of each prompt, by a patch reward model.</summary>
internal static class PairsVerb
{
    private const string PairsFile = "pairs.jsonl";

    private static readonly PairBuilderOptions Defaults = new();

    public static Command Create()
    {
        Command command = new("pairs", "Score the clips of each prompt and their patches with a patch reward model and make preference pairs of them: pairs.jsonl for `halolab train` (goes on where it stopped).");
        CommonOptions common = new(hasPrecision: true);
        common.AddTo(command, Path.Combine("runs", "pairs"), isSeeded: false);
        Argument<string> clips = new("clips") { Description = "Folder of clips, several of each prompt: one that `halolab generate` wrote, names as PROMPT-NUMBER.mp4, or any with --prompts." };
        Option<FileInfo?> prompts = new("--prompts") { Description = "Clips (relative to the folder) and their prompts: .jsonl or .csv with the fields clip and prompt." };
        Option<DirectoryInfo> model = new("--model") { Description = "Folder of a patch reward model, as `halolab reward train` writes it.", Required = true };
        Option<string> grid = new("--grid") { Description = "Patches: time x height x width.", DefaultValueFactory = _ => "4x4x4" };
        StrideOption stride = new();
        Option<string?> reward = new("--reward") { Description = "Which scores make the video reward, NAME or NAME=WEIGHT with commas. Default: Overall where the backbone has it, else the mean of its video scores." };
        Option<double> videoMargin = new("--video-margin") { Description = "Video rewards that differ by no more are tied.", DefaultValueFactory = _ => Defaults.VideoMargin };
        Option<double> patchMargin = new("--patch-margin") { Description = "Patch rewards that differ by no more are tied; matters where the videos are.", DefaultValueFactory = _ => Defaults.PatchMargin };
        Option<int?> most = new("--most-per-prompt") { Description = "At most so many pairs of a prompt, the clearest first. Default: all." };
        ShardOption shard = new(ScoreVerb.ShardOfScores);
        command.Arguments.Add(clips);
        foreach (Option option in (Option[])[prompts, model, grid, stride.Option, reward, videoMargin, patchMargin, most, shard.Option])
        {
            command.Options.Add(option);
        }

        command.SetWork((parsed, cancellation) =>
        {
            PromptedFolder given = PromptedFolder.Parse(parsed.GetValue(clips)!, parsed.GetValue(prompts)?.FullName);
            (int frames, int pixels) = stride.Read(parsed);
            PatchGrid patches = PatchGrid.Parse(parsed.GetValue(grid)!);
            PairBuilderOptions options = new()
            {
                VideoMargin = parsed.GetValue(videoMargin),
                PatchMargin = parsed.GetValue(patchMargin),
                MaximumPerPrompt = parsed.GetValue(most) ?? Defaults.MaximumPerPrompt,
                Provenance = parsed.GetValue(model)!.FullName,
            };
            RewardAggregation? weights = parsed.GetValue(reward) is string text ? RewardAggregation.Parse(text) : null;
            string folder = parsed.GetValue(common.Out)!.FullName;
            common.Compute.Use(parsed);
            PatchScoring scoring = new() { TemporalStride = frames, SpatialStride = pixels, Grid = patches, Backbones = RewardVerb.Backbones };
            using PatchRewardScorer scorer = PatchRewardScorer.Open(parsed.GetValue(model)!.FullName, scoring);
            Shard? part = shard.Read(parsed);
            IReadOnlyList<ScoredClip> rows = ScoreVerb.Scored(scorer, scorer.Name, given.Clips, folder, cancellation, part);
            if (part is not null)
            {
                return ExitCode.Done;
            }

            foreach (ScoredClip row in rows.Where(row => row.Reason is not null))
            {
                Console.Error.WriteLine($"{Path.GetFileName(row.Clip.File)}: {row.Reason}");
            }

            ClipPairs pairs = new(rows, scorer.Dimensions, scorer.BackboneScores, patches, weights, options);
            string dropped = string.Join(", ", pairs.Set.Dropped.Select(reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Value} {reason.Key}")));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pairs.Set.Pairs.Count} pairs of {pairs.Set.Considered} combinations of two clips of a prompt{(dropped.Length > 0 ? $"; dropped: {dropped}" : "")}."));
            if (pairs.Set.Pairs.Count == 0)
            {
                throw new InputException($"{parsed.GetValue(clips)}: no pair came of {rows.Count} clips. Expected several clips of a prompt that the model tells apart.");
            }

            string path = Path.Combine(folder, PairsFile);
            pairs.Write(path);
            JsonFile.Write(Path.Combine(folder, "pairs.json"), new
            {
                Clips = rows.Count,
                Prompts = rows.Select(row => row.Clip.Prompt).Distinct().Count(),
                Pairs = pairs.Set.Pairs.Count,
                pairs.Set.Considered,
                pairs.Set.Dropped,
                VideoReward = pairs.Reward,
                options.VideoMargin,
                options.PatchMargin,
                Grid = patches.ToString(),
                Model = scorer.Hashes,
                NotScored = rows.Where(row => row.Reason is not null).Select(row => new { row.Clip.File, row.Reason }),
            });
            Console.WriteLine(path);
            return ExitCode.Done;
        });
        return command;
    }
}
