using System.Text.Json;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Qwen2Vl;

[Trait("Category", "Golden")]
public sealed class Qwen2VlProcessorTests
{
    private const double PixelLimit = 1e-6;
    private const double FloatLimit = 2e-3;

    /// <summary>One grey level after normalisation.</summary>
    private const double GreyLevel = 0.0152;

    public static IEnumerable<TheoryDataRow<GoldenCase>> ResizeCases() => GoldenCase.Find("qwen2vl", "resize_ops*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> VideoCases() => GoldenCase.Find("qwen2vl", "processor_video*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> RealSizes() => GoldenCase.Find("qwen2vl", "processor_real_size*");

    [Theory]
    [MemberData(nameof(ResizeCases), DisableDiscoveryEnumeration = true)]
    public void PicturesAreResizedAsPillowAndPyTorchDo(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        foreach (string name in golden.Tensors.Keys.Where(key => key.StartsWith("in.", StringComparison.Ordinal)).Select(key => key[3..]))
        {
            Tensor picture_CHW = golden.Tensors["in." + name];
            Tensor Expected(string kind) => golden.Tensors[$"out.{name}.{kind}"];
            (int height, int width) = ((int)Expected("pil_bicubic_u8").shape[1], (int)Expected("pil_bicubic_u8").shape[2]);
            foreach ((string kind, bool columnsMayComeFirst) in new[] { ("pil_bicubic_u8", false), ("pillow13_bicubic_u8", true) })
            {
                byte[] resized = PillowResizing.Resize(Bytes(picture_CHW.permute(1, 2, 0)), (int)picture_CHW.shape[1], (int)picture_CHW.shape[2], height, width, columnsMayComeFirst);
                Assert.True(Bytes(Expected(kind).permute(1, 2, 0)).SequenceEqual(resized), $"{name}: {kind}");
            }

            Tensor levels_1CHW = picture_CHW.unsqueeze(0).to(ScalarType.Float32);
            Tensor smoothed_CHW = PictureResizing.Resize(levels_1CHW, height, width, ResizeFilter.Bicubic, smooths: true)[0];
            TensorAssert.Close(Expected("torch_bicubic_aa_f32"), smoothed_CHW, FloatLimit, what: name + ": smoothed");
            TensorAssert.Close(Expected("torch_bicubic_noaa_f32"), PictureResizing.Resize(levels_1CHW, height, width, ResizeFilter.Bicubic, smooths: false)[0], FloatLimit, what: name + ": not smoothed");

            // A level more or less only where the value is next to a half.
            Tensor step_CHW = (smoothed_CHW.clamp(0, 255).round() - Expected("torch_bicubic_aa_u8").to(ScalarType.Float32)).abs();
            Tensor isHalf_CHW = (smoothed_CHW - smoothed_CHW.floor() - 0.5).abs().lt(FloatLimit);
            Assert.True((step_CHW.eq(0) | (step_CHW.eq(1) & isHalf_CHW)).all().item<bool>(), name + ": rounded");
        }
    }

    [Theory]
    [MemberData(nameof(VideoCases), DisableDiscoveryEnumeration = true)]
    public void VideosAndPicturesBecomeTheReferencesPatches(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        JsonElement element = golden.Json.GetProperty("video_element");
        (double least, double most) = (element.GetProperty("min_pixels").GetDouble(), element.GetProperty("max_pixels").GetDouble());
        Qwen2VlProcessor processor = new(new Qwen2VlVisionConfig
        {
            PatchSize = golden.Json.GetProperty("patch_size").GetInt32(),
            TemporalPatchSize = golden.Json.GetProperty("temporal_patch_size").GetInt32(),
            SpatialMergeSize = golden.Json.GetProperty("merge_size").GetInt32(),
        });
        Tensor video_TCHW = golden.Tensors["in.video"];
        (Tensor patches, Qwen2VlGrid grid) = processor.Patches(golden.Tensors["tap.resized_u8"]);
        TensorAssert.Close(golden.Tensors["out.pixel_values"], patches, PixelLimit, what: "patches of resized frames");
        Assert.Equal(golden.Tensors["out.grid_thw"].data<long>().ToArray(), new long[] { grid.Time, grid.Height, grid.Width });
        TensorAssert.Close(golden.Tensors["out.pixel_values"], processor.Video(video_TCHW, least, most).Patches_NV, GreyLevel, what: "patches of the video");

        Tensor still_HWC = video_TCHW[1].permute(1, 2, 0).contiguous();
        (patches, grid) = processor.Image(Bytes(still_HWC), (int)still_HWC.shape[0], (int)still_HWC.shape[1], least, most);
        TensorAssert.Close(golden.Tensors["out.image_pixel_values"], patches, PixelLimit, what: "patches of the picture");
        Assert.Equal(golden.Tensors["out.image_grid_thw"].data<long>().ToArray(), new long[] { grid.Time, grid.Height, grid.Width });

        // Of an odd number of frames the last stands twice.
        Tensor odd = processor.Video(video_TCHW.narrow(0, 0, 3), least, most).Patches_NV;
        Tensor even = processor.Video(video_TCHW.index_select(0, tensor([0L, 1, 2, 2])), least, most).Patches_NV;
        TensorAssert.Identical(even, odd);
    }

    [Theory]
    [MemberData(nameof(RealSizes), DisableDiscoveryEnumeration = true)]
    public void ARealSizeGivesTheReferencesSums(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        int Integer(string name) => golden.Json.GetProperty(name).GetInt32();
        (int frames, int height, int width, int seed) = (Integer("T"), Integer("h"), Integer("w"), Integer("seed"));
        byte[] pixels = new byte[frames * 3 * height * width];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int t, int c, int y, int x) = (i / (3 * height * width), i / (height * width) % 3, i / width % height, i % width);
            pixels[i] = (byte)((7 * x) + (13 * y) + (31 * t) + (17 * c) + (x * y % 251) + seed);
        }

        Tensor frames_TCHW = tensor(pixels, [frames, 3, height, width], dtype: ScalarType.Byte);
        (double least, double most) = (Integer("min_pixels"), Integer("max_pixels"));
        Tensor resized_TCHW = Qwen2VlProcessor.Resized(frames_TCHW, least, most);
        Assert.Equal(golden.Json.GetProperty("resized").EnumerateArray().Select(side => side.GetInt64()), resized_TCHW.shape[2..]);
        TensorAssert.Close(golden.Tensors["tap.resized_first_row_u8"].to(ScalarType.Float32), resized_TCHW[0].select(1, 0), 1, what: "first row");
        (Tensor patches, Qwen2VlGrid grid) = new Qwen2VlProcessor(new Qwen2VlVisionConfig()).Video(frames_TCHW, least, most);
        Assert.Equal(golden.Tensors["out.grid_thw"].data<long>().ToArray(), new long[] { grid.Time, grid.Height, grid.Width });
        TensorAssert.Close(golden.Tensors["out.sample_value"], patches.flatten().index_select(0, golden.Tensors["in.sample_index"]), GreyLevel, what: "sampled values");
        Tensor wide = patches.to(ScalarType.Float64);
        foreach ((string name, double sum) in new[] { ("out.sum", wide.sum().item<double>()), ("out.sum_sq", wide.square().sum().item<double>()) })
        {
            double expected = golden.Tensors[name].item<float>();
            Assert.True(Math.Abs(sum - expected) <= 2e-5 * Math.Abs(expected), $"{name}: {sum}, expected {expected}");
        }
    }

    private static byte[] Bytes(Tensor levels) => levels.contiguous().bytes.ToArray();
}
