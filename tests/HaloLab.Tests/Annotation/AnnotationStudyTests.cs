using System.Text.Json.Nodes;
using HaloLab.Annotation;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.Tests.Annotation;

public sealed class AnnotationStudyTests : IAsyncDisposable
{
    private readonly AnnotationFolder _folder = new();

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Fact]
    public async Task EveryAnnotatorHasAnOrderAndNamesOfItsOwnThatNeverChange()
    {
        Ffmpeg.Require();
        StudyOptions options = _folder.WithClips(4, perPrompt: 2).Options("2x2x2", "anna", "ben");
        AnnotationStudy study = await Read(options with { RepeatShare = 0.25 });
        AnnotationStudy again = await Read(options with { RepeatShare = 0.25, Annotators = ["ben", "clara", "anna"] });
        foreach (string annotator in (string[])["anna", "ben"])
        {
            Assert.Equal(study.Items(annotator).Select(item => item.Id), again.Items(annotator).Select(item => item.Id));
            StudyClip[] shown = [.. study.Items(annotator).Select(item => Assert.Single(item.Clips))];
            Assert.Equal(8, shown.Take(8).Distinct().Count());

            // Two of eight come again at the end, the first ones, under other names.
            Assert.Equal(shown.Take(2), shown.Skip(8));
            Assert.Equal(10, study.Items(annotator).Select(item => item.Id).Distinct().Count());
            Assert.All(study.Items(annotator), item => Assert.Matches("^[0-9a-f]{16}$", item.Id));
        }

        Assert.NotEqual(study.Items("anna").Select(item => item.Clips[0]), study.Items("ben").Select(item => item.Clips[0]));
        Assert.Empty(study.Items("anna").Select(item => item.Id).Intersect(study.Items("ben").Select(item => item.Id)));
        Assert.NotEqual(study.Items("anna").Select(item => item.Clips[0].Name), (await Read(options with { Seed = 2 })).Items("anna").Select(item => item.Clips[0].Name));

        // A clip more or less changes no name; other questions change all.
        string list = _folder.At("fewer.jsonl");
        File.WriteAllLines(list, File.ReadLines(options.Prompts!).Skip(1));
        Assert.Subset(study.Items("anna").Select(item => item.Id).ToHashSet(), (await Read(options with { Prompts = list })).Items("anna").Select(item => item.Id).ToHashSet());
        Assert.NotEqual(study.Key, (await Read(options with { Grid = new PatchGrid(1, 2, 2) })).Key);
        Assert.Equal(13, study.QuestionsPerItem);
    }

    [Fact]
    public async Task PairsAreOfOnePromptAndTheSidesAreDrawn()
    {
        Ffmpeg.Require();
        StudyOptions options = _folder.WithClips(2, perPrompt: 4).Options("1x1x1", "anna", "ben", "clara") with { Compares = true };
        AnnotationStudy study = await Read(options);
        Assert.All(study.Options.Annotators, annotator =>
        {
            Assert.Equal(12, study.Items(annotator).Count);
            Assert.All(study.Items(annotator), item => Assert.Equal(item.Clips[0].Prompt, item.Clips[1].Prompt));
            Assert.InRange(study.Items(annotator).Count(item => item.IsSwapped), 1, 11);
        });
        await using AnnotationFolder single = new();
        InputException alone = await Assert.ThrowsAsync<InputException>(() => Read(single.WithClips(2).Options("1x1x1", "anna") with { Compares = true }));
        Assert.Contains("two clips of one prompt", alone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClipsComeFromAFolderAListOrAStore()
    {
        Ffmpeg.Require();
        StudyOptions options = _folder.WithClips(3).Options("1x1x1", "anna");
        StudyClip[] expected = [.. (await Read(options)).Clips];
        string list = Path.Combine(_folder.Clips, "prompts.jsonl");
        Assert.Equal(expected.Select(clip => (clip.Hash, clip.Prompt)), (await Read(options with { Clips = list, Prompts = null })).Clips.Select(clip => (clip.Hash, clip.Prompt)));

        // A server makes the store remember them.
        await _folder.StartAsync(options);
        Assert.Equal(expected.Select(clip => (clip.Hash, clip.Name, clip.Prompt)), (await Read(options with { Clips = _folder.StorePath, Prompts = null, Videos = _folder.Clips })).Clips.Select(clip => (clip.Hash, clip.Name, clip.Prompt)));

        async Task Refuses(string what, StudyOptions wrong) => Assert.Contains(what, (await Assert.ThrowsAsync<InputException>(() => Read(wrong))).Message, StringComparison.Ordinal);
        await Refuses("no such file or folder", options with { Clips = _folder.At("nowhere") });
        await Refuses("3 of 3 clips are not in", options with { Clips = _folder.StorePath, Prompts = null });
        await Refuses("--prompts is for a folder", options with { Clips = _folder.StorePath });
        await Refuses("--videos is for a list", options with { Videos = _folder.Clips });
        await Refuses("A grid of 9 cells", options with { Grid = new PatchGrid(9, 1, 1) });
        await Refuses("'an na'", options with { Annotators = ["an na"] });
        await Refuses("'../x'", options with { Annotators = ["../x"] });
        await Refuses("stands twice", options with { Annotators = ["anna", "Anna"] });
        await Refuses("--annotators is empty", options with { Annotators = [] });
        await Refuses("--patch-dimensions taste", options with { PatchDimensions = ["taste"] });
        await Refuses("ask nothing", options with { PatchDimensions = [], VideoDimensions = [] });
        await Refuses("--repeat-share", options with { RepeatShare = 2 });
        await Refuses("no grades from 1 to 5", options with { Training = _folder.StorePath, TrainingVideos = _folder.Clips });
        await File.WriteAllBytesAsync(Path.Combine(_folder.Clips, "1.png"), [1, 2, 3], TestContext.Current.CancellationToken);
        await Refuses("1.png", options);
    }

    [Theory]
    [InlineData("grades", "the grades 1 to 5")]
    [InlineData("key", "a key of one letter")]
    [InlineData("twice", "each dimension once")]
    [InlineData("comma", "without commas")]
    [InlineData("kind", "the kind 'defect'")]
    [InlineData("missing", "is no questionnaire")]
    [InlineData("more", "is no questionnaire")]
    public void AQuestionnaireOfOnesOwnIsChecked(string what, string expected)
    {
        JsonObject questionnaire = JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryRoot.Path, "data", "annotation", "questionnaire.v1.json")))!.AsObject();
        string path = Path.Combine(Path.GetTempPath(), $"halolab-questionnaire-{Guid.NewGuid():n}.json");
        try
        {
            File.WriteAllText(path, questionnaire.ToJsonString());
            Assert.Equal(Questionnaire.Shipped().Questions, Questionnaire.Read(path).Questions);
            Assert.Matches("^[0-9a-f]{64}$", Questionnaire.Shipped().Hash);
            Assert.NotEqual(Questionnaire.Shipped().Hash, Questionnaire.Read(path).Hash);
            JsonObject question = questionnaire["questions"]![0]!.AsObject();
            switch (what)
            {
                case "grades":
                    questionnaire["grades"]!.AsArray().RemoveAt(0);
                    break;
                case "key":
                    questionnaire["defects"]![0]!["key"] = "x";
                    break;
                case "twice":
                    questionnaire["questions"]!.AsArray().Add(question.DeepClone());
                    break;
                case "comma":
                    question["dimension"] = "a, b";
                    break;
                case "kind":
                    question["kind"] = "riddle";
                    break;
                case "missing":
                    question.Remove("ask");
                    break;
                default:
                    questionnaire["more"] = 1;
                    break;
            }

            File.WriteAllText(path, questionnaire.ToJsonString());
            Assert.Contains(expected, Assert.Throws<InputException>(() => Questionnaire.Read(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void SimulatedIdsAreSimulatedAnnotators()
    {
        Assert.Equal(AnnotatorKind.Simulated, AnnotationStudy.KindOf("simulated-annotator-3"));
        Assert.Equal(AnnotatorKind.Simulated, AnnotationStudy.KindOf("Simulated.x"));
        Assert.Equal(AnnotatorKind.Human, AnnotationStudy.KindOf("anna"));
        Assert.All(new SimulatedAnnotation(1, 12).Annotators, annotator => Assert.Equal(AnnotatorKind.Simulated, AnnotationStudy.KindOf(annotator)));
    }

    private static Task<AnnotationStudy> Read(StudyOptions options) => AnnotationStudy.ReadAsync(options, _ => { }, TestContext.Current.CancellationToken);
}
