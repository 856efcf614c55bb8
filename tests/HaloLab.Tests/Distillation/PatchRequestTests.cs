using HaloLab.Distillation;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.Distillation;

public class PatchRequestTests
{
    private static readonly PatchGrid Grid = new(2, 4, 4);
    private static readonly ToyCaption Caption = ToyCaption.Parse("a red circle moving left on a dark background");
    private static readonly VideoClip Clip = ToyClips.Clean(Caption, 1);

    private static ChatTeacherOptions Options => new()
    {
        Api = ChatApi.OpenAi,
        Endpoint = new Uri("https://example.org/v1"),
        Model = "m",
        Price = PriceTable.Shipped().Of("simulated"),
        Budget = 1,
        RepeatShare = 0,
        DuplicateShare = 0,
        View = new TeacherView { PatchesPerRequest = 5 },
    };

    [Theory]
    [InlineData(PatchView.Crops, 7)]
    [InlineData(PatchView.Overlay, 8)]
    public void EveryCellIsAskedOnceInAnOrderOfItsOwn(PatchView view, int requests)
    {
        IReadOnlyList<PatchRequest> plan = Plan(Options with { View = Options.View with { Patches = view } });
        Assert.Equal(requests, plan.Count);
        Assert.Equal(Enumerable.Range(0, 32), plan.SelectMany(request => request.Cells).Order());
        Assert.NotEqual(Enumerable.Range(0, 32), plan.SelectMany(request => request.Cells));
        Assert.Equal(plan.Count, plan.Select(request => request.Key).Distinct().Count());
        if (view == PatchView.Overlay)
        {
            Assert.All(plan, request => Assert.Single(request.Cells.Select(cell => Grid.Cell(cell).T).Distinct()));
        }
    }

    [Fact]
    public void RepeatsAskTheSameInAnotherOrderAndDuplicatesHideOnePatchTwice()
    {
        IReadOnlyList<PatchRequest> plan = Plan(Options with { RepeatShare = 1, DuplicateShare = 1 });
        int[] first = [.. plan.Where(request => request.Repeat == 0).SelectMany(Once)];
        int[] second = [.. plan.Where(request => request.Repeat == 1).SelectMany(Once)];
        Assert.Equal(Enumerable.Range(0, 32), first.Order());
        Assert.Equal(Enumerable.Range(0, 32), second.Order());
        Assert.NotEqual(first, second);
        Assert.All(plan, request => Assert.Equal(2, request.Cells.Count(cell => cell == request.Cells[request.Duplicate])));
        Assert.True(plan.Select(request => request.Duplicate).Distinct().Count() > 2, "always the same place");

        static IEnumerable<int> Once(PatchRequest request) => request.Cells.Where((_, place) => place != request.Duplicate);
    }

    [Fact]
    public void TheKeyChangesWithEverythingThatDeterminesTheRequest()
    {
        ChatTeacherOptions options = Options;
        PatchRequest[] others =
        [
            Plan(options with { Model = "n" })[0],
            Plan(options with { Api = ChatApi.Azure })[0],
            Plan(options with { Endpoint = new Uri("https://example.org/v2") })[0],
            Plan(options with { Temperature = null })[0],
            Plan(options with { Seed = 2 })[0],
            Plan(options with { View = options.View with { ContextFrames = 4 } })[0],
            Plan(options with { View = options.View with { CropsPerPatch = 1 } })[0],
            Plan(options with { View = options.View with { LongestSide = 256 } })[0],
            Plan(options with { View = options.View with { IsHighDetail = true } })[0],
            PatchRequest.Plan(Clip, "another prompt", Grid, options, "hash")[0],
            PatchRequest.Plan(ToyClips.Clean(Caption, 2), Caption.ToString(), Grid, options, "hash")[0],
            PatchRequest.Plan(Clip, Caption.ToString(), Grid, options, "another hash")[0],
        ];
        Assert.Equal(others.Length + 1, others.Select(request => request.Key).Append(Plan(options)[0].Key).Distinct().Count());

        // What does not change the answer does not change the key.
        Assert.Equal(Plan(options)[0].Key, Plan(options with { Budget = 7, InFlight = 3, Timeout = TimeSpan.FromSeconds(1), Key = "secret" })[0].Key);
        Assert.DoesNotContain("secret", Plan(options with { Key = "secret" })[0].Description, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSamplersSeedDependsOnTheQuestionNotOnTheAddress()
    {
        ChatTeacherOptions options = Options;
        long seed = Seed(options, Clip);
        Assert.Equal(seed, Seed(options with { Endpoint = new Uri("http://127.0.0.1:4711/v1"), Model = "n", Api = ChatApi.Azure }, Clip));
        Assert.NotEqual(seed, Seed(options, ToyClips.Clean(Caption, 2)));
        Assert.NotEqual(seed, Seed(options with { Temperature = null }, Clip));

        static long Seed(ChatTeacherOptions options, VideoClip clip)
        {
            PatchRequest request = PatchRequest.Plan(clip, Caption.ToString(), Grid, options, "hash")[0];
            return new ChatQuestion(request.Key, request.Description, PromptTemplate.For(PatchView.Crops), 1, 1, 1, 1, () => []).Seed;
        }
    }

    private static IReadOnlyList<PatchRequest> Plan(ChatTeacherOptions options) => PatchRequest.Plan(Clip, Caption.ToString(), Grid, options, "hash");
}
