using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Distillation;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.TeacherEndpoint;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.Distillation;

public sealed class PairTeacherTests : IDisposable
{
    private const string Key = "sk-test-pairs";
    private static readonly PatchGrid Grid = new(2, 4, 4);
    private static readonly ToyCaption Caption = ToyCaption.Parse("a red circle moving left on a dark background");
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-pairs").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task EveryPatchIsAskedInBothOrdersAndContradictionsAreTies()
    {
        string log = Path.Combine(_folder, "charged.jsonl");
        await using SimulatedEndpoint endpoint = await SimulatedEndpoint.StartAsync(new SimulatedEndpointOptions { Key = Key, Log = log, Record = Path.Combine(_folder, "record") }, Cancellation);
        await using RequestLedger ledger = RequestLedger.Open(Path.Combine(_folder, "ledger.db"), 5m);
        using PairTeacher teacher = new(Options(endpoint.Address), ledger);
        VideoClip clean = ToyClips.Clean(Caption, 1);
        VideoClip damaged = WithoutItsRightHalf(clean);
        (IReadOnlyList<PairLabel> labels, int unanswered) = await teacher.CompareAsync(damaged, clean, Caption.ToString(), Grid, Cancellation);

        Assert.Equal((32 * 6, 0), (labels.Count, unanswered));
        Assert.Equal(2 * 4, ChargedLog.Read(log).Length);
        foreach (PairLabel label in labels)
        {
            Assert.Equal((damaged.ContentHash, clean.ContentHash), (label.Clip, label.OtherClip));
            Assert.Equal(label.ChoiceInOrder == label.ChoiceSwapped ? label.ChoiceInOrder : PairChoice.Same, label.Choice);
        }

        // The clean clip wins where the other is damaged; nowhere does the damaged one win often.
        PairLabel[] bad = [.. labels.Where(label => label.Dimension == GradeDimension.LocalDefect && Grid.Cell(label.Cell).W >= 2)];
        Assert.True(bad.Count(label => label.Choice == PairChoice.B) >= bad.Length / 2, "the damaged clip was not found out");
        Assert.True(bad.Count(label => label.Choice == PairChoice.A) <= bad.Length / 4, "the damaged clip won");

        // The endpoint favours what it is shown first, and the counts say so.
        IReadOnlyList<OrderConsistency> orders = OrderConsistency.Of(labels);
        Assert.True(orders.Sum(order => order.Inconsistent) > 0);
        Assert.All(orders, order => Assert.Equal(32, order.A + order.B + order.Same + order.Inconsistent));

        // Rows have the fields of HaloLab's table of labels.
        string path = Path.Combine(_folder, "comparisons.jsonl");
        TeacherLabelFile.Write(path, labels);
        JsonNode row = JsonNode.Parse(File.ReadLines(path).First())!;
        Assert.Contains(row["choice"]!.GetValue<string>(), new[] { "A", "B", "same" });
        Assert.Equal("visual quality", row["dimension"]!.GetValue<string>());
        Assert.Equal("simulated", row["annotator_kind"]!.GetValue<string>());
    }

    [Fact]
    public async Task ARefusalInEitherOrderIsNoTie()
    {
        await using SimulatedEndpoint endpoint = await SimulatedEndpoint.StartAsync(new SimulatedEndpointOptions { Key = Key, Faults = FaultRates.Parse(["refusal=0.5"]) }, Cancellation);
        await using RequestLedger ledger = RequestLedger.Open(Path.Combine(_folder, "ledger.db"), 5m);
        using PairTeacher teacher = new(Options(endpoint.Address), ledger);
        (IReadOnlyList<PairLabel> labels, _) = await teacher.CompareAsync(ToyClips.Clean(Caption, 1), ToyClips.Clean(Caption, 2), Caption.ToString(), Grid, Cancellation);
        Assert.Equal(32 * 6, labels.Count);
        Assert.Contains(labels, label => label.Choice is null);
        Assert.All(labels, label => Assert.Equal(label.ChoiceInOrder is null || label.ChoiceSwapped is null, label.Choice is null));
        Assert.All(labels.Where(label => label.Choice is null), label => Assert.Equal("refused", label.Unanswered));
    }

    [Fact]
    public async Task ClipsOfDifferentSizesAreNotCompared()
    {
        await using RequestLedger ledger = RequestLedger.Open(Path.Combine(_folder, "ledger.db"), 5m);
        using PairTeacher teacher = new(Options(new Uri("http://127.0.0.1:9")), ledger);
        VideoClip clip = ToyClips.Clean(Caption, 1);
        VideoClip longer = new([.. clip.Pixels, .. clip.Pixels], 16, 32, 32, 8);
        InputException refused = await Assert.ThrowsAsync<InputException>(() => teacher.CompareAsync(clip, longer, Caption.ToString(), Grid, Cancellation));
        Assert.Contains("differ in frames or size", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, ledger.Attempts);
    }

    [Theory]
    [InlineData(PairChoice.A, PairChoice.A, 1, 0, 0, 0)]
    [InlineData(PairChoice.B, PairChoice.B, 0, 1, 0, 0)]
    [InlineData(PairChoice.Same, PairChoice.Same, 0, 0, 1, 0)]
    [InlineData(PairChoice.A, PairChoice.B, 0, 0, 0, 1)]
    [InlineData(PairChoice.Same, PairChoice.B, 0, 0, 0, 1)]
    public void OrdersAreCounted(PairChoice inOrder, PairChoice swapped, int a, int b, int same, int inconsistent)
    {
        PairLabel label = new()
        {
            Clip = "a",
            OtherClip = "b",
            Prompt = "p",
            Grid = "1x1x1",
            Cell = 0,
            Dimension = GradeDimension.LocalDefect,
            Choice = PairChoice.Same,
            ChoiceInOrder = inOrder,
            ChoiceSwapped = swapped,
            Annotator = "m",
            AnsweredAt = DateTimeOffset.UnixEpoch,
            TemplateHash = "h",
            ResponseId = "r",
        };
        OrderConsistency counted = OrderConsistency.Of([label]).Single(order => order.Dimension == GradeDimension.LocalDefect);
        Assert.Equal((1, a, b, same, inconsistent), (counted.Patches, counted.A, counted.B, counted.Same, counted.Inconsistent));
        double? favoured = (inOrder, swapped) switch { (PairChoice.Same, PairChoice.Same) => null, (PairChoice.A, PairChoice.B) or (PairChoice.Same, PairChoice.B) => 1, _ => 0.5 };
        Assert.Equal(favoured, counted.FirstFavoured);
    }

    [Fact]
    public void OnlyTheThreeChoicesAreAnAnswer()
    {
        JsonObject patch = new() { ["patch"] = 1 };
        foreach (GradeDimension dimension in Enum.GetValues<GradeDimension>())
        {
            patch[AnswerReader.NameOf(dimension)] = new JsonObject { ["reason"] = "", ["better"] = "video 2", ["confidence"] = 1 };
        }

        JsonObject answer = new() { ["patches"] = new JsonArray(patch) };
        Assert.All(AnsweredPair.Parse(answer.ToJsonString(), 1)[0].Better, choice => Assert.Equal(PairChoice.B, choice));
        patch["local_defect"]!["better"] = "video 3";
        Assert.Contains("'video 3'", Assert.Throws<JsonException>(() => AnsweredPair.Parse(answer.ToJsonString(), 1)).Message, StringComparison.Ordinal);
    }

    /// <summary>The same, with noise in the right half of every frame.</summary>
    private static VideoClip WithoutItsRightHalf(VideoClip clip)
    {
        byte[] pixels = clip.Pixels.ToArray();
        byte[] noise = new byte[pixels.Length];
        new RandomStream(1, "test noise").NextBytes(noise);
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i / 3 % clip.Width >= clip.Width / 2 ? noise[i] : pixels[i];
        }

        return new VideoClip(pixels, clip.Frames, clip.Height, clip.Width, clip.FramesPerSecond);
    }

    private static ChatTeacherOptions Options(Uri address) => new()
    {
        Api = ChatApi.Azure,
        Endpoint = address,
        Model = "simulated",
        Key = Key,
        Price = PriceTable.Shipped().Of("simulated"),
        Budget = 5,
        RetryDelay = TimeSpan.FromMilliseconds(5),
        View = new TeacherView { PatchesPerRequest = 8 },
    };
}
