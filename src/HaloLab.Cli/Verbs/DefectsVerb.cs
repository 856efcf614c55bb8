using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Displays;
using HaloLab.Evaluation.Defects;
using HaloLab.Experiments;
using HaloLab.Experiments.Defects;
using HaloLab.Preferences.Importing;
using HaloLab.Preferences.Labels;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab defects</c>: how often clips that are good as a whole hold defective patches, where and when these lie, and whether another model has fewer.</summary>
internal static class DefectsVerb
{
    private const string DefaultGrid = "4x4x4";

    public static Command Create()
    {
        DefectsOptions options = new();
        options.Command.SetAction((parsed, cancellation) => RunAsync(options, parsed, cancellation));
        return options.Command;
    }

    private static async Task<int> RunAsync(DefectsOptions options, ParseResult parsed, CancellationToken cancellation)
    {
        string output = parsed.GetValue(options.Common.Out)!.FullName;
        string? prompts = parsed.GetValue(options.Prompts)?.FullName;
        IReadOnlyList<ScorerFolder> scorers = parsed.GetValue(options.With) is { } named ? ScorerFolder.Parse(named) : [];
        string[] files = parsed.GetValue(options.Scores) ?? [];
        string? labels = parsed.GetValue(options.Labels);
        string? people = parsed.GetValue(options.LevelFrom);
        double? given = parsed.GetValue(options.DefectBelow);
        double effect = parsed.GetValue(options.Effect) ?? double.NaN;
        PatchGrid? grid = parsed.GetValue(options.Grid) is { } text ? PatchGrid.Parse(text) : null;
        bool hasPatches = scorers.Any(scorer => scorer.Kind == PatchRewardScorer.Kind);
        Refuse(labels is null && !hasPatches && files.Length == 0, "Nobody judges the patches. Expected --with patch:FOLDER, --scores FILE, or --labels FILE.");
        Refuse(scorers.Count > 0 && files.Length > 0, "--with scores the clips, --scores names scores that are there. Give one of them.");
        Refuse(labels is not null && hasPatches, "--labels and --with patch:FOLDER both judge the patches. Give one of them; people's labels set the level of a model's rewards with --level-from.");
        Refuse(given is not null && people is not null, "--defect-below and --level-from both say what is defective. Give one of them.");
        Refuse(labels is not null && people is not null, "--level-from is for a model's patch rewards: labels have a scale of their own. Give --defect-below, or neither.");
        Refuse(given is { } level && !double.IsFinite(level), "--defect-below: expected a number.");
        Refuse(!double.IsNaN(effect) && (effect == 0 || !double.IsFinite(effect)), "--effect: expected a difference of shares other than 0, for example -0.02.");
        Refuse(files.Length > 0 && labels is null && grid is not null, "--grid: the scores are on a grid already. Leave it out.");

        PromptedFolder[] models = [Together(parsed.GetValue(options.Clips)!, prompts), .. parsed.GetValue(options.Second) is { } second ? new[] { PromptedFolder.Parse(second, prompts) } : []];
        Refuse(models.Length > 1 && models[0].Model == models[1].Model, $"Both models are called '{models[0].Model}'. Name them: NAME=FOLDER.");
        Refuse(models.Length == 1 && !double.IsNaN(effect), "--effect is for a comparison. Give --b.");
        options.Common.Compute.Use(parsed);
        (int frames, int pixels) = options.Stride.Read(parsed);
        PatchScoring scoring = new() { TemporalStride = frames, SpatialStride = pixels, Grid = grid ?? PatchGrid.Parse(DefaultGrid), Backbones = RewardVerb.Backbones };
        ClipScores scores = files.Length > 0 ? ClipScores.Read(files) : Scored(scorers, scoring, models, output, cancellation);

        string? wanted = parsed.GetValue(options.VideoScore);
        PatchVerdicts patches;
        VideoVerdicts videos;
        if (labels is not null)
        {
            using OpenLabels open = OpenLabels.From(labels, cancellation);
            (LabelledPatches judge, IReadOnlyDictionary<string, string> clips) = Read(options, parsed, open.Store, grid, models, output, cancellation);
            patches = judge.Verdicts(clips);
            videos = scorers.Count + files.Length > 0 ? scores.Videos(wanted) : judge.Videos(clips, wanted);
        }
        else
        {
            patches = scores.Patches();
            videos = scores.Videos(wanted);
        }

        DefectLevel defective = given is { } value ? DefectLevel.Given(value) : people is not null ? OfPeople(options, parsed, people, patches, models, output, cancellation)
            : patches.Scale is { } scale ? DefectLevel.Middle(scale.Worst, scale.Best)
            : throw new InputException("What is defective is not known: the patch rewards have no scale with ends. Give --defect-below LEVEL, or --level-from LABELS of people on these clips.");
        JudgedModel[] judged = [.. models.Select(model => JudgedModel.Of(model, patches, videos, scores.Reasons))];
        DefectReport report = new(patches, videos.Judge, defective, scoring, judged[0], judged.Length > 1 ? judged[1] : null, effect, parsed.GetValue(options.Common.Seed));
        foreach ((string model, string file, string reason) in report.Missing)
        {
            Console.Error.WriteLine($"{model}, {Path.GetFileName(file)}: {reason}");
        }

        foreach (string warning in report.Warnings)
        {
            Console.Error.WriteLine(warning);
        }

        string page = await report.WriteAsync(output, cancellation);
        Console.WriteLine(report.Protocol());
        foreach (IDisplay display in ((IDisplay?[])[report.Table(), .. report.Maps(), report.Differences(), report.PowerTable()]).OfType<IDisplay>())
        {
            Console.WriteLine();
            Console.WriteLine(display.ToText());
        }

        Console.WriteLine(page);
        return ExitCode.Done;
    }

    /// <summary>Several folders of one model.</summary>
    private static PromptedFolder Together(string[] folders, string? prompts)
    {
        PromptedFolder[] all = [.. folders.Select(folder => PromptedFolder.Parse(folder, prompts))];
        return new PromptedFolder(string.Join(" + ", all.Select(folder => folder.Model).Distinct()), [.. all.SelectMany(folder => folder.Clips).DistinctBy(clip => clip.File)]);
    }

    /// <summary>One scorer after the other, so that one model is in memory at a time. The scorer of patches comes first: by default the last one's scores are the video's.</summary>
    private static ClipScores Scored(IReadOnlyList<ScorerFolder> scorers, PatchScoring scoring, PromptedFolder[] models, string folder, CancellationToken cancellation)
    {
        ClipScores scores = new();
        foreach (ScorerFolder named in scorers.OrderBy(scorer => scorer.Kind == PatchRewardScorer.Kind ? 0 : 1))
        {
            using IVideoScorer scorer = named.Open(scoring);
            foreach (PromptedFolder model in models)
            {
                scores.Add(scorer, ScoreVerb.Scored(scorer, $"{scorer.Name}, {model.Model}", model.Clips, folder, cancellation));
            }
        }

        return scores;
    }

    private static DefectLevel OfPeople(DefectsOptions options, ParseResult parsed, string people, PatchVerdicts patches, PromptedFolder[] models, string folder, CancellationToken cancellation)
    {
        using OpenLabels open = OpenLabels.From(people, cancellation);
        (LabelledPatches judge, IReadOnlyDictionary<string, string> clips) = Read(options, parsed, open.Store, patches.Grid, models, folder, cancellation);
        return judge.LevelFor(patches, clips);
    }

    /// <summary>The labels, and for each file of the models its clip.</summary>
    private static (LabelledPatches Labels, IReadOnlyDictionary<string, string> Clips) Read(
        DefectsOptions options, ParseResult parsed, LabelStore store, PatchGrid? grid, PromptedFolder[] models, string folder, CancellationToken cancellation)
    {
        string[] annotators = parsed.GetValue(options.Annotators)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        LabelledPatches labels = LabelledPatches.Read(store, parsed.GetValue(options.Dimension), annotators, grid);
        IReadOnlyDictionary<string, string> clips = new Dictionary<string, string>();
        string[] files = [.. models.SelectMany(model => model.Clips.Select(clip => clip.File))];
        RunDisplay.Bar("find labelled clips", advanced => clips = LabelledVideos.ClipsOfAsync(files, store, Path.Combine(folder, "contents.json"), advanced, cancellation).GetAwaiter().GetResult());
        return (labels, clips);
    }

    private static void Refuse(bool isWrong, string message)
    {
        if (isWrong)
        {
            throw new InputException(message);
        }
    }

    /// <summary>A label store, or a table of labels in a store of its own that goes when it is closed.</summary>
    private sealed class OpenLabels(LabelStore store, DirectoryInfo? temporary) : IDisposable
    {
        public LabelStore Store => store;

        public static OpenLabels From(string path, CancellationToken cancellation)
        {
            LabelTableFormat format = new();
            if (!File.Exists(path) || !format.Recognises(path))
            {
                return new OpenLabels(LabelStore.Open(path), null);
            }

            DirectoryInfo folder = Directory.CreateTempSubdirectory("halolab-defects");
            LabelStore store = LabelStore.OpenOrCreate(Path.Combine(folder.FullName, "labels.sqlite"));
            OpenLabels labels = new(store, folder);
            try
            {
                ClipNames clips = ClipNames.ByContent();
                LabelImport.Write(LabelImport.Validate(path, format, clips, cancellation), format, clips, store, cancellation: cancellation);
                return labels;
            }
            catch
            {
                labels.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            store.Dispose();
            temporary?.Delete(recursive: true);
        }
    }

    /// <summary>The options of <c>defects</c>.</summary>
    private sealed class DefectsOptions
    {
        public DefectsOptions()
        {
            Common.AddTo(Command, Path.Combine("runs", "defects"));
            Command.Arguments.Add(Clips);
            foreach (Option option in (Option[])[Second, Prompts, With, Scores, Labels, Dimension, Annotators, Grid, Stride.Option, DefectBelow, LevelFrom, VideoScore, Effect])
            {
                Command.Options.Add(option);
            }
        }

        public Command Command { get; } = new("defects", "Patch defects of clips: how often good clips hold bad patches, where, when, how large, how they cluster, what a video score misses; with --b whether another model has fewer (page, JSON, CSV; goes on where it stopped).");

        public CommonOptions Common { get; } = new(hasPrecision: true);

        public Argument<string[]> Clips { get; } = new("DIR") { Description = "Clips of the model: FOLDER or NAME=FOLDER, with its manifest.json, names as PROMPT-NUMBER.mp4, or --prompts.", Arity = ArgumentArity.OneOrMore };

        public Option<string?> Second { get; } = new("--b") { Description = "Clips of a model that is held against it on the prompts of both, FOLDER or NAME=FOLDER." };

        public Option<FileInfo?> Prompts { get; } = new("--prompts") { Description = "Clips (relative to each folder) and their prompts: .jsonl or .csv with the fields clip and prompt." };

        public Option<string?> With { get; } = new("--with") { Description = "patch:FOLDER judges the patches; a further scorer, with a comma, gives the video score: " + ScorerFolder.Expected + "." };

        public Option<string[]?> Scores { get; } = new("--scores") { Description = "scores.json of `halolab score --with patch:FOLDER`, instead of scoring now; may be given several times." };

        public Option<string?> Labels { get; } = new("--labels") { Description = "Labels of patches judge them: a label store, or a table of labels (.jsonl, .csv, .parquet)." };

        public Option<string?> Dimension { get; } = new("--dimension") { Description = "What patches were labelled on. Default: the only dimension that there is." };

        public Option<string?> Annotators { get; } = new("--annotators") { Description = "Only labels of these annotators, with commas. Default: all people; without people all teachers." };

        public Option<string?> Grid { get; } = new("--grid") { Description = $"Patches, time x height x width. Default: {DefaultGrid}, or that of the labels." };

        public StrideOption Stride { get; } = new();

        public Option<double?> DefectBelow { get; } = new("--defect-below") { Description = "A patch of a lower reward or grade is defective. Default: the middle of the scale, where it has ends." };

        public Option<string?> LevelFrom { get; } = new("--level-from") { Description = "Choose that level of patch rewards by people's labels of patches of these clips: a label store or a table of labels." };

        public Option<string?> VideoScore { get; } = new("--video-score") { Description = "Which score of whole videos says what the top half is. Default: the mean of those that there are." };

        public Option<double?> Effect { get; } = new("--effect") { Description = "With --b: also say how many prompts a difference of so much in the share of defective patches needs." };
    }
}
