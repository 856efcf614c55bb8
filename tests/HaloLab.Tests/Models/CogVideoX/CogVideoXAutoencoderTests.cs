using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.CogVideoX;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.CogVideoX;

public class CogVideoXAutoencoderTests
{
    private const double Limit = 5e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("cogvideox", "vae*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void LatentsAndVideosMatchTheReference(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        CogVideoXAutoencoder model = Load(golden);
        List<Tensor> middle = [];
        model.encoder.mid_block.register_forward_hook((_, _, _, _, output) => Keep(output));
        model.decoder.mid_block.register_forward_hook((_, _, _, _, output) => Keep(output));
        foreach ((string tag, Tensor video) in golden.WithPrefix("in.video."))
        {
            (Tensor mean, Tensor logVariance) = model.Moments(video);
            TensorAssert.Close(golden.Tensors[$"tap.enc_mid.{tag}"], cat([.. middle], 2), Limit, what: $"middle {tag}");
            middle.Clear();
            TensorAssert.Close(golden.Tensors[$"out.mean.{tag}"], mean, Limit, what: $"mean {tag}");
            TensorAssert.Close(golden.Tensors[$"out.logvar.{tag}"], logVariance, Limit, what: $"logvar {tag}");
            TensorAssert.Close(golden.Tensors[$"out.latents.{tag}"], model.Encode(video), Limit, what: $"latents {tag}");
            middle.Clear();
        }

        foreach ((string tag, Tensor latents) in golden.WithPrefix("in.latents."))
        {
            TensorAssert.Close(golden.Tensors[$"out.video.{tag}"], model.Decode(latents), Limit, what: $"video {tag}");
            TensorAssert.Close(golden.Tensors[$"tap.dec_mid.{tag}"], cat([.. middle], 2), Limit, what: $"middle {tag}");
            middle.Clear();
        }

        Tensor Keep(Tensor output)
        {
            middle.Add(output.clone().DetachFromDisposeScope());
            return output;
        }
    }

    [Fact]
    public void TheDefaultsAreThePublishedModel()
    {
        using CogVideoXAutoencoder model = new(new CogVideoXVaeConfig());
        Assert.Equal(436, model.state_dict().Count);
        Assert.Equal(215_583_907, model.parameters().Sum(parameter => parameter.NumberOfElements));
    }

    [Fact]
    public void DecodingLeavesNothingBehindAndOtherSizesAreRefused()
    {
        using CogVideoXAutoencoder small = new(new CogVideoXVaeConfig { BlockOutChannels = [4, 4, 4, 8], NormNumGroups = 2, LayersPerBlock = 1 });
        using var noGradient = no_grad();
        using Tensor latents = zeros([1, 16, 3, 2, 2]);
        small.Decode(latents).Dispose();
        long before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        small.Decode(latents).Dispose();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        using Tensor video = zeros([1, 3, 4, 16, 12]);
        Assert.Throws<ArgumentException>("video_BCTHW", () => small.Moments(video));
    }

    [Theory]
    [InlineData("""{ "use_quant_conv": true }""", "use_quant_conv")]
    [InlineData("""{ "temporal_compression_ratio": 3 }""", "temporal_compression_ratio")]
    [InlineData("""{ "block_out_channels": [8, 12] }""", "block_out_channels")]
    [InlineData("""{ "norm_num_groups": 0 }""", "norm_num_groups")]
    [InlineData("""{ "latent_channels": "many" }""", "latent_channels")]
    public void AConfigurationThatIsNotBuiltIsRefusedByField(string json, string field)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        InputException exception = Assert.Throws<InputException>(() => CogVideoXVaeConfig.FromJson(document.RootElement, "config.json"));
        Assert.Contains("config.json", exception.Message, StringComparison.Ordinal);
        Assert.Contains(field, exception.Message, StringComparison.Ordinal);
    }

    private static CogVideoXAutoencoder Load(GoldenCase golden)
    {
        CogVideoXAutoencoder model = new(CogVideoXVaeConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        return model;
    }
}
