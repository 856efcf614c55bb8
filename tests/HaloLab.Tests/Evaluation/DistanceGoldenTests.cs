using System.Text.Json;
using HaloLab.Evaluation;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Evaluation;

[Trait("Category", "Golden")]
public sealed class DistanceGoldenTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("vbench", "distances*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void FeatureDistancesMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        JsonElement results = golden.Json.GetProperty("results");
        double frechet = results.GetProperty("frechet").GetProperty("value").GetDouble();
        Assert.Equal(frechet, FeatureDistances.Frechet(Rows("x"), Rows("y")), 1e-8 * frechet);
        double deficient = results.GetProperty("frechet_rank_deficient").GetProperty("eigenvalue_route").GetDouble();
        Assert.Equal(deficient, FeatureDistances.Frechet(Rows("x_small"), Rows("y_small")), 1e-5 * deficient);
        double kernel = results.GetProperty("kernel_mmd2_poly3_unbiased").GetDouble();
        Assert.Equal(kernel, FeatureDistances.Kernel(Rows("x"), Rows("y")), 1e-8 * kernel);
        Assert.Throws<InputException>(() => FeatureDistances.Frechet(Rows("x")[..1], Rows("y")));

        double[][] Rows(string name) => [.. golden.Tensors["in." + name].to(ScalarType.Float64).unbind(0).Select(row => row.contiguous().data<double>().ToArray())];
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PictureSimilaritiesMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        double Result(string name) => golden.Json.GetProperty("results").GetProperty(name).GetDouble();
        double[] Values(string name) => golden.Tensors["in." + name].to(ScalarType.Float64).flatten().data<double>().ToArray();
        Assert.Equal(Result("psnr_uint8"), PictureSimilarity.Psnr(Values("image_a"), Values("image_b"), 255), 1e-9);
        Assert.Equal(Result("psnr_uint8"), PictureSimilarity.Psnr([.. Values("image_a").Select(value => (byte)value)], [.. Values("image_b").Select(value => (byte)value)]), 1e-9);
        Assert.Equal(Result("psnr_float01"), PictureSimilarity.Psnr([.. Values("image_a").Select(value => value / 255)], [.. Values("image_b").Select(value => value / 255)], 1), 1e-9);
        Assert.Equal(Result("ssim_gray_uniform7"), PictureSimilarity.Ssim(Picture(golden.Tensors["in.gray_a"]), Picture(golden.Tensors["in.gray_b"]), 255), 1e-9);
        Assert.Equal(Result("ssim_rgb_uniform7"), OfChannels(gaussian: false), 1e-9);
        Assert.Equal(Result("ssim_rgb_gaussian"), OfChannels(gaussian: true), 1e-9);
        Assert.Equal(Result("ssim_identical"), PictureSimilarity.Ssim(Picture(golden.Tensors["in.gray_a"]), Picture(golden.Tensors["in.gray_a"]), 255), 1e-9);

        double OfChannels(bool gaussian) => Enumerable.Range(0, 3).Average(channel =>
            PictureSimilarity.Ssim(Picture(golden.Tensors["in.image_a"].select(2, channel)), Picture(golden.Tensors["in.image_b"].select(2, channel)), 255, gaussian));
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void LpipsMatches(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        Tensor total = zeros(1);
        for (int layer = 0; golden.Tensors.ContainsKey($"in.lpips.a{layer}"); layer++)
        {
            Tensor distance = LpipsHead.Layer(golden.Tensors[$"in.lpips.a{layer}"], golden.Tensors[$"in.lpips.b{layer}"], golden.Tensors[$"in.lpips.w{layer}"]);
            TensorAssert.Close(golden.Tensors[$"out.lpips_layer{layer}"], distance, 1e-6, what: $"layer {layer}");
            total += distance;
        }

        TensorAssert.Close(golden.Tensors["out.lpips"], total, 1e-6, what: "sum");
        TensorAssert.Close(golden.Tensors["out.lpips_scaled_pixels"], LpipsHead.Prepare(golden.Tensors["in.pixels"]), 1e-6, what: "pixels");
    }

    private static double[,] Picture(Tensor levels_HW)
    {
        double[,] picture = new double[levels_HW.shape[0], levels_HW.shape[1]];
        double[] values = levels_HW.to(ScalarType.Float64).contiguous().data<double>().ToArray();
        Buffer.BlockCopy(values, 0, picture, 0, values.Length * sizeof(double));
        return picture;
    }
}
