using HaloLab.Displays;
using HaloLab.Notebooks.Displays;
using HaloLab.Preferences;
using HaloLab.Videos;
using Microsoft.Data.Analysis;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;

namespace HaloLab.Notebooks.Tests.Displays;

/// <summary>The displays as .NET Interactive finds them, by its own package.</summary>
public class InteractiveFormattingTests
{
    private static readonly PatchRewards Rewards = new(new PatchGrid(1, 1, 2), [-1, 1]);

    public static TheoryData<object, string, string> Values => new()
    {
        { new VideoClip(new byte[12], 1, 2, 2, 8), "halo-player", "clip: 1 frames of 2x2 at 8 per second" },
        { Rewards, "halo-cells", "patch reward" },
        { new PreferencePair("a prompt", new Candidate("a", 1, Rewards), new Candidate("b", 0, Rewards), "test"), "halo-card", "A is better as a whole: 1.00 against 0" },
        { new PairSet([new PreferencePair("a prompt", new Candidate("a", 1), new Candidate("b", 0), "test")], 1, new Dictionary<PairDropReason, int>()), "halo-card", "no patch rewards" },
        { new ForestPlot("effects", "points", [new ForestRow("one", null)]), "<svg", "not run" },
        { new TrainingCurves("training", 3), "halo-work", "training: not begun" },
        { new AblationTable("t", [new AblationColumn("m")], [("arm", [1.0])]), "<table", "arm" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void OwnTypesAreFoundByConvention(object value, string markup, string text)
    {
        string html = value.ToDisplayString("text/html");
        Assert.StartsWith("<div class=\"halo\"><style>", html, StringComparison.Ordinal);
        Assert.Contains(markup, html[html.IndexOf("</style>", StringComparison.Ordinal)..html.IndexOf("<script>", StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.Contains(text, value.ToDisplayString("text/plain"), StringComparison.Ordinal);

        // HaloLab's own kernel shows the same.
        MimeBundle bundle = new DisplayFormatters().Format(value);
        Assert.Equal(html, bundle.Forms[MimeBundle.Html]);
        Assert.Equal(value.ToDisplayString("text/plain"), bundle.Forms[MimeBundle.PlainText]);
    }

    [Fact]
    public void TypesOfOtherPackagesAreRegistered()
    {
        // Names the package, so that its assembly is loaded.
        Assert.Equal("text/html", Formatter.DefaultMimeType);
        Assert.True(InteractiveFormatting.Register());
        using torch.Tensor tensor = torch.arange(3);
        Assert.Equal("int64 [3]  range 0 … 2.00  mean 1.00  std 1.00  ▁▅█", tensor.ToDisplayString("text/plain"));
        Assert.Contains("halo-facts", tensor.ToDisplayString("text/html"), StringComparison.Ordinal);
        using torch.nn.Module<torch.Tensor, torch.Tensor> module = torch.nn.Linear(2, 3);
        Assert.StartsWith("Linear: 9 parameters", module.ToDisplayString("text/plain"), StringComparison.Ordinal);
        DataFrame frame = new(new DoubleDataFrameColumn("x", [0.5, 2]));
        Assert.Equal(["  x", "───", "0.5", "  2"], frame.ToDisplayString("text/plain").Split(Environment.NewLine));
        Assert.Contains("halo-table", frame.ToDisplayString("text/html"), StringComparison.Ordinal);

        Plotly.NET.GenericChart chart = Plotly.NET.CSharp.Chart.Line<int, int, string>([1, 2], [3, 4]);
        string first = chart.ToDisplayString("text/html");
        Assert.Contains("halo-plotly", first, StringComparison.Ordinal);
        Assert.Contains("DecompressionStream", first, StringComparison.Ordinal);
        Assert.DoesNotContain("DecompressionStream", chart.ToDisplayString("text/html"), StringComparison.Ordinal);
        Assert.Equal("Plotly chart: scatter of 2 values", chart.ToDisplayString("text/plain"));
    }

    [Fact]
    public void TensorsAndModulesAreOursInTheKernelToo()
    {
        DisplayFormatters formatters = new();
        using torch.Tensor tensor = torch.arange(3);
        Assert.Contains("class=\"halo-facts\"", formatters.Format(tensor).Forms[MimeBundle.Html], StringComparison.Ordinal);
        Assert.StartsWith("int64 [3]", formatters.Format(tensor).Forms[MimeBundle.PlainText], StringComparison.Ordinal);
        using torch.nn.Module<torch.Tensor, torch.Tensor> module = torch.nn.Linear(2, 3);
        Assert.Contains("class=\"halo-tree\"", formatters.Format(module).Forms[MimeBundle.Html], StringComparison.Ordinal);
    }

    [Fact]
    public void ClipsInAListPlayInStep()
    {
        VideoClip clip = new(new byte[12], 1, 2, 2, 8);
        MimeBundle bundle = new DisplayFormatters().Format(new[] { clip, clip });
        Assert.StartsWith("clip 0: 1 frames", bundle.Forms[MimeBundle.PlainText], StringComparison.Ordinal);
        Assert.Equal(1, System.Text.RegularExpressions.Regex.Count(bundle.Forms[MimeBundle.Html], "<figure class=\"halo-player\""));
    }
}
