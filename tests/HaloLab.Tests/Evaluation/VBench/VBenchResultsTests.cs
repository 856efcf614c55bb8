using HaloLab.Evaluation.VBench;

namespace HaloLab.Tests.Evaluation.VBench;

public sealed class VBenchResultsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-vbench-results").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ResultFilesAreReadAndWrittenAsVBenchHasThem()
    {
        string path = Written("""
            {
              "dynamic_degree": [0.5, [{"video_path": "a-0.mp4", "video_results": true}, {"video_path": "a-1.mp4", "video_results": false}]],
              "imaging_quality": [0.68, [{"video_path": "a-0.mp4", "video_results": 68.0, "frame_count": 16}]]
            }
            """);
        IReadOnlyDictionary<string, VBenchResult> results = VBenchResults.Read(path);
        Assert.Equal(["dynamic degree", "imaging quality"], results.Keys.Order());
        Assert.Equal(0.5, results["dynamic degree"].Value);
        Assert.Equal([("a-0.mp4", 1.0), ("a-1.mp4", 0.0)], results["dynamic degree"].Videos);
        string again = Path.Combine(_folder, "again.json");
        VBenchResults.Write(again, results);
        IReadOnlyDictionary<string, VBenchResult> read = VBenchResults.Read(again);
        Assert.Equal(results["dynamic degree"].Videos, read["dynamic degree"].Videos);
        Assert.Equal(0.68, read["imaging quality"].Value);
        Assert.Contains("\"imaging_quality\"", File.ReadAllText(again), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "no object of dimensions")]
    [InlineData("{", "is no JSON")]
    [InlineData("""{"beauty": [1, []]}""", "'beauty' is no dimension of VBench")]
    [InlineData("""{"scene": 0.5}""", "scene: expected a list")]
    [InlineData("""{"scene": ["x", []]}""", "scene: expected a list")]
    [InlineData("""{"scene": [1, [{"video_path": "a", "video_results": 1}, {"video_path": "b"}]]}""", "scene: video 2 lacks")]
    public void WhatIsNoResultFileIsNamed(string content, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => VBenchResults.Read(Written(content))).Message, StringComparison.Ordinal);

    [Fact]
    public void APromptListSaysWhoseVideosCount()
    {
        VBenchPromptList list = VBenchPromptList.Read(Written("""[{"prompt_en": "a cat", "dimension": ["subject_consistency", "scene"]}, {"prompt_en": "a dog", "dimension": ["scene"], "auxiliary_info": {}}]"""));
        Assert.Equal(["a cat"], list.PromptsOf("subject consistency"));
        Assert.Equal(["a cat", "a dog"], list.PromptsOf("scene").Order());
        Assert.Empty(list.PromptsOf("color"));
        foreach ((string content, string expected) in new[] { ("{}", "is no list"), ("""[{"prompt_en": "a"}]""", "entry 1 lacks"), ("""[{"prompt_en": "a", "dimension": ["beauty"]}]""", "'beauty'") })
        {
            Assert.Contains(expected, Assert.Throws<InputException>(() => VBenchPromptList.Read(Written(content))).Message, StringComparison.Ordinal);
        }
    }

    private string Written(string content)
    {
        string path = Path.Combine(_folder, "file.json");
        File.WriteAllText(path, content);
        return path;
    }
}
