using System.Text.RegularExpressions;
using HaloLab.Displays;
using HaloLab.Tests.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Displays;

public class TensorDisplayTests
{
    [Fact]
    public void ATensorIsOneLine()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal("float32 [3]  range 1.00 … 3.00  mean 2.00  std 1.00  ▁▅█", Text(tensor(new[] { 1f, 2, 3 })));
        Assert.Equal("x: int64 [2, 2]  range 1.00 … 4.00  mean 2.50  std 1.29  █▁▁▁▁▁▁▁█▁▁▁▁▁▁▁█▁▁▁▁▁▁█", new TensorDisplay(tensor(new long[,] { { 1, 2 }, { 3, 4 } }), "x").ToText());
        Assert.Equal("float32 scalar  0.693147", Text(tensor((float)Math.Log(2))));
        Assert.Equal("bool [4]  true 75 %", Text(tensor(new[] { true, true, false, true })));
        Assert.Equal("float32 [0, 3]  empty", Text(zeros(0, 3)));
        Assert.Equal("float32 [1000000, 1000000]  no values (meta)", Text(zeros([1_000_000, 1_000_000], device: META)));
        Assert.Equal("float32 [2], with gradient  range 0 … 0  mean 0  std 0  ▁▁", Text(zeros([2], requires_grad: true)));
        Assert.StartsWith("complexfloat32 [1]  magnitude 5.00 … 5.00", Text(tensor(new[] { (3f, 4f) }, [1], dtype: ScalarType.ComplexFloat32)), StringComparison.Ordinal);
        Tensor freed = ones(2);
        freed.Dispose();
        Assert.Equal("a tensor that was freed", Text(freed));
    }

    [Fact]
    public void ValuesThatAreNotNumbersAreFlagged()
    {
        using Tensor values = tensor(new[] { 1f, float.NaN, float.NegativeInfinity, 3 });
        Assert.Equal("float32 [4]  range 1.00 … 3.00  mean 2.00  std 1.41  ▁█  ! 1 NaN  ! 1 infinite", Text(values));
        Assert.Contains("<span class=\"halo-chip halo-contradicted\">1 NaN</span>", new TensorDisplay(values).ToHtml().Markup, StringComparison.Ordinal);
        using Tensor nothing = tensor(new[] { float.NaN, float.NaN });
        Assert.Equal("float32 [2]  ! 2 NaN", Text(nothing));
    }

    [Fact]
    public void LargeTensorsAreSampledButSearchedWhole()
    {
        using Tensor large = zeros((2 * TensorDisplay.MaximumValues) + 5, ScalarType.Float32);
        large[1] = float.NaN;
        string text = Text(large);
        Assert.Contains("(one value in 3)", text, StringComparison.Ordinal);
        Assert.EndsWith("! 1 NaN", text, StringComparison.Ordinal);
        Assert.InRange(new TensorDisplay(large).ToHtml().Markup.Length, 1, 20_000);
    }

    [Fact]
    public void SlicesAreTilesOfOnePictureInDivergingColours()
    {
        using Tensor slices = cat([full([1, 2, 3], -1.0), full([1, 2, 3], 1.0)]);
        string markup = new TensorDisplay(slices).ToHtml().Markup;
        PngReader picture = PngReader.Read(Convert.FromBase64String(Regex.Match(markup, "base64,([^\"]*)").Groups[1].Value));
        Assert.Equal((7, 2), (picture.Width, picture.Height));
        ColourScale scale = ColourScale.Diverging(0, 1);
        Assert.Equal(scale.Colour(-1), Pixel(0));
        Assert.Equal(0, Pixel(3).Opacity);
        Assert.Equal(scale.Colour(1), Pixel(4));
        Assert.Contains("2 slices of 2&#215;3", markup, StringComparison.Ordinal);

        using Tensor huge = ones(40, 1000, 1000);
        Assert.InRange(new TensorDisplay(huge).ToHtml().Markup.Length, 1, 400_000);

        (byte Red, byte Green, byte Blue, byte Opacity) Pixel(int x) => (picture.Pixels[x * 4], picture.Pixels[(x * 4) + 1], picture.Pixels[(x * 4) + 2], picture.Pixels[(x * 4) + 3]);
    }

    [Fact]
    public void ShowingLeavesNoTensorBehind()
    {
        using Tensor tensor = randn(3, 20, 30);
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++)
        {
            _ = new TensorDisplay(tensor).ToHtml();
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void AModuleIsATreeWithShapesAndSums()
    {
        using nn.Module module = nn.Sequential(("first", nn.Linear(3, 4)), ("act", nn.ReLU()), ("inner", nn.Sequential(("last", nn.Linear(4, 2)))));
        module.parameters().First().requires_grad = false;
        ModuleDisplay display = new(module);
        Assert.Equal((26, 14, 104), (display.Parameters, display.Trained, display.Bytes));
        string[] lines = display.ToText().Split(Environment.NewLine);
        Assert.Equal("Sequential: 26 parameters, 104 B, 14 of them trained", lines[0]);
        Assert.Equal("  first  Linear  weight [4, 3] (fixed), bias [4]  16", lines[1]);
        Assert.Equal("  act  ReLU  0", lines[2]);
        Assert.Equal("  inner  Sequential  10", lines[3]);
        Assert.Equal("    last  Linear  weight [2, 4], bias [2]  10", lines[4]);
        Assert.Equal(5, lines.Length);
    }

    [Fact]
    public void ALargeModuleIsCutButCounted()
    {
        using nn.Module module = nn.Sequential(Enumerable.Range(0, ModuleDisplay.MaximumModules + 10).Select(i => ($"l{i}", (nn.Module<Tensor, Tensor>)nn.Linear(1, 1))).ToArray());
        ModuleDisplay display = new(module);
        Assert.Equal(2 * (ModuleDisplay.MaximumModules + 10), display.Parameters);
        Assert.Contains("11 more parts are not listed", display.ToHtml().Markup, StringComparison.Ordinal);
        Assert.InRange(display.ToText().Split(Environment.NewLine).Length, 50, 70);
    }

    [Fact]
    public void MemoryShowsWhatChanged()
    {
        using Tensor held = zeros(10, 10);
        using nn.Module module = nn.Linear(3, 2);
        MemoryDisplay first = new(null, ("held", held), ("module", module));
        using Tensor more = zeros(25, 10);
        MemoryDisplay second = new(first, ("held", more), ("module", module));
        Assert.Matches(@"held +400 B", first.ToText());
        Assert.Matches(@"held +1000 B +\+600 B", second.ToText());
        Assert.Matches(@"module +32 B +0", second.ToText());
        Assert.Matches(@"live tensors of this thread's dispose scopes +\S+ +\+1", second.ToText());
        Assert.True(first.LiveTensors > 0);
        Assert.Throws<ArgumentException>(() => new MemoryDisplay(null, ("text", "no tensor")));
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(200L << 20, "200 MiB")]
    [InlineData(3L << 40, "3.0 TiB")]
    public void MemoryIsWrittenInBinaryUnits(long bytes, string expected) => Assert.Equal(expected, DisplayNumber.Bytes(bytes));

    private static string Text(Tensor tensor) => new TensorDisplay(tensor).ToText();
}
