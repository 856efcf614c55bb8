using HaloLab.Models.Qwen2Vl;
using HaloLab.Videos;

namespace HaloLab.Tests.Models.Qwen2Vl;

/// <summary>What is shown of clips, and what is not.</summary>
public sealed class Qwen2VlViewingTests
{
    [Fact]
    public void AClipOfMoreTokensThanTheModelTakesIsRefusedBeforeItIsPrepared()
    {
        VideoClip clip = new(new byte[10000 * 16 * 16 * 3], 10000, 16, 16, 25);
        long before = GC.GetAllocatedBytesForCurrentThread();
        InputException error = Assert.Throws<InputException>(() => new Qwen2VlViewing(Rate: 8).Of(clip, new Qwen2VlConfig()));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);

        // 768 frames are 384 pairs of 12x12 tokens.
        Assert.Contains("A video of 10000 frames is too long for Qwen2-VL: the 768 that it is shown become 55296 tokens, and config.json allows 32768", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(288, true)]
    [InlineData(287, false)]
    public void TheLimitIsTheConfigurations(int most, bool fits)
    {
        // Four frames: two pairs of 12x12 tokens.
        VideoClip clip = new(new byte[4 * 16 * 16 * 3], 4, 16, 16, 4);
        Qwen2VlConfig config = new() { MaxPositionEmbeddings = most };
        if (!fits)
        {
            Assert.Throws<InputException>(() => new Qwen2VlViewing(Rate: 4).Of(clip, config));
            return;
        }

        Qwen2VlView view = new Qwen2VlViewing(Rate: 4).Of(clip, config);
        view.Patches_NV.Dispose();
        Assert.Equal(288, view.Grid.Tokens(config.VisionConfig.SpatialMergeSize));
    }
}
