using System.Globalization;
using System.Text;
using System.Text.Json;
using HaloLab.Preferences.Importing;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.Tests.Preferences.Importing;

/// <summary>Published formats, on files written here in their schema and on real ones where they are given.</summary>
public sealed class LabelFormatTests : IDisposable
{
    private static readonly string[] Five = ["visual quality", "temporal consistency", "dynamic degree", "text-to-video alignment", "factual consistency"];
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-formats").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("rows.json")]
    [InlineData("rows.jsonl")]
    public void VideoFeedbackGradesBecomeLabelsOfTheWholeVideo(string name)
    {
        string[] rows = [VideoFeedbackRow("7001917", "crowd surfing ", 2, 2, 3, 3, 3), VideoFeedbackRow("1000001", "", 1, 1, 4, 1, 2), VideoFeedbackRow("7001917", "crowd surfing ", 2, 2, 3, 3, 3)];
        string path = Write(name, name.EndsWith('l') ? string.Join("\n", rows.Select(row => row.ReplaceLineEndings(" "))) : $"[{string.Join(",\n", rows)}]");
        (ImportReport report, StoredLabel[] labels) = ImportByName(path, "videofeedback");
        Assert.Equal((3, 10, 5), (report.Rows, report.Labels, report.Repeated));
        Assert.Equal(10, labels.Length);
        Label first = labels[0].Label;
        Assert.Equal(
            new Label { Clip = "videofeedback:7001917", Prompt = "crowd surfing ", Dimension = "visual quality", Value = 2, Scale = new RatingScale(1, 4, isWhole: true), Annotator = "VideoFeedback raters", AnnotatorKind = AnnotatorKind.Human },
            first);
        Assert.Equal(Five, labels.Take(5).Select(label => label.Label.Dimension));
        Assert.Equal([1.0, 1, 4, 1, 2], labels.Skip(5).Select(label => label.Label.Value!.Value));
        Assert.Equal("", labels[5].Label.Prompt);
        Assert.Equal(name, labels[0].Source);
    }

    [Fact]
    public async Task VideoFeedbackIsReadFromParquetToo()
    {
        // As the hub's converter writes it: whole numbers as 64 bits, lists beside.
        Parquet.Schema.ParquetSchema schema = new(
            [new Parquet.Schema.DataField("id", typeof(string)), new Parquet.Schema.DataField("text prompt", typeof(string)), new Parquet.Schema.ListField("images", new Parquet.Schema.DataField("element", typeof(string))), .. Five.Select(name => new Parquet.Schema.DataField(name, typeof(long), isNullable: true))]);
        string path = Path.Combine(_folder, "train.parquet");
        await using (FileStream stream = File.Create(path))
        {
            await using Parquet.ParquetWriter writer = await Parquet.ParquetWriter.CreateAsync(schema, stream, cancellationToken: Cancellation);
            using Parquet.ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(schema.DataFields[0], ["7001917", "7001918"]);
            await group.WriteAsync(schema.DataFields[1], ["a cat", "a dog"]);
            await group.WriteAsync(schema.DataFields[2], ["0.jpg", "1.jpg", "0.jpg"], new int[] { 0, 1, 0 });
            foreach (Parquet.Schema.DataField field in schema.DataFields[3..])
            {
                await group.WriteAsync<long>(field, new long?[] { 3, 4 }.AsMemory(), cancellationToken: Cancellation);
            }
        }

        (_, StoredLabel[] labels) = ImportByName(path, "videofeedback");
        Assert.Equal(["videofeedback:7001917", "videofeedback:7001918"], labels.Select(label => label.Label.Clip).Distinct());
        Assert.Equal([3.0, 3, 3, 3, 3, 4, 4, 4, 4, 4], labels.Select(label => label.Label.Value!.Value));
    }

    [Theory]
    [InlineData("row 2: 'temporal consistency' is 5. Expected whole grades from 1 (worst) to 4 (best)", "[ROW,{\"id\":\"2\",\"text prompt\":\"p\",\"visual quality\":1,\"temporal consistency\":5,\"dynamic degree\":1,\"text-to-video alignment\":1,\"factual consistency\":1}]")]
    [InlineData("row 2: 'dynamic degree' is 'fast'. Expected a finite number", "[ROW,{\"id\":\"2\",\"text prompt\":\"p\",\"visual quality\":1,\"temporal consistency\":1,\"dynamic degree\":\"fast\",\"text-to-video alignment\":1,\"factual consistency\":1}]")]
    [InlineData("row 2: 'visual quality' is missing", "[ROW,{\"id\":\"2\",\"text prompt\":\"p\",\"temporal consistency\":1,\"dynamic degree\":1,\"text-to-video alignment\":1,\"factual consistency\":1}]")]
    [InlineData("row 2: 'visual quality' is missing", "[ROW,{\"id\":\"2\",\"text prompt\":\"p\",\"visual quality\":null,\"temporal consistency\":1,\"dynamic degree\":1,\"text-to-video alignment\":1,\"factual consistency\":1}]")]
    [InlineData("row 2: 'text prompt' is missing", "[ROW,{\"id\":\"2\"}]")]
    [InlineData("row 2: 'id' is missing or empty", "[ROW,{\"text prompt\":\"p\"}]")]
    [InlineData("row 2: 'visual quality' is 1 on whole grades from 1 (worst) to 4 (best), and row 1 says something else", "[ROW,{\"id\":\"1\",\"text prompt\":\"p\",\"visual quality\":1,\"temporal consistency\":2,\"dynamic degree\":2,\"text-to-video alignment\":2,\"factual consistency\":2}]")]
    [InlineData("row 2 cannot be read", "[ROW,3]")]
    [InlineData("row 2 cannot be read", "[ROW,{\"id\":\"1\",\"id\":\"2\"}]")]
    [InlineData("cannot be read", "[ROW,{\"id\":")]
    [InlineData("holds no labels", "[]")]
    public void WhatIsWrongInVideoFeedbackIsNamed(string expected, string text)
    {
        string path = Write("rows.json", text.Replace("ROW", VideoFeedbackRow("1", "p", 2, 2, 2, 2, 2), StringComparison.Ordinal));
        ImportReport report = LabelImport.Validate(path, new VideoFeedbackFormat(), ClipNames.ByName(), Cancellation);
        string problem = Assert.Single(report.Problems);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.StartsWith(path, problem, StringComparison.Ordinal);
        Assert.Throws<InputException>(report.RequireGood);
    }

    [Fact]
    public void ProblemsOfManyRowsAreCountedAndTheFirstAreKept()
    {
        string path = Write("rows.jsonl", string.Join("\n", Enumerable.Range(0, 100).Select(i => VideoFeedbackRow($"{i}", "p", 9, 1, 1, 1, 1).ReplaceLineEndings(" "))));
        ImportReport report = LabelImport.Validate(path, new VideoFeedbackFormat(), ClipNames.ByName(), Cancellation);
        Assert.Equal((100, 20, 100), (report.ProblemCount, report.Problems.Count, report.Rows));
        Assert.EndsWith("... and 80 more.", Assert.Throws<InputException>(report.RequireGood).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnswersOfScorersStandBesideHumanGrades()
    {
        string path = Write("eval_video_feedback_gpt4o.json", """
            [{"id": "1", "text": "a cat", "ref": "[2, 2, 3, 3, 3]", "ans": "[3, 3, 2, 4, 3]"},
             {"id": "1", "text": "a cat", "ref": "[2, 2, 3, 3, 3]", "ans": "[4, 3, 3, 3, 4]"},
             {"id": "2", "text": "a dog", "ref": "[1, 1, 1, 1, 1]", "ans": "[0, 0, 0, 0, 0]"},
             {"id": "3", "text": "a fox", "ref": "[3, 3, 3, 3, 3]", "ans": "[0.922, 4.2, 3.0, 2.5, 1.0]"}]
            """);
        (ImportReport report, StoredLabel[] stored) = ImportByName(path, "videoscore-answers");
        Assert.Equal((4, 35, 5), (report.Rows, report.Labels, report.Repeated));
        ILookup<string, Label> labels = stored.Select(label => label.Label).ToLookup(label => label.Annotator);
        Assert.Equal(15, labels["VideoFeedback raters"].Count());
        Label[] answers = [.. labels["gpt4o"]];
        Assert.Equal(["eval_video_feedback_gpt4o.json asking 1", "eval_video_feedback_gpt4o.json asking 2"], answers.Where(label => label.Clip == "videofeedback:1").Select(label => label.ResponseId).Distinct());
        Assert.All(answers.Where(label => label.Clip == "videofeedback:2"), label => Assert.Equal((Unanswered.Unreadable, null), (label.Unanswered, label.Value)));
        Assert.Equal([(0.922, false), (4.2, false), (3.0, false), (2.5, false), (1.0, false)], answers.Where(label => label.Clip == "videofeedback:3").Select(label => (label.Value!.Value, label.Scale is not null)));

        string wrong = Write("eval_video_feedback_x.json", """[{"id": "1", "text": "", "ref": "[2, 2, 3, 3]", "ans": "[3, 3, 2, 4, 3]"}, {"id": "2", "text": "", "ref": "[2, 2, 3, 3, 3]", "ans": "[3, 3, 0, 4, 3]"}, {"id": "3", "text": "", "ref": "[5, 2, 3, 3, 3]", "ans": "3"}]""");
        Assert.Equal(
            [$"{wrong}: row 1: 'ref' is '[2, 2, 3, 3]'. Expected a list of five numbers ({string.Join(", ", Five)}).", $"{wrong}: row 2: 'ans' holds 0. Expected whole grades from 1 (worst) to 4 (best), or five zeros where there was no answer.", $"{wrong}: row 3: 'ans' is '3'. Expected a list of five numbers ({string.Join(", ", Five)})."],
            LabelImport.Validate(wrong, new VideoScoreAnswersFormat(), ClipNames.ByName(), Cancellation).Problems);
    }

    [Fact]
    public void RealAnswersOfSixScorersAreReadAndComeBack()
    {
        string folder = TestData.Require("videoscore", "video_feedback");
        using LabelStore store = LabelStore.OpenOrCreate(Path.Combine(_folder, "labels.sqlite"));
        long rows = 0;
        foreach (string path in Directory.GetFiles(folder, "eval_video_feedback_*.json").Order(StringComparer.Ordinal))
        {
            rows += Import(path, store, ClipNames.ByName()).Rows;
        }

        Assert.Equal(44 + 117 + 128 + 10 + 17 + 41, rows);
        Assert.Equal(rows * 5, store.Counts().Where(count => count.Kind == AnnotatorKind.Model).Sum(count => count.Count));
        Assert.Equal(6, store.Counts().Where(count => count.Kind == AnnotatorKind.Model).Select(count => count.Annotator).Distinct().Count());

        // Two of GPT-4o's ten answers and one of LLaVA's seventeen are the mark of an unreadable one.
        Assert.Equal(15, store.Read(LabelQuery.All).Count(label => label.Label.Unanswered == Unanswered.Unreadable));
        Label[] human = [.. store.Read(new LabelQuery { Annotator = "VideoFeedback raters" }).Select(stored => stored.Label)];
        Assert.All(human, label => Assert.InRange(label.Value!.Value, 1, 4));
        Assert.Equal(human.Length, human.Select(label => (label.Clip, label.Dimension)).Distinct().Count());
        string export = Path.Combine(_folder, "labels.parquet");
        long written = LabelExport.Write(store, LabelQuery.All, export, cancellation: Cancellation);
        using LabelStore copy = LabelStore.OpenOrCreate(Path.Combine(_folder, "copy.sqlite"));
        Import(export, copy, ClipNames.ByContent());
        Assert.Equal(written, copy.Count(LabelQuery.All));
        Assert.Equal(store.Read(LabelQuery.All), copy.Read(LabelQuery.All));
    }

    [Fact]
    public void PairsBecomeChoicesInEachDimension()
    {
        string path = Write("pairs.csv", "path_A,path_B,A_model,prompt,VQ,MQ,Overall,fps_A\nvideos/1_A.mp4,./videos/1_B.mp4,kling,\"A girl, sitting\",B,same,A,24\n./videos/1_A.mp4,videos/1_B.mp4,kling,\"A girl, sitting\",B,same,A,24\n");
        (ImportReport report, StoredLabel[] labels) = ImportByName(path, "videoalign");
        Assert.Equal((2, 3, 3), (report.Rows, report.Labels, report.Repeated));
        Assert.Equal([("VQ", PairChoice.B), ("MQ", PairChoice.Same), ("Overall", PairChoice.A)], labels.Select(label => (label.Label.Dimension, label.Label.Choice!.Value)));
        Assert.All(labels, label => Assert.Equal(("videoalign:videos/1_A.mp4", "videoalign:videos/1_B.mp4", "A girl, sitting"), (label.Label.Clip, label.Label.OtherClip, label.Label.Prompt)));
    }

    [Theory]
    [InlineData("row 1: 'VQ' is 'better'. Expected one of A, B, same", "path_A,path_B,prompt,VQ\na.mp4,b.mp4,p,better\n")]
    [InlineData("row 2: 'MQ' is ''. Expected one of A, B, same", "path_A,path_B,prompt,VQ,MQ\na.mp4,b.mp4,p,A,A\nc.mp4,d.mp4,p,A,\n")]
    [InlineData("has no column 'prompt'", "path_A,path_B,VQ\na.mp4,b.mp4,A\n")]
    [InlineData("has no dimension", "path_A,path_B,prompt\na.mp4,b.mp4,p\n")]
    [InlineData("row 1: 'path_B' is the file of path_A", "path_A,path_B,prompt,VQ\na.mp4,./a.mp4,p,A\n")]
    [InlineData("row 1: 'path_A' is missing or empty", "path_A,path_B,prompt,VQ\n,b.mp4,p,A\n")]
    [InlineData("row 2: 'VQ' is B, and row 1 says something else", "path_A,path_B,prompt,VQ\na.mp4,b.mp4,p,A\na.mp4,b.mp4,p,B\n")]
    [InlineData("row 2 is not a row of the table", "path_A,path_B,prompt,VQ\na.mp4,b.mp4,p,A\nc.mp4\n")]
    public void WhatIsWrongInPairsIsNamed(string expected, string text)
    {
        string path = Write("pairs.csv", text);
        Assert.Contains(expected, Assert.Single(LabelImport.Validate(path, new VideoPairFormat(), ClipNames.ByName(), Cancellation).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void AnAbsentVideoIsNamed()
    {
        string path = Write("pairs.csv", "path_A,path_B,prompt,VQ\na.mp4,b.mp4,p,A\n");
        Write("a.mp4", "");
        ImportReport report = LabelImport.Validate(path, new VideoPairFormat(), ClipNames.ByContent(), Cancellation);
        Assert.Contains($"row 1: there is no video {Path.Combine(_folder, "b.mp4")}", Assert.Single(report.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void RealPairsAreKnownByTheContentOfTheirVideos()
    {
        Ffmpeg.Require();
        string path = TestData.Require("videoalign", "example.csv");
        using LabelStore store = LabelStore.OpenOrCreate(Path.Combine(_folder, "labels.sqlite"));
        ImportReport report = Import(path, store, ClipNames.ByContent());
        Assert.Equal((12, 9, 27, 6), (report.Rows, report.Labels, report.Repeated, report.Videos.Count));
        Label[] labels = [.. store.Read(LabelQuery.All).Select(stored => stored.Label)];
        Assert.Equal(["B", "B", "A", "Same", "Same", "A", "A", "Same", "Same"], labels.Select(label => label.Choice.ToString()));
        Assert.All(labels, label => Assert.Matches("^[0-9a-f]{64}$", label.Clip));
        Assert.Equal(6, store.ReadClips().Select(clip => clip.Clip).Distinct().Count());
        Assert.Equal(labels[0].Clip, store.FindClip(FileHash.Of(Path.Combine(Path.GetDirectoryName(path)!, "videos", "example_1_A.mp4"))));

        // What was read once is known: none of the 36 choices of 12 rows is new.
        Assert.Equal(36, LabelImport.Write(report, new VideoPairFormat(), ClipNames.ByContent(), store, cancellation: Cancellation).Repeated);
        string export = Path.Combine(_folder, "labels.jsonl");
        LabelExport.Write(store, LabelQuery.All, export, cancellation: Cancellation);
        using LabelStore copy = LabelStore.OpenOrCreate(Path.Combine(_folder, "copy.sqlite"));
        Import(export, copy, ClipNames.ByContent());
        Assert.Equal(store.Read(LabelQuery.All), copy.Read(LabelQuery.All));
    }

    [Fact]
    public void PlacesOfVideoDpoAreResolvedToClips()
    {
        string folder = VideoDpo([("a", 2), ("a", 2), ("b", 2), ("b", 2)], [(1, 0, "a"), (2, 3, "b")]);
        (ImportReport report, StoredLabel[] labels) = ImportByName(folder, "videodpo");
        Assert.Equal((2, 2), (report.Rows, report.Labels));
        Assert.Equal([("videodpo:1.mp4", "videodpo:0.mp4", "a"), ("videodpo:2.mp4", "videodpo:3.mp4", "b")], labels.Select(label => (label.Label.Clip, label.Label.OtherClip!, label.Label.Prompt!)));
        Assert.All(labels, label => Assert.Equal((PairChoice.A, AnnotatorKind.Model), (label.Label.Choice, label.Label.AnnotatorKind)));
    }

    [Fact]
    public void PlacesThatHaveDriftedAreRefused()
    {
        // The short clip at place 1 is dropped by the published loader, so its places 1.. are one less than those of the file.
        (string, double)[] clips = [("a", 2), ("a", 0.5), ("a", 2), ("b", 2), ("b", 2), ("c", 2), ("c", 2)];
        string[] Problems((int, int, string)[] pairs) => [.. LabelImport.Validate(VideoDpo(clips, pairs), new VideoDpoFormat(), ClipNames.ByName(), Cancellation).Problems];
        Assert.Contains("fit metadata.json only after clips shorter than 1 s are dropped (places 1)", Assert.Single(Problems([(0, 1, "a"), (2, 3, "b"), (4, 5, "c")])), StringComparison.Ordinal);
        Assert.Contains("fit metadata.json both as it stands and after", Assert.Single(Problems([(0, 1, "a")])), StringComparison.Ordinal);
        Assert.Empty(Problems([(0, 2, "a"), (3, 4, "b"), (5, 6, "c")]));

        // Places that count over two folders.
        Assert.Contains("row 1: 'video1' is 7. Expected a place in metadata.json: 0 to 6", Problems([(7, 8, "a")])[0], StringComparison.Ordinal);
        Assert.Contains("row 2: 'video1' is 5, and the clip there (5.mp4) has the caption 'c'. Expected a clip of the pair's own caption 'b'", Assert.Single(Problems([(0, 2, "a"), (5, 6, "b")])), StringComparison.Ordinal);
        Assert.Contains("row 1: 'video2' is the place of video1", Assert.Single(Problems([(3, 3, "b"), (5, 6, "c")])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task VBenchFoldersGiveClipsAndPrompts()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "vbench", "color")).FullName;
        for (int i = 0; i < 2; i++)
        {
            await VideoFile.WriteAsync(new VideoClip([.. Enumerable.Repeat((byte)i, 4 * 4 * 3)], 1, 4, 4, 8), Path.Combine(folder, $"a well-known cat-{i}.png"), Cancellation);
        }

        string path = Path.GetDirectoryName(folder)!;
        ILabelFormat format = LabelImport.FindFormat(path, null, HeatMapFormat.DefaultGrid);
        Assert.Equal("vbench", format.Name);
        ImportReport report = LabelImport.Validate(path, format, ClipNames.ByContent(), Cancellation);
        Assert.Empty(report.Problems);
        Assert.Equal([("color/a well-known cat-0.png", "a well-known cat"), ("color/a well-known cat-1.png", "a well-known cat")], report.Videos.Select(video => (video.Name, video.Prompt)));

        File.Move(Path.Combine(folder, "a well-known cat-1.png"), Path.Combine(folder, "a well-known cat-2.png"));
        Write("vbench/color/cat.mp4", "");
        Write("vbench/color/a well-known cat-2.gif", "");
        IReadOnlyList<string> problems = LabelImport.Validate(path, format, ClipNames.ByContent(), Cancellation).Problems;
        Assert.Equal(3, problems.Count);
        Assert.Contains("a well-known cat-2.png: number 2 of this prompt is there twice", problems[0], StringComparison.Ordinal);
        Assert.Contains("cat.mp4: the name is not PROMPT-NUMBER", problems[1], StringComparison.Ordinal);
        Assert.Contains("a well-known cat-1: is missing", problems[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnImportOfVideosRemembersThemAndLabelsThem()
    {
        Ffmpeg.Require();
        VideoClip[] clips = new VideoClip[2];
        for (int i = 0; i < 2; i++)
        {
            string video = Path.Combine(_folder, $"clip {i}.png");
            await VideoFile.WriteAsync(new VideoClip([.. Enumerable.Repeat((byte)(i * 50), 2 * 4 * 4 * 3)], 2, 4, 4, 8), video, Cancellation);
            clips[i] = await VideoFile.ReadAsync(video, Cancellation);
        }

        string path = Write("labels.csv", "path,other_path,prompt,dimension,choice,annotator,annotator_kind\nclip 0.png,clip 1.png,a cat,overall,same,ann,human\n");
        using LabelStore store = LabelStore.OpenOrCreate(Path.Combine(_folder, "labels.sqlite"));
        Import(path, store, ClipNames.ByContent());
        Label label = Assert.Single(store.Read(LabelQuery.All)).Label;
        Assert.Equal((clips[0].ContentHash, clips[1].ContentHash, PairChoice.Same), (label.Clip, label.OtherClip, label.Choice));
        Assert.Equal([(clips[0].ContentHash, "clip 0.png", "a cat"), (clips[1].ContentHash, "clip 1.png", "a cat")], store.ReadClips().Select(clip => (clip.Clip, clip.Name, clip.Prompt!)));
    }

    [Fact]
    public void PlainTablesTakeEveryKindOfLabel()
    {
        string clip = new('a', 64);
        string path = Write("labels.csv", "\ufeffclip,other_clip,prompt,grid,cell,dimension,value,scale_worst,scale_best,scale_whole,choice,defect,unanswered,confidence,reason,annotator,annotator_kind,answered_at,template_hash,response_id\n"
            + $"{clip},,a cat,4x4x4,63,local defect,2,1,5,true,,blurred,,0.5,smeared,gpt-4o-2024-08-06,model,2026-01-31T12:00:00+02:00,{new string('b', 64)},resp_1\n"
            + $"{clip},x:y,,,,overall,,,,,B,,,,,ann,human,,,\n"
            + $"{clip},,,,,quality,,,,,,,refused,,content filter,gpt,model,,,\n"
            + $"{clip},,,,,quality,0.25,,,,,,,,,scorer,model,,,\n");
        (_, StoredLabel[] labels) = ImportByName(path, "labels");
        Assert.Equal(
            new Label
            {
                Clip = clip,
                Prompt = "a cat",
                Grid = new PatchGrid(4, 4, 4),
                Cell = 63,
                Dimension = "local defect",
                Value = 2,
                Scale = new RatingScale(1, 5, isWhole: true),
                Defect = DefectType.Blurred,
                Confidence = 0.5,
                Reason = "smeared",
                Annotator = "gpt-4o-2024-08-06",
                AnnotatorKind = AnnotatorKind.Model,
                AnsweredAt = new DateTimeOffset(2026, 1, 31, 10, 0, 0, TimeSpan.Zero),
                TemplateHash = new string('b', 64),
                ResponseId = "resp_1",
            },
            labels[0].Label);
        Assert.Equal((PairChoice.B, null), (labels[1].Label.Choice, labels[1].Label.Prompt));
        Assert.Equal((Unanswered.Refused, null), (labels[2].Label.Unanswered, labels[2].Label.Value));
        Assert.Equal((0.25, null), (labels[3].Label.Value, labels[3].Label.Scale));
    }

    [Theory]
    [InlineData("has no column 'annotator_kind'", "clip,dimension,value,annotator\nx:1,q,1,ann\n")]
    [InlineData("row 1: 'clip' is missing", "clip,dimension,value,annotator,annotator_kind\n,q,1,ann,human\n")]
    [InlineData("row 1: clip is 'cat'. Expected a content hash", "clip,dimension,value,annotator,annotator_kind\ncat,q,1,ann,human\n")]
    [InlineData("row 1: 'annotator_kind' is 'robot'. Expected one of human, model, simulated", "clip,dimension,value,annotator,annotator_kind\nx:1,q,1,ann,robot\n")]
    [InlineData("row 1: 'defect' is 'ugly'. Expected one of none, deformed, blurred, flickering, duplicated, missing, physically wrong, text garbled", "clip,dimension,defect,annotator,annotator_kind\nx:1,q,ugly,ann,human\n")]
    [InlineData("row 1: Grid '4x4'", "clip,dimension,value,grid,cell,annotator,annotator_kind\nx:1,q,1,4x4,0,ann,human\n")]
    [InlineData("row 1: 'scale_best' is missing", "clip,dimension,value,scale_worst,scale_best,annotator,annotator_kind\nx:1,q,1,1,,ann,human\n")]
    [InlineData("row 1: 'answered_at' is 'yesterday'", "clip,dimension,value,answered_at,annotator,annotator_kind\nx:1,q,1,yesterday,ann,human\n")]
    [InlineData("row 1 cannot be read (it has 3 values). Expected 5", "clip,dimension,value,annotator,annotator_kind\nx:1,q,1\n")]
    [InlineData("the header names 'clip' twice", "clip,clip,dimension,annotator,annotator_kind\nx:1,x:1,q,ann,human\n")]
    public void WhatIsWrongInATableIsNamed(string expected, string text)
    {
        string path = Write("labels.csv", text);
        Assert.Contains(expected, Assert.Single(LabelImport.Validate(path, new LabelTableFormat(), ClipNames.ByName(), Cancellation).Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("labels.csv")]
    [InlineData("labels.jsonl")]
    public void AnotherEncodingIsNamedByLine(string name)
    {
        string path = Path.Combine(_folder, name);

        // Enough lines before the fault that it lies in a later buffer, and characters that lie across the edges of buffers.
        string line = "{\"clip\":\"x:é漢🐈\",\"dimension\":\"q\"}\n";
        byte[] good = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(line, 5000)));
        File.WriteAllBytes(path, [.. good, .. Encoding.Latin1.GetBytes("caf\u00e9\n"), .. good]);
        Assert.Contains("line 5001 is not UTF-8", Assert.Throws<InputException>(() => Utf8Text.Require(path)).Message, StringComparison.Ordinal);
        Assert.Contains("line 5001 is not UTF-8", LabelImport.Validate(path, new LabelTableFormat(), ClipNames.ByName(), Cancellation).Problems[^1], StringComparison.Ordinal);
        File.WriteAllBytes(path, good);
        Utf8Text.Require(path);
        File.WriteAllBytes(path, good[..^4]);
        Utf8Text.Require(path);
        File.WriteAllBytes(path, [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("clip,dimension\n")]);
        Assert.Contains("seems to be UTF-16", Assert.Throws<InputException>(() => Utf8Text.Require(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, [.. good, 0xe6, 0xbc]);
        Assert.Contains("line 5001", Assert.Throws<InputException>(() => Utf8Text.Require(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNotRecognisedIsSaid()
    {
        string path = Write("other.csv", "a,b\n1,2\n");
        Assert.Contains("its format is not recognised", Assert.Throws<InputException>(() => LabelImport.FindFormat(path, null, HeatMapFormat.DefaultGrid)).Message, StringComparison.Ordinal);
        string broken = Write("broken.json", "[{\"id\": ");
        Assert.Contains("row 1 cannot be read", Assert.Throws<InputException>(() => LabelImport.FindFormat(broken, null, HeatMapFormat.DefaultGrid)).Message, StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<InputException>(() => LabelImport.FindFormat(path + "x", null, HeatMapFormat.DefaultGrid)).Message, StringComparison.Ordinal);
        Assert.Contains("'excel' is not known", Assert.Throws<InputException>(() => LabelImport.FindFormat(path, "excel", HeatMapFormat.DefaultGrid)).Message, StringComparison.Ordinal);
    }

    private static string VideoFeedbackRow(string id, string prompt, params int[] grades) =>
        $$"""{"id": "{{id}}", "images": ["{{id}}_00.jpg"], "text prompt": {{JsonSerializer.Serialize(prompt)}}, "video link": "https://example.org/{{id}}.mp4", {{string.Join(", ", Five.Zip(grades, (name, grade) => string.Create(CultureInfo.InvariantCulture, $"\"{name}\": {grade}")))}}, "conversations": [{"from": "human", "value": "[x]"}]}""";

    private static ImportReport Import(string path, LabelStore store, ClipNames clips)
    {
        ILabelFormat format = LabelImport.FindFormat(path, null, HeatMapFormat.DefaultGrid);
        ImportReport report = LabelImport.Validate(path, format, clips, Cancellation);
        AppendResult result = LabelImport.Write(report, format, clips, store, cancellation: Cancellation);
        Assert.Equal(report.Labels + report.Repeated, result.Added + result.Corrected + result.Repeated);
        return report;
    }

    private (ImportReport Report, StoredLabel[] Labels) ImportByName(string path, string format)
    {
        using LabelStore store = LabelStore.OpenOrCreate(Path.Combine(_folder, "labels.sqlite"));
        ImportReport report = Import(path, store, ClipNames.ByName());
        Assert.Equal(format, report.Format);
        return (report, [.. store.Read(LabelQuery.All)]);
    }

    private string VideoDpo((string Caption, double Seconds)[] clips, (int Preferred, int Other, string Caption)[] pairs)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-videodpo").FullName;
        string moved = Path.Combine(_folder, Path.GetFileName(folder));
        Directory.Move(folder, moved);
        File.WriteAllText(Path.Combine(moved, "metadata.json"), JsonSerializer.Serialize(clips.Select((clip, i) => new
        {
            basic = new { clip_path = $"{i}.mp4", clip_duration = clip.Seconds },
            misc = new { frame_caption = new[] { clip.Caption } },
        })));
        File.WriteAllText(Path.Combine(moved, "pair.json"), JsonSerializer.Serialize(pairs.Select(pair => new { video1 = pair.Preferred, video2 = pair.Other, frame_caption = new[] { pair.Caption }, score = 0.72 })));
        return moved;
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
