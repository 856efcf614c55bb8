using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Wan;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Wan;

public sealed class WanAutoencoderTests
{
    private const double Limit = 5e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("wan", "wan_vae*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void LatentsAndVideosMatchTheReference(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        WanAutoencoder model = Load(golden);
        Dictionary<string, List<Tensor>> taps = [];
        model.encoder.conv_in.register_forward_hook((_, _, output) => Keep("enc_conv_in", output.slice(3, 0, output.shape[3], 4).slice(4, 0, output.shape[4], 4), output));
        model.encoder.mid_block.register_forward_hook((_, _, _, output) => Keep("enc_mid", output, output));
        model.decoder.up_blocks[0].register_forward_hook((_, _, _, output) => Keep("dec_up0", output, output));
        foreach ((string tag, Tensor video) in golden.WithPrefix("in.video."))
        {
            (Tensor mean, Tensor logVariance) = model.Moments(video);
            TensorAssert.Close(golden.Tensors[$"out.mean.{tag}"], mean, Limit, what: $"mean {tag}");
            TensorAssert.Close(golden.Tensors[$"out.logvar.{tag}"], logVariance, Limit, what: $"logvar {tag}");
            CheckTaps(tag);
            TensorAssert.Close(golden.Tensors[$"out.latents.{tag}"], model.Encode(video), Limit, what: $"latents {tag}");
            taps.Clear();
        }

        foreach ((string tag, Tensor latents) in golden.WithPrefix("in.latents."))
        {
            TensorAssert.Close(golden.Tensors[$"tap.dec_preclamp.{tag}"], model.DecodeUnclamped(latents, 1), Limit, what: $"before the clamp {tag}");
            CheckTaps(tag);
            TensorAssert.Close(golden.Tensors[$"out.video.{tag}"], model.Decode(latents), Limit, what: $"video {tag}");
            taps.Clear();
        }

        Tensor Keep(string name, Tensor kept, Tensor output)
        {
            taps.TryAdd(name, []);
            taps[name].Add(kept.clone().DetachFromDisposeScope());
            return output;
        }

        void CheckTaps(string tag)
        {
            Assert.NotEmpty(taps);
            foreach ((string name, List<Tensor> pieces) in taps)
            {
                if (golden.Tensors.TryGetValue($"tap.{name}.{tag}", out Tensor? expected))
                {
                    TensorAssert.Close(expected, cat([.. pieces], 2), Limit, what: $"{name} {tag}");
                }
            }
        }
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PiecesGiveTheNumbersOfTheWhole(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        WanAutoencoder model = Load(golden);
        Tensor latents = golden.WithPrefix("in.latents.").Values.MaxBy(item => item.shape[2])!;
        TensorAssert.Close(model.Decode(latents), model.Decode(latents, framesAtOnce: 100), Limit, what: "decoded");
        Tensor video = golden.WithPrefix("in.video.").Values.MaxBy(item => item.shape[2])!;
        TensorAssert.Close(model.Moments(video).Mean_BCTHW, model.Moments(video, framesAtOnce: 100).Mean_BCTHW, Limit, what: "encoded");
    }

    [Fact]
    public void DecodingLeavesNothingBehindAndOtherLengthsAreRefused()
    {
        using WanAutoencoder small = new(new WanVaeConfig { BaseDim = 4 });
        using var noGradient = no_grad();
        using Tensor latents = zeros([1, 16, 3, 2, 2]);
        small.Decode(latents).Dispose();
        long before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        small.Decode(latents).Dispose();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        using Tensor video = zeros([1, 3, 4, 16, 16]);
        Assert.Throws<ArgumentException>("video_BCTHW", () => small.Moments(video));
    }

    [Theory]
    [InlineData("""{ "is_residual": true }""", "is_residual")]
    [InlineData("""{ "z_dim": 4 }""", "latents_mean")]
    [InlineData("""{ "temperal_downsample": [true] }""", "temperal_downsample")]
    [InlineData("""{ "base_dim": "wide" }""", "base_dim")]
    public void AConfigurationThatIsNotBuiltIsRefusedByField(string json, string field)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        InputException exception = Assert.Throws<InputException>(() => WanVaeConfig.FromJson(document.RootElement, "config.json"));
        Assert.Contains("config.json", exception.Message, StringComparison.Ordinal);
        Assert.Contains(field, exception.Message, StringComparison.Ordinal);
    }

    private static WanAutoencoder Load(GoldenCase golden)
    {
        JsonElement config = golden.Json.TryGetProperty("config_full", out JsonElement full) ? full : golden.Json.GetProperty("config");
        WanAutoencoder model = new(WanVaeConfig.FromJson(config, golden.JsonPath));
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        return model;
    }
}
