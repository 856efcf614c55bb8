using HaloLab.Preferences.Importing;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;

namespace HaloLab.Tests.Preferences.Labels;

/// <summary>What is exported and imported again is the same store.</summary>
public sealed class LabelExportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-export").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("labels.jsonl")]
    [InlineData("labels.parquet")]
    public void NothingIsLostOnTheWay(string name)
    {
        RandomStream stream = new(2, "export");
        string path = Path.Combine(_folder, name);
        using LabelStore store = Store("first");
        for (int i = 0; i < 300; i++)
        {
            Label label = RandomLabels.Draw(stream);
            store.Append([label], $"source {i % 3}", OnDifferentAnswer.Supersede);
            if (i % 10 == 0)
            {
                store.Append([label with { Reason = "looked again" }], "corrections", OnDifferentAnswer.Supersede);
            }
        }

        StoredLabel[] written = [.. store.Read(new LabelQuery { WithSuperseded = true })];
        Assert.Contains(written, stored => !stored.IsCurrent);
        Assert.Equal(written.Length, LabelExport.Write(store, LabelQuery.All, path, cancellation: Cancellation));

        using LabelStore copy = Store("second");
        AppendResult result = Import(path, copy);
        Assert.Equal(written.Length, result.Added + result.Corrected);
        Assert.Equal(written, copy.Read(new LabelQuery { WithSuperseded = true }));

        // Importing it again changes nothing, and exporting the copy gives the same file.
        Assert.Equal(new AppendResult(0, 0, written.Length), Import(path, copy));
        string again = Path.Combine(_folder, "again-" + name);
        LabelExport.Write(copy, LabelQuery.All, again, cancellation: Cancellation);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(again));
    }

    [Fact]
    public void AQueryExportsItsOwnLabelsAndTheirCorrections()
    {
        string path = Path.Combine(_folder, "some.jsonl");
        using LabelStore store = Store("first");
        store.Append([RandomLabels.Graded(1), RandomLabels.Graded(2)], "first");
        store.Append([RandomLabels.Graded(1, value: 4)], "second", OnDifferentAnswer.Supersede);
        Assert.Equal(2, LabelExport.Write(store, new LabelQuery { Clip = RandomLabels.Clip(1) }, path, cancellation: Cancellation));
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(
            $$"""{"clip":"{{RandomLabels.Clip(1)}}","prompt":"a cat","dimension":"visual quality","value":3,"scale_worst":1,"scale_best":5,"scale_whole":true,"annotator":"ann","annotator_kind":"human","revision":0,""",
            lines[0][..lines[0].IndexOf("\"recorded_at\"", StringComparison.Ordinal)]);
        Assert.Contains("\"revision\":1", lines[1], StringComparison.Ordinal);

        // A correction without what it corrects is not a whole record.
        File.WriteAllLines(path, lines[1..]);
        using LabelStore copy = Store("second");
        Assert.Contains("earlier ones first", Assert.Throws<InputException>(() => Import(path, copy)).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => LabelExport.Write(store, LabelQuery.All, Path.Combine(_folder, "labels.xlsx"), cancellation: Cancellation));
    }

    private static AppendResult Import(string path, LabelStore store)
    {
        LabelTableFormat format = new();
        Assert.True(format.Recognises(path));
        ClipNames clips = ClipNames.ByContent();
        return LabelImport.Write(LabelImport.Validate(path, format, clips, Cancellation), format, clips, store, cancellation: Cancellation);
    }

    private LabelStore Store(string name) => LabelStore.OpenOrCreate(Path.Combine(_folder, name + ".sqlite"));
}
