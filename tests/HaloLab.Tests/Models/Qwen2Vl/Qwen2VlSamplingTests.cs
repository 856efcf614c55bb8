using System.Text.Json;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Models.Qwen2Vl;

[Trait("Category", "Golden")]
public sealed class Qwen2VlSamplingTests
{
    private const long LeastPixels = 128 * 28 * 28;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Sizes() => GoldenCase.Find("qwen2vl", "smart_resize*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> FrameRules() => GoldenCase.Find("qwen2vl", "frame_sampling*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Budgets() => GoldenCase.Find("qwen2vl", "video_pixel_budget*");

    [Theory]
    [MemberData(nameof(Sizes), DisableDiscoveryEnumeration = true)]
    public void SizesAreTheReferences(GoldenCase golden)
    {
        foreach (JsonElement row in golden.Json.GetProperty("rows").EnumerateArray())
        {
            foreach ((string rule, bool widens) in new[] { ("videoalign", true), ("hf_4_45", false) })
            {
                JsonElement expected = row.GetProperty(rule);
                (int Height, int Width) Size() => Qwen2VlSampling.SmartResize(Integer(row, "h"), Integer(row, "w"), row.GetProperty("min_pixels").GetDouble(), row.GetProperty("max_pixels").GetDouble(), widens);

                // Where the reference ends at a side of 0, there is an error here.
                if (expected.ValueKind == JsonValueKind.Array && expected.EnumerateArray().All(side => side.GetInt32() > 0))
                {
                    Assert.Equal((expected[0].GetInt32(), expected[1].GetInt32()), Size());
                }
                else
                {
                    Assert.Throws<InputException>(() => Size());
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(FrameRules), DisableDiscoveryEnumeration = true)]
    public void FramesAreTheReferences(GoldenCase golden)
    {
        foreach (JsonElement row in golden.Json.GetProperty("rows").EnumerateArray())
        {
            int total = Integer(row, "total_frames");
            JsonElement request = row.GetProperty("request");
            int? Given(string name) => request.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : null;
            int Count() => Given("nframes") is int frames
                ? Qwen2VlSampling.FrameCount(total, frames)
                : Qwen2VlSampling.FrameCount(total, row.GetProperty("video_fps").GetDouble(), request.GetProperty("fps").GetDouble(), Given("min_frames") ?? 4, Given("max_frames"));
            if (row.GetProperty("nframes").ValueKind != JsonValueKind.Number)
            {
                Assert.Throws<InputException>(() => Count());
                continue;
            }

            Assert.True(Integer(row, "nframes") == Count(), $"{row}: {Count()}");
            Assert.Equal(row.GetProperty("indices").EnumerateArray().Select(index => index.GetInt32()), Qwen2VlSampling.Frames(total, Count()));
        }
    }

    [Theory]
    [MemberData(nameof(Budgets), DisableDiscoveryEnumeration = true)]
    public void TheBudgetOfPixelsIsTheReferences(GoldenCase golden)
    {
        foreach (JsonElement row in golden.Json.GetProperty("rows").EnumerateArray())
        {
            double budget = Qwen2VlSampling.PixelsPerFrame(Integer(row, "nframes"));
            Assert.Equal(row.GetProperty("max_pixels").GetDouble(), budget, 1e-6);
            Assert.Equal((row.GetProperty("resized")[0].GetInt32(), row.GetProperty("resized")[1].GetInt32()), Qwen2VlSampling.SmartResize(Integer(row, "h"), Integer(row, "w"), LeastPixels, budget));
        }
    }

    private static int Integer(JsonElement row, string name) => row.GetProperty(name).GetInt32();
}
