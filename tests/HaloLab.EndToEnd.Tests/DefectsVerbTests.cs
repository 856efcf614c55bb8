using System.Globalization;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using CsvHelper;
using HaloLab.Preferences.Labels;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Tests.Preferences.Importing;
using HaloLab.Tests.Rewards;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>defects</c> as a user runs it.</summary>
public sealed class DefectsVerbTests : IDisposable
{
    private const int Prompts = 8;
    private static readonly RatingScale Grades = new(1, 5, isWhole: true);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-defects").FullName;

    private string Output => Path.Combine(_folder, "out");

    private string Store => Path.Combine(_folder, "labels.sqlite");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Two people grade damaged cells of toy clips 1 and 2, and all others 5 and 4: every number is that of the damage.</summary>
    [Fact]
    public async Task PeoplesLabelsOfToyClipsGiveTheDamage()
    {
        Ffmpeg.Require();
        (string bad, string good, DamagedCell[][] damage) = WriteLabelledToyClips();
        string[] arguments = ["defects", "base=" + bad, "--b", "tuned=" + good, "--effect", "-0.01", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run([.. arguments, "--labels", Store]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("'local defect' by people (anna, ben); defective below 3 (the middle of the scale from 1 to 5)", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("time 1 of 4", result.StandardOutput, StringComparison.Ordinal);

        JsonNode json = Json();
        JsonNode model = json["models"]![0]!;
        double Finding(string name) => model["findings"]!.AsArray().Single(finding => finding!["name"]!.GetValue<string>() == name)!["value"]!["estimate"]!.GetValue<double>();
        int all = damage.Sum(cells => cells.Length);
        Assert.True(all >= Prompts, "the clips are damaged");
        Assert.Equal(all / (Prompts * 64.0), Finding("patches that are defective"), 1e-12);
        Assert.Equal(1, Finding("clips with a defective patch"));

        // Clips are rated by their number: the later half is the top half, and is damaged, too.
        Assert.Equal((Prompts / 2, 1.0), (model["topHalf"]!.GetValue<int>(), Finding("top-half clips with a defective patch")));
        Assert.Equal(damage.Sum(cells => cells.Count(cell => cell.Time == 0)) / (Prompts * 16.0), Finding("time 1"), 1e-12);
        Assert.Equal(damage.Sum(cells => cells.Count(cell => cell is { Row: 1, Column: 2 })) / (Prompts * 4.0), Finding("row 2, column 3"), 1e-12);
        Assert.Equal(all / (Prompts * 64.0), Finding("deformed"), 1e-12);
        Assert.Equal(all, model["sizes"]!.AsArray().Sum(row => row!["shareOfPatches"]!.GetValue<double>()) * all, 1e-9);

        // The clean model has none, so every prompt's difference is its damage.
        JsonNode[] differences = [.. json["comparison"]!["differences"]!.AsArray().Select(row => row!)];
        Assert.Equal(-all / (Prompts * 64.0), differences[0]["difference"]!["mean"]!["estimate"]!.GetValue<double>(), 1e-12);
        Assert.Equal(2 / Math.Pow(2, Prompts), differences[0]["difference"]!["pValue"]!.GetValue<double>(), 1e-12);
        Assert.Equal(2 + 4 + 16 + 1, differences.Length);
        Assert.All(differences.Skip(1), row => Assert.True(row["holm"]!.GetValue<double>() >= row["difference"]!["pValue"]!.GetValue<double>()));
        Assert.Equal(["asked for", "10 % of the defects gone", "25 % of the defects gone", "50 % of the defects gone", "as found here"], json["comparison"]!["promptsNeeded"]!.AsArray().Select(row => row!["effect"]!.GetValue<string>()));

        IDictionary<string, object>[] clips = Csv("clips.csv");
        Assert.Equal(damage.Select(cells => cells.Length).Concat(new int[Prompts]), clips.Select(row => int.Parse((string)row["defective"], CultureInfo.InvariantCulture)));
        Assert.Contains(Csv("defects.csv"), row => (string)row["model"] == "tuned - base" && (string)row["finding"] == "time 4");
        string page = await File.ReadAllTextAsync(Path.Combine(Output, "defects.html"), Cancellation);
        foreach (string heading in new[] { "Do defects exist in good clips?", "tuned against base", "How many prompts it takes", "Where and when", "Good clips with bad patches: base", "tuned has fewer defective patches." })
        {
            Assert.Contains(heading, page, StringComparison.Ordinal);
        }

        // The export of the store says the same, to the same bytes; a level that no grade is below finds nothing.
        string before = await File.ReadAllTextAsync(Path.Combine(Output, "defects.json"), Cancellation);
        string exported = Path.Combine(_folder, "labels.jsonl");
        Assert.True((await HaloLabProgram.Run("data", "export", exported, "--store", Store)).IsSuccess);
        Assert.True((await HaloLabProgram.Run([.. arguments, "--labels", exported])).IsSuccess);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(Output, "defects.json"), Cancellation));
        result = await HaloLabProgram.Run([.. arguments, "--labels", exported, "--defect-below", "1", "--annotators", "anna"]);
        Assert.True(result.IsSuccess, result.StandardError);
        model = Json()["models"]![0]!;
        Assert.Equal(0, Finding("patches that are defective"));
        Assert.Contains("by people (anna)", Json()["judge"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task APatchRewardModelJudgesAndItsScoresCanBeReadAgain()
    {
        Ffmpeg.Require();
        string clips = await WriteNoiseClips();
        string model = WritePatchModel();
        string[] scoring = ["--with", "patch:" + model, "--grid", "2x2x2", "--threads", "1"];
        BufferedCommandResult result = await HaloLabProgram.Run(["defects", clips, .. scoring, "--out", Output]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("clips, broken-1.png: ", result.StandardError, StringComparison.Ordinal);
        JsonNode json = Json();
        Assert.Equal((3.0, "2x2x2", 12), (json["level"]!["value"]!.GetValue<double>(), json["grid"]!.GetValue<string>(), json["models"]![0]!["clips"]!.GetValue<int>()));

        // The numbers are those of the model itself: below its own median half of all patches are defective.
        string scored = Path.Combine(_folder, "scored");
        Assert.True((await HaloLabProgram.Run(["score", clips, "--prompts", WritePrompts(clips), .. scoring, "--controls", "0", "--out", scored])).IsSuccess);
        JsonNode scores = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(scored, "scores.json"), Cancellation))!;
        double[] rewards = [.. scores["clips"]!.AsArray().Where(clip => clip!["patchRewards"] is not null).SelectMany(clip => clip!["patchRewards"]!.AsArray().Select(value => value!.GetValue<double>())).Order()];
        Assert.Equal(12 * 8, rewards.Length);
        string level = ((rewards[47] + rewards[48]) / 2).ToString("R", CultureInfo.InvariantCulture);
        Assert.True((await HaloLabProgram.Run(["defects", clips, .. scoring, "--defect-below", level, "--out", Output])).IsSuccess);
        string asked = await File.ReadAllTextAsync(Path.Combine(Output, "defects.json"), Cancellation);
        Assert.Equal(0.5, Json()["models"]![0]!["findings"]![0]!["value"]!["estimate"]!.GetValue<double>());
        Assert.True((await HaloLabProgram.Run("defects", clips, "--scores", Path.Combine(scored, "scores.json"), "--defect-below", level, "--out", Output)).IsSuccess);
        Assert.Equal(asked, await File.ReadAllTextAsync(Path.Combine(Output, "defects.json"), Cancellation));

        // People who call just those patches defective choose just that level, and another scorer may judge the whole.
        using (LabelStore store = LabelStore.OpenOrCreate(Store))
        {
            foreach (JsonNode clip in scores["clips"]!.AsArray().Where(clip => clip!["patchRewards"] is not null).Select(clip => clip!))
            {
                string hash = (await VideoFile.ReadAsync(clip["file"]!.GetValue<string>(), Cancellation)).ContentHash;
                store.Append(clip["patchRewards"]!.AsArray().Select((value, cell) => Label(hash, "p") with { Grid = new PatchGrid(2, 2, 2), Cell = cell, Value = value!.GetValue<double>() <= rewards[47] ? 1 : 5 }), "test");
            }
        }

        result = await HaloLabProgram.Run("defects", clips, "--with", $"patch:{model},flickering", "--grid", "2x2x2", "--threads", "1", "--level-from", Store, "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        json = Json();
        Assert.Equal((0.5, 1.0, 1.0), (json["models"]![0]!["findings"]![0]!["value"]!["estimate"]!.GetValue<double>(), json["level"]!["sensitivity"]!.GetValue<double>(), json["level"]!["separation"]!.GetValue<double>()));
        Assert.Equal("flickering temporal flickering", json["videoScore"]!.GetValue<string>());
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task RealVideosAreJudged()
    {
        Ffmpeg.Require();
        string videos = Path.GetDirectoryName(TestData.Require("videoalign", "videos", "example_1_A.mp4"))!;
        string[] prompts = ["a girl sits down on a chair", "an explorer walks through a dark building, with light and shadow", "a third video"];
        string[] a = [.. Enumerable.Range(1, 3).Select(i => Linked("a", i, 'A'))];
        Linked("b", 1, 'B');
        Linked("b", 2, 'B');
        Linked("b", 3, 'B');
        BufferedCommandResult result = await HaloLabProgram.Run("defects", Path.GetDirectoryName(a[0])!, "--b", Path.Combine(_folder, "b"), "--with", "patch:" + WritePatchModel(), "--threads", "1", "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        JsonNode json = Json();
        Assert.Equal((3, 3, 3), (json["models"]![0]!["clips"]!.GetValue<int>(), json["models"]![1]!["clips"]!.GetValue<int>(), json["comparison"]!["prompts"]!.GetValue<int>()));
        Assert.Equal(64, json["models"]![0]!["map"]!.AsArray().Count);
        Assert.Contains("below 6 no difference can be significant", result.StandardError, StringComparison.Ordinal);

        string Linked(string folder, int i, char side)
        {
            string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, folder)).FullName, $"{prompts[i - 1]}-0.mp4");
            File.CreateSymbolicLink(path, Path.Combine(videos, $"example_{i}_{side}.mp4"));
            return path;
        }
    }

    [Fact]
    public async Task WhatIsWrongIsNamed()
    {
        Ffmpeg.Require();
        string clips = await WriteNoiseClips();
        string model = "patch:" + WritePatchModel();
        string scores = Path.Combine(_folder, "scores.json");
        await File.WriteAllTextAsync(scores, """{"scorers": [], "clips": []}""", Cancellation);
        LabelStore.OpenOrCreate(Store).Dispose();
        (string Expected, string[] Arguments)[] cases =
        [
            ("Nobody judges the patches", [clips]),
            ("Nobody judges the patches", [clips, "--with", "flickering"]),
            ("Give one of them", [clips, "--with", model, "--labels", Store]),
            ("Give one of them", [clips, "--with", model, "--scores", scores]),
            ("Give one of them", [clips, "--with", model, "--defect-below", "2", "--level-from", Store]),
            ("labels have a scale of their own", [clips, "--labels", Store, "--level-from", Store]),
            ("expected a difference of shares other than 0", [clips, "--with", model, "--b", clips, "--effect", "0"]),
            ("--effect is for a comparison", [clips, "--with", model, "--effect", "0.1"]),
            ("Both models are called 'clips'", [clips, "--with", model, "--b", clips]),
            ("No patch is scored", [clips, "--scores", scores]),
            ("has no label of a patch", [clips, "--labels", Store]),
            ("/nowhere.sqlite: no such label store", [clips, "--labels", "/nowhere.sqlite"]),
            ("no such folder", ["/nowhere", "--with", model]),
            ("--stride 4: expected frames x pixels", [clips, "--with", model, "--stride", "4"]),
        ];
        foreach (((string expected, string[] arguments), int i) in cases.Select((item, i) => (item, i)))
        {
            await HaloLabProgram.Refuses(expected, $"{Output}-{i}", ["defects", .. arguments]);
        }
    }

    private JsonNode Json() => JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "defects.json")))!;

    private IDictionary<string, object>[] Csv(string name)
    {
        using StreamReader text = new(Path.Combine(Output, name));
        using CsvReader table = new(text, CultureInfo.InvariantCulture);
        return [.. table.GetRecords<dynamic>().Select(row => (IDictionary<string, object>)row)];
    }

    private static Label Label(string clip, string prompt) => new() { Clip = clip, Prompt = prompt, Dimension = "local defect", Scale = Grades, Annotator = "anna", AnnotatorKind = AnnotatorKind.Human };

    /// <summary>A damaged and a clean clip of each caption, and what two people say of their patches and of the whole.</summary>
    private (string Bad, string Good, DamagedCell[][] Damage) WriteLabelledToyClips()
    {
        (string bad, string good) = (Directory.CreateDirectory(Path.Combine(_folder, "bad")).FullName, Directory.CreateDirectory(Path.Combine(_folder, "good")).FullName);
        ToyCaption[] captions = [.. ToyClips.Captions(4 * Prompts).DistinctBy(caption => caption.ToString()).Take(Prompts).OrderBy(caption => caption.ToString(), StringComparer.Ordinal)];
        List<DamagedCell[]> damage = [];
        using LabelStore store = LabelStore.OpenOrCreate(Store);
        for (int i = 0; i < Prompts; i++)
        {
            (VideoClip clip, IReadOnlyList<DamagedCell> cells) = ToyClips.Damaged(captions[i], i);
            damage.Add([.. cells.DistinctBy(cell => (cell.Time, cell.Row, cell.Column))]);
            VideoClip clean = ToyClips.Clean(captions[i], i);
            File.WriteAllBytes(Path.Combine(bad, $"{captions[i]}-0.png"), Apng.Encode(clip));
            File.WriteAllBytes(Path.Combine(good, $"{captions[i]}-0.png"), Apng.Encode(clean));
            HashSet<int> damaged = [.. cells.Select(cell => ToyClips.Grid.Index(cell.Time, cell.Row, cell.Column))];
            store.Append(LabelsOf(Content(bad, captions[i]), captions[i].ToString(), damaged, i >= Prompts / 2 ? 4 : 1), "test");
            store.Append(LabelsOf(Content(good, captions[i]), captions[i].ToString(), [], 5), "test");
        }

        return (bad, good, [.. damage]);

        static string Content(string folder, ToyCaption caption) => VideoFile.ReadAsync(Path.Combine(folder, $"{caption}-0.png"), Cancellation).GetAwaiter().GetResult().ContentHash;

        static IEnumerable<Label> LabelsOf(string hash, string prompt, HashSet<int> damaged, double whole)
        {
            foreach (string annotator in new[] { "anna", "ben" })
            {
                Label one = Label(hash, prompt) with { Annotator = annotator };
                yield return one with { Dimension = "visual quality", Value = whole };
                for (int cell = 0; cell < ToyClips.Grid.Count; cell++)
                {
                    bool isBad = damaged.Contains(cell);
                    yield return one with { Grid = ToyClips.Grid, Cell = cell, Value = (isBad ? 1 : 4) + (annotator == "anna" ? 0 : 1), Defect = isBad ? DefectType.Deformed : DefectType.None };
                }
            }
        }
    }

    /// <summary>Two clips of each of six prompts, and one that is none.</summary>
    private async Task<string> WriteNoiseClips()
    {
        string clips = Directory.CreateDirectory(Path.Combine(_folder, "clips")).FullName;
        for (int i = 0; i < 12; i++)
        {
            await VideoFile.WriteAsync(TinyScorers.NoiseClip(i), Path.Combine(clips, $"prompt {(char)('a' + (i / 2))}-{i % 2}.png"), Cancellation);
        }

        await File.WriteAllTextAsync(Path.Combine(clips, "broken-1.png"), "no picture", Cancellation);
        return clips;
    }

    private string WritePrompts(string clips)
    {
        string path = Path.Combine(_folder, "prompts.csv");
        File.WriteAllText(path, "clip,prompt\n" + string.Concat(Directory.GetFiles(clips).Select(file => $"{Path.GetFileName(file)},{Path.GetFileNameWithoutExtension(file)[..^2]}\n")));
        return path;
    }

    /// <summary>Random heads on a random ViCLIP, on grades from 1 to 5.</summary>
    private string WritePatchModel()
    {
        string folder = Path.Combine(_folder, "patch-model");
        if (!Directory.Exists(folder))
        {
            using PatchRewardModel model = PatchRewardModel.Create(
                RewardBackbones.Published.Open("viclip", TinyScorers.ViClip(_folder)), [new PatchDimension("local defect", new LabelScale(3, 1, new GradeRange(1, 5)))], new PatchModelStart(BackboneTraining.Frozen), 1);
            TorchSharp.torch.nn.init.normal_(model.PatchHead!.parameters().First(parameter => parameter.Dimensions == 2), 0, 0.1);
            model.Save(folder);
        }

        return folder;
    }
}
