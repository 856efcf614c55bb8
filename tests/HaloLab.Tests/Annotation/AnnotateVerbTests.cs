using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Annotation;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.Cli;
using HaloLab.Tests.Videos;

namespace HaloLab.Tests.Annotation;

/// <summary><c>halolab annotate simulate</c> and <c>agreement</c> as a user runs them.</summary>
public sealed class AnnotateVerbTests : IAsyncDisposable
{
    private readonly AnnotationFolder _folder = new();

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Fact]
    public async Task SimulatedAnnotatorsAnswerAreLabelledAndAgreeToSomeExtent()
    {
        Ffmpeg.Require();
        _folder.WithClips(6);
        string[] simulate = ["annotate", "simulate", _folder.Clips, "--prompts", Path.Combine(_folder.Clips, "prompts.jsonl"), "--grid", "2x2x2", "--annotators", "3", "--store", _folder.StorePath];
        BufferedCommandResult result = await HaloLabProgram.Run(simulate);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("234 labels now, those of simulated-annotator-1, simulated-annotator-2, simulated-annotator-3 simulated", result.StandardOutput, StringComparison.Ordinal);
        Label[] labels = _folder.Labels();

        // 3 annotators × 6 clips × (8 patches + 5 dimensions of the whole).
        Assert.Equal(234, labels.Length);
        Assert.All(labels, label => Assert.Equal(AnnotatorKind.Simulated, label.AnnotatorKind));
        Assert.All(labels, label => Assert.StartsWith("simulated-annotator-", label.Annotator, StringComparison.Ordinal));
        Assert.All(labels, label => Assert.True(label.Unanswered == Unanswered.CannotTell || label.Value is >= 1 and <= 5));
        Assert.All(labels.Where(label => label is { Dimension: "local defect", Value: not null }), label => Assert.Equal(label.Value == 5, label.Defect == DefectType.None));

        // Again: everything is answered.
        Assert.Contains("234 labels now", (await HaloLabProgram.Run(simulate)).StandardOutput, StringComparison.Ordinal);

        string output = _folder.At("agreement");
        result = await HaloLabProgram.Run("annotate", "agreement", _folder.StorePath, "--out", output);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("3 simulated annotators, 234 labels", result.StandardOutput, StringComparison.Ordinal);
        JsonNode report = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(output, "agreement.json"), TestContext.Current.CancellationToken))!;
        Assert.Equal("simulated", (string)report["kind"]!);
        JsonNode patches = report["questions"]!.AsArray().Single(question => (string)question!["title"]! == "local defect, patches of 2x2x2")!;
        Assert.InRange((double)patches["alpha"]!["estimate"]!, 0.3, 1.0);
        Assert.Equal((3, 8, 48), (patches["pairs"]!.AsArray().Count, patches["alphaOfCells"]!.AsArray().Count, (int)patches["units"]!));
        string page = await File.ReadAllTextAsync(Path.Combine(output, "agreement.html"), TestContext.Current.CancellationToken);
        Assert.Contains("<strong>simulated</strong>", page, StringComparison.Ordinal);
        Assert.Contains("Ceiling for models", page, StringComparison.Ordinal);

        result = await HaloLabProgram.Run("annotate", "agreement", _folder.StorePath, "--out", output, "--dimensions", "visual quality", "--annotators", "simulated-annotator-1,simulated-annotator-3");
        Assert.Contains("visual quality, whole videos           2", result.StandardOutput, StringComparison.Ordinal);
        Assert.DoesNotContain("local defect", result.StandardOutput, StringComparison.Ordinal);

        // People and simulated annotators are never mixed, and people come first.
        using (LabelStore store = LabelStore.Open(_folder.StorePath))
        {
            store.Append(labels.Where(label => label.Annotator == "simulated-annotator-1").Select(label => label with { Annotator = "anna", AnnotatorKind = AnnotatorKind.Human }), "a test");
        }

        await RefusesAsync("labels of anna alone", "annotate", "agreement", _folder.StorePath);
        await RefusesAsync("never mixed", "annotate", "agreement", _folder.StorePath, "--annotators", "anna,simulated-annotator-1");
        await RefusesAsync("no labels of 'nobody'", "annotate", "agreement", _folder.StorePath, "--annotators", "nobody,anna");
        await RefusesAsync("no labels in the dimensions", "annotate", "agreement", _folder.StorePath, "--annotators", "simulated-annotator-1,simulated-annotator-2", "--dimensions", "taste");
        await RefusesAsync("no such label store", "annotate", "agreement", _folder.At("none.sqlite"));
        await RefusesAsync("--annotators 1", [.. simulate.Select(argument => argument == "3" ? "1" : argument)]);
        await RefusesAsync("cannot judge 'visual quality' there", [.. simulate, "--patch-dimensions", "visual quality"]);
        await RefusesAsync("--stride", [.. simulate, "--stride", "1"]);
        await RefusesAsync("--port", "annotate", _folder.Clips, "--port", "-1");
    }

    [Fact]
    public async Task SimulatedAnnotatorsCompareToo()
    {
        Ffmpeg.Require();
        StudyOptions options = _folder.WithClips(1, perPrompt: 3).Options("1x2x2", "simulated-annotator-1", "simulated-annotator-2") with { Compares = true, PatchDimensions = ["local defect"] };
        await _folder.StartAsync(options);
        SimulatedAnnotation simulation = new(1, 2);
        for (int i = 0; i < 2; i++)
        {
            using AnnotationClient client = _folder.Client(simulation.Annotators[i]);
            await simulation.AnswerAsync(i, client, _ => { }, TestContext.Current.CancellationToken);
        }

        Label[] labels = _folder.Labels();
        Assert.Equal(2 * 3 * 5, labels.Length);
        Assert.All(labels, label => Assert.True(label.Choice is not null || label.Unanswered == Unanswered.CannotTell));
        Assert.Equal([("simulated-annotator-1", 3, 3), ("simulated-annotator-2", 3, 3)], _folder.Server.Progress());
    }

    private static async Task RefusesAsync(string expected, params string[] arguments)
    {
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}: {result.StandardError}");
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.StandardError, StringComparison.Ordinal);
    }
}
