using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Videos;
using Microsoft.Data.Sqlite;

namespace HaloLab.Tests.Preferences.Labels;

public sealed class LabelStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-labels").FullName;

    private string StorePath => Path.Combine(_folder, "labels.sqlite");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void LabelsOfEveryKindComeBackAsTheyWere()
    {
        RandomStream stream = new(1, "labels");
        List<Label> written = [];
        using (LabelStore store = LabelStore.OpenOrCreate(StorePath))
        {
            for (int i = 0; i < 500; i++)
            {
                Label label = RandomLabels.Draw(stream) with { ResponseId = $"{i}" };
                Assert.Equal(new AppendResult(1, 0, 0), store.Append([label], "a test"));
                written.Add(label);
            }
        }

        using LabelStore again = LabelStore.Open(StorePath);
        StoredLabel[] read = [.. again.Read(LabelQuery.All)];
        Assert.Equal(written, read.Select(stored => stored.Label));
        Assert.All(read, stored => Assert.Equal((0, true, "a test"), (stored.Revision, stored.IsCurrent, stored.Source)));
        Assert.All(read, stored => Assert.InRange(stored.RecordedAt, DateTimeOffset.UtcNow.AddMinutes(-10), DateTimeOffset.UtcNow));
        Assert.Equal(500, again.Count(LabelQuery.All));
    }

    [Fact]
    public void TheSameLabelTwiceIsOneAndAnotherAnswerIsRefused()
    {
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        Label label = RandomLabels.Graded(1);
        store.Append([label], "first");
        Assert.Equal(new AppendResult(0, 0, 1), store.Append([label with { AnsweredAt = DateTimeOffset.UtcNow }], "again"));
        string message = Assert.Throws<InputException>(() => store.Append([RandomLabels.Graded(2), label with { Value = 4 }], "other")).Message;
        Assert.Contains("visual quality of " + label.Clip, message, StringComparison.Ordinal);
        Assert.Contains("is 4 on whole grades from 1 (worst) to 5 (best) here, and 3", message, StringComparison.Ordinal);

        // Nothing of that call was written.
        Assert.Equal(1, store.Count(LabelQuery.All));

        // Other questions are other labels.
        Assert.Equal(5, store.Append(
            [label with { ResponseId = "second asking" }, label with { Annotator = "bob" }, label with { AnnotatorKind = AnnotatorKind.Simulated }, label with { Prompt = null }, label with { Prompt = "" }], "questions").Added);
    }

    [Fact]
    public void CorrectionsSupersedeAndWhatWasSupersededStaysReadable()
    {
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        Label label = RandomLabels.Graded(1);
        store.Append([label, RandomLabels.Graded(2)], "first");
        Assert.Equal(new AppendResult(0, 1, 0), store.Append([label with { Value = 4 }], "better", OnDifferentAnswer.Supersede));
        Assert.Equal(new AppendResult(0, 0, 1), store.Append([label with { Value = 4 }], "better", OnDifferentAnswer.Supersede));
        Label withdrawn = label with { Value = null, Scale = null, Unanswered = Unanswered.Withdrawn };
        Assert.Equal(new AppendResult(0, 1, 0), store.Append([withdrawn], "undo", OnDifferentAnswer.Supersede));
        LabelQuery clip = new() { Clip = label.Clip };
        Assert.Equal(withdrawn, Assert.Single(store.Read(clip)).Label);
        Assert.Equal([(0, 3.0, false), (1, 4.0, false), (2, null, true)], store.Read(clip with { WithSuperseded = true }).Select(stored => (stored.Revision, stored.Label.Value, stored.IsCurrent)));
        Assert.Equal((1, 3, 2, 4), (store.Count(clip), store.Count(clip with { WithSuperseded = true }), store.Count(LabelQuery.All), store.Count(new LabelQuery { WithSuperseded = true })));
        Assert.Equal([new LabelCount("visual quality", "ann", AnnotatorKind.Human, 2)], store.Counts());

        // The first answer, said again: it is known, and it stays corrected.
        Assert.Equal(new AppendResult(0, 0, 1), store.Append([label], "first, imported again"));

        // Counts see corrections by every way in.
        foreach (LabelQuery query in (LabelQuery[])[new() { Dimension = "visual quality" }, new() { Annotator = "ann" }, new() { Dimension = "visual quality", Annotator = "ann" }])
        {
            Assert.Equal((2, 4), (store.Count(query), store.Count(query with { WithSuperseded = true })));
            Assert.Equal(2, store.Read(query).Count());
        }

        // Going back to it on purpose is a correction like any other.
        Assert.Equal(new AppendResult(0, 1, 0), store.Append([label], "back", OnDifferentAnswer.Supersede));
        Assert.Equal(label, Assert.Single(store.Read(clip)).Label);
    }

    [Fact]
    public void AnActThatWasWrittenIsNotWrittenAgain()
    {
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        Label label = RandomLabels.Graded(1);
        Assert.Equal(new AppendResult(1, 0, 0), store.AppendOnce("first", [label], "a page"));
        Assert.Equal(new AppendResult(0, 1, 0), store.AppendOnce("second", [label with { Value = 4 }], "a page"));

        // The first act, said again because its answer was lost: the second stays.
        Assert.Null(store.AppendOnce("first", [label], "a page"));
        Assert.Equal(4, Assert.Single(store.Read(LabelQuery.All)).Label.Value);

        // An act that cannot be written leaves no name behind.
        Assert.Throws<InputException>(() => store.AppendOnce("third", [label with { Value = 2 }, label with { Clip = "abc" }], "a page"));
        Assert.Equal(new AppendResult(0, 1, 0), store.AppendOnce("third", [label with { Value = 2 }], "a page"));
        using LabelStore again = LabelStore.Open(StorePath);
        Assert.Null(again.AppendOnce("third", [label with { Value = 5 }], "a page"));
        Assert.Equal([3, 4, 2], again.Read(LabelQuery.All with { WithSuperseded = true }).Select(stored => (int)stored.Label.Value!));
    }

    [Fact]
    public void QueriesFindByClipDimensionAnnotatorAndGrid()
    {
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        PatchGrid grid = new(1, 2, 2);
        Label pair = new() { Clip = RandomLabels.Clip(1), OtherClip = RandomLabels.Clip(2), Dimension = "VQ", Choice = PairChoice.Same, Annotator = "bob", AnnotatorKind = AnnotatorKind.Human };
        Label patch = RandomLabels.Graded(1, "local defect") with { Grid = grid, Cell = 3, Defect = DefectType.TextGarbled };
        Label refusal = RandomLabels.Graded(3, annotator: "gpt") with { Value = null, Scale = null, Unanswered = Unanswered.Refused, Reason = "content filter", AnnotatorKind = AnnotatorKind.Model };
        store.Append([RandomLabels.Graded(1), RandomLabels.Graded(2), pair, patch, refusal], "five");
        Label[] Find(LabelQuery query)
        {
            Label[] found = [.. store.Read(query).Select(stored => stored.Label)];
            Assert.Equal(found.Length, store.Count(query));
            return found;
        }

        Assert.Equal([RandomLabels.Graded(1), pair, patch], Find(new LabelQuery { Clip = RandomLabels.Clip(1) }));
        Assert.Equal([RandomLabels.Graded(2), pair], Find(new LabelQuery { Clip = RandomLabels.Clip(2) }));
        Assert.Equal([pair], Find(new LabelQuery { Dimension = "VQ" }));
        Assert.Equal([refusal], Find(new LabelQuery { Annotator = "gpt" }));
        Assert.Equal([pair], Find(new LabelQuery { Annotator = "bob", Dimension = "VQ" }));
        Assert.Empty(Find(new LabelQuery { Annotator = "nobody" }));
        Assert.Equal([patch], Find(new LabelQuery { Dimension = "local defect", Grid = grid }));
        Assert.Equal([patch], Find(new LabelQuery { Grid = grid }));
        Assert.Equal([patch], Find(new LabelQuery { Grid = grid, Clip = RandomLabels.Clip(1), Annotator = "ann", Dimension = "local defect" }));
        Assert.Empty(Find(new LabelQuery { Grid = grid, Clip = RandomLabels.Clip(2) }));
        Assert.Empty(Find(new LabelQuery { Clip = "videofeedback:unknown" }));
    }

    [Theory]
    [InlineData("clip is 'abc'")]
    [InlineData("other_clip is the clip itself")]
    [InlineData("cell is missing")]
    [InlineData("cell is 4. Expected a cell of 1x2x2: 0 to 3")]
    [InlineData("dimension is ' '")]
    [InlineData("annotator is 'ann '")]
    [InlineData("value and every other answer are missing")]
    [InlineData("value is one of several answers")]
    [InlineData("value is 6. Expected whole grades from 1 (worst) to 5 (best)")]
    [InlineData("value is 2.5. Expected whole grades")]
    [InlineData("value is NaN")]
    [InlineData("other_clip is missing")]
    [InlineData("choice is missing")]
    [InlineData("confidence is 1.5")]
    [InlineData("reason is missing. Expected why it was refused")]
    [InlineData("template_hash is 'x'")]
    [InlineData("prompt holds half a character")]
    public void WhatIsNoWholeLabelIsRefusedByField(string expected)
    {
        Label label = RandomLabels.Graded(1);
        Label empty = label with { Value = null, Scale = null };
        Dictionary<string, Label> wrong = new()
        {
            ["clip is 'abc'"] = label with { Clip = "abc" },
            ["other_clip is the clip itself"] = empty with { OtherClip = label.Clip, Choice = PairChoice.A },
            ["cell is missing"] = label with { Grid = new PatchGrid(1, 2, 2) },
            ["cell is 4. Expected a cell of 1x2x2: 0 to 3"] = label with { Grid = new PatchGrid(1, 2, 2), Cell = 4 },
            ["dimension is ' '"] = label with { Dimension = " " },
            ["annotator is 'ann '"] = label with { Annotator = "ann " },
            ["value and every other answer are missing"] = empty,
            ["value is one of several answers"] = label with { Unanswered = Unanswered.CannotTell },
            ["value is 6. Expected whole grades from 1 (worst) to 5 (best)"] = label with { Value = 6 },
            ["value is 2.5. Expected whole grades"] = label with { Value = 2.5 },
            ["value is NaN"] = label with { Value = double.NaN, Scale = null },
            ["other_clip is missing"] = empty with { Choice = PairChoice.A },
            ["choice is missing"] = label with { OtherClip = RandomLabels.Clip(2) },
            ["confidence is 1.5"] = label with { Confidence = 1.5 },
            ["reason is missing. Expected why it was refused"] = empty with { Unanswered = Unanswered.Refused },
            ["template_hash is 'x'"] = label with { TemplateHash = "x" },
            ["prompt holds half a character"] = label with { Prompt = "cat \ud83d" },
        };
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        string message = Assert.Throws<InputException>(() => store.Append([RandomLabels.Graded(7), wrong[expected]], "wrong")).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Equal(0, store.Count(LabelQuery.All));
    }

    [Fact]
    public void NobodyChangesOrDeletesALabel()
    {
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        store.Append([RandomLabels.Graded(1)], "first");
        foreach (string sql in new[] { "UPDATE label SET value = 5", "DELETE FROM label" })
        {
            Assert.Contains("append-only", Assert.Throws<SqliteException>(() => Sql(StorePath, sql)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(3, Assert.Single(store.Read(LabelQuery.All)).Label.Value);
    }

    [Fact]
    public void TheViewGivesOtherProgramsOneRowALabel()
    {
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        store.Append([RandomLabels.Graded(1) with { AnsweredAt = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero) }], "first");
        Assert.Equal("visual quality|3|1|5|ann|human|2026-01-31 12:00:00|1", Sql(StorePath, "SELECT concat_ws('|', dimension, CAST(value AS INT), CAST(scale_worst AS INT), CAST(scale_best AS INT), annotator, annotator_kind, datetime(answered_at / 1000000, 'unixepoch'), is_current) FROM labels"));
        Assert.Equal("wal", Sql(StorePath, "PRAGMA journal_mode"));
    }

    [Fact]
    public void AStoreOfTheFirstVersionIsBroughtToThisOne()
    {
        Sql(StorePath, File.ReadAllText(Path.Combine(RepositoryRoot.Path, "tests", "HaloLab.Tests", "Preferences", "Labels", "store-version-1.sql")));
        using (LabelStore store = LabelStore.Open(StorePath))
        {
            StoredLabel stored = Assert.Single(store.Read(LabelQuery.All));
            Assert.Equal((RandomLabels.Graded(1) with { Value = 4 }, 1, "a correction"), (stored.Label, stored.Revision, stored.Source));
            Assert.Equal(2, store.Count(new LabelQuery { WithSuperseded = true }));
            Assert.Equal(1, store.Append([RandomLabels.Graded(1)], "known").Repeated);
            ClipFile file = new(RandomLabels.Clip(1), "a.mp4", RandomLabels.Clip(50), "a cat");
            store.AddClips([file, file]);
            Assert.Equal([file], store.ReadClips());
            Assert.Equal((RandomLabels.Clip(1), null), (store.FindClip(file.FileHash), store.FindClip(RandomLabels.Clip(51))));
        }

        Assert.Equal("3", Sql(StorePath, "PRAGMA user_version"));
    }

    [Fact]
    public void WhatIsNoStoreOfAKnownVersionIsRefusedAndLeftAlone()
    {
        Assert.Contains("no such label store", Assert.Throws<InputException>(() => LabelStore.Open(StorePath)).Message, StringComparison.Ordinal);
        Sql(StorePath, "CREATE TABLE mine (x)");
        byte[] before = File.ReadAllBytes(StorePath);
        Assert.Contains("another program", Assert.Throws<InputException>(() => LabelStore.OpenOrCreate(StorePath)).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(StorePath));

        string later = Path.Combine(_folder, "later.sqlite");
        LabelStore.OpenOrCreate(later).Dispose();
        Sql(later, "PRAGMA user_version = 99");
        Assert.Contains("version 99", Assert.Throws<InputException>(() => LabelStore.Open(later)).Message, StringComparison.Ordinal);

        string text = Path.Combine(_folder, "text.sqlite");
        File.WriteAllText(text, new string('x', 5000));
        Assert.Contains("no label store", Assert.Throws<InputException>(() => LabelStore.Open(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ManyWritersAndReadersShareAStore()
    {
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        using LabelStore other = LabelStore.Open(StorePath);
        Parallel.For(0, 8, writer =>
        {
            for (int i = 0; i < 25; i++)
            {
                LabelStore own = writer % 2 == 0 ? store : other;
                own.Append([RandomLabels.Graded(i, annotator: $"ann {writer}"), RandomLabels.Graded(i, "motion", 2, $"ann {writer}")], "parallel");

                // What was written whole is seen whole.
                Assert.Equal(0, own.Read(LabelQuery.All).Count() % 2);
            }
        });
        Assert.Equal(400, store.Count(LabelQuery.All));
        Assert.Equal(16, store.Counts().Count);
        Assert.All(store.Counts(), count => Assert.Equal(25, count.Count));
    }

    [Fact]
    public void AHundredThousandLabelsComeBackInOrder()
    {
        const int Count = 100_000;
        using LabelStore store = LabelStore.OpenOrCreate(StorePath);
        PatchGrid grid = new(4, 4, 4);
        IEnumerable<Label> Labels()
        {
            for (int i = 0; i < Count; i++)
            {
                yield return RandomLabels.Graded(i / 640, $"dimension {i % 5}", 1 + (i % 5), $"ann {i % 7}") with { Grid = grid, Cell = i / 5 % 64, ResponseId = $"{i}" };
            }
        }

        Assert.Equal(Count, store.Append(Labels(), "many").Added);
        Assert.Equal(Labels(), store.Read(LabelQuery.All).Select(stored => stored.Label));
        Assert.Equal(640, store.Count(new LabelQuery { Clip = RandomLabels.Clip(3) }));
        Assert.Equal(Count / 5, store.Count(new LabelQuery { Dimension = "dimension 2", Grid = grid }));
        Assert.Equal(Count, store.Counts().Sum(count => count.Count));
    }

    private static string? Sql(string path, string sql)
    {
        using SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
