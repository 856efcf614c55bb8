using HaloLab.Evaluation.VBench;
using HaloLab.Experiments;

namespace HaloLab.Tests.Experiments;

public sealed class VBenchReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-vbench-report").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void MeasuredImportedAndMissingDimensionsAreKeptApart()
    {
        // Two clips of 3 and 5 frames: 2 and 4 pairs of frames.
        ScoredClip[] rows = [Row("a", 0.9, 3), Row("b", 0.6, 5), new(new ClipToScore("broken", "a"), null, "broken")];
        VBenchReport report = new(null);
        report.Add("dino", ["subject consistency"], rows);
        report.Add("flickering", ["temporal flickering"], rows);
        Assert.Equal(((0.9 * 2) + (0.6 * 4)) / 6, report.Results["subject consistency"].Value, 1e-12);
        Assert.Equal(0.75, report.Results["temporal flickering"].Value, 1e-12);
        Assert.Equal(2, report.Results["subject consistency"].Videos.Count);
        string table = report.Table().ToText();
        Assert.Contains("dino, 2 of 3 videos", table, StringComparison.Ordinal);
        Assert.Contains("missing: not measured here, not imported", table, StringComparison.Ordinal);
        Assert.True(double.IsNaN(report.Total.Quality));
        Assert.Equal(14, report.Total.Missing.Count);

        // The other quality dimensions, imported at their best: the quality score is there, the semantic one is not.
        string file = Path.Combine(_folder, "other.json");
        VBenchResults.Write(file, VBenchDimension.All.Where(dimension => dimension.IsQuality && report.Total.Missing.Contains(dimension.Name)).ToDictionary(dimension => dimension.Name, dimension => new VBenchResult(dimension.Most, [])));
        report.Import(file);
        double expected = (((0.7 - 0.1462) / (1 - 0.1462)) + ((0.75 - 0.6293) / (1 - 0.6293)) + 1 + 1 + 0.5 + 1 + 1) / 6.5;
        Assert.Equal(expected, report.Total.Quality, 1e-9);
        Assert.True(double.IsNaN(report.Total.Semantic));
        Assert.Contains("imported from other.json", report.Table().ToText(), StringComparison.Ordinal);
        Assert.Contains("imaging quality is there twice: imported from other.json", Assert.Throws<InputException>(() => report.Import(Imaging())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithAPromptListOnlyItsVideosCount()
    {
        string list = Path.Combine(_folder, "list.json");
        File.WriteAllText(list, """[{"prompt_en": "a", "dimension": ["subject_consistency"]}]""");
        VBenchReport report = new(VBenchPromptList.Read(list));
        report.Add("dino", ["subject consistency"], [Row("a", 0.9, 3), Row("b", 0.6, 5)]);
        report.Add("flickering", ["temporal flickering"], [Row("a", 0.9, 3)]);
        Assert.Equal(0.9, report.Results["subject consistency"].Value, 1e-12);
        Assert.Contains("missing: no video is of a prompt that VBench measures it on", report.Table().ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void AClipModelIsTakenForWhatVBenchTakesItFor()
    {
        VBenchReport background = new(null);
        background.Add("clip", ["background consistency", "CLIP score"], [Row("a", 0.9, 3)]);
        Assert.Equal(["background consistency"], background.Results.Keys);
        VBenchReport aesthetic = new(null);
        aesthetic.Add("clip", ["background consistency", "CLIP score", "aesthetic quality"], [new(new ClipToScore("a.mp4", "a"), [0.9, 0.3, 0.5], null, Frames: 3)]);
        Assert.Equal(0.5, Assert.Single(aesthetic.Results).Value.Value);
    }

    private static ScoredClip Row(string prompt, double score, int frames) => new(new ClipToScore(prompt + ".mp4", prompt), [score], null, Frames: frames);

    private string Imaging()
    {
        string path = Path.Combine(_folder, "imaging.json");
        File.WriteAllText(path, """{"imaging_quality": [0.6, []]}""");
        return path;
    }
}
