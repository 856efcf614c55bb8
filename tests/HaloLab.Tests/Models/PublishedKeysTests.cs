using HaloLab.Checkpoints;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Models.UmT5;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
using HaloLab.Rewards.VideoReward;
using HaloLab.Rewards.VideoScore;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Tests.Models;

/// <summary>The full-size models have exactly the published checkpoints' keys and shapes. Nothing is allocated: they live on the meta device.</summary>
public class PublishedKeysTests
{
    [Fact]
    public void VideoCrafter2UNet() => AssertKeys("vc2_unet.txt", key => $"model.diffusion_model.{key}", () => new UNet3D(new UNet3DOptions()));

    [Fact]
    public void VideoCrafter2Autoencoder() => AssertKeys("vc2_vae.txt", key => $"first_stage_model.{key}", () => new AutoencoderKL(new AutoencoderKLOptions()));

    [Fact]
    public void WanTransformer() => AssertKeys("wan13.txt", WanKeyMaps.Transformer.ToOriginal, () => new WanTransformer(new WanConfig()));

    [Fact]
    public void WanAutoencoder() => AssertKeys("wan_vae.txt", WanKeyMaps.Autoencoder.ToOriginal, () => new WanAutoencoder(new WanVaeConfig()));

    [Fact]
    public void UmT5() => AssertKeys("umt5.txt", WanKeyMaps.TextEncoder.ToOriginal, () => new UmT5Encoder(new UmT5Config()));

    [Fact]
    public void VideoReward()
    {
        using PublishedShapes file = PublishedShapes.Of("videoreward");
        Assert.Equal(1123, file.Entries.Count);
        OnMeta(() =>
        {
            using VideoRewardModel model = VideoRewardModel.Load(file, new Qwen2VlConfig(), loraScale: 2);
            Assert.Equal(28 * 7, model.Adapters!.Layers.Count);
            Assert.Equal(1, model.Head.weight.shape[0]);
        });
    }

    [Fact]
    public void VideoScore()
    {
        using PublishedShapes file = PublishedShapes.Of("videoscore");
        Assert.Equal(731, file.Entries.Count);
        Qwen2VlConfig config = new()
        {
            VocabSize = 152064,
            HiddenSize = 3584,
            IntermediateSize = 18944,
            NumAttentionHeads = 28,
            NumKeyValueHeads = 4,
            VisionConfig = new Qwen2VlVisionConfig { HiddenSize = 3584 },
        };
        OnMeta(() =>
        {
            using VideoScoreModel model = new(config);
            StateLoader.Load(model, file);
        });
    }

    private static void AssertKeys(string file, Func<string, string?> published, Func<Module> build)
    {
        string path = Path.Combine(RepositoryRoot.Path, "tests", "goldens", "keys", file);
        string[] expected = [.. File.ReadAllLines(path).Where(line => line.Length > 0).Order(StringComparer.Ordinal)];
        OnMeta(() =>
        {
            using Module module = build();
            Assert.All(module.parameters(), parameter => Assert.Equal(TorchSharp.DeviceType.META, parameter.device_type));
            string[] actual = [.. StateLoader.StateOf(module).Select(pair => $"{published(pair.Key)} [{string.Join(", ", pair.Value.shape)}]").Order(StringComparer.Ordinal)];
            Assert.Equal(expected, actual);
        });
    }

    private static void OnMeta(Action check)
    {
        Device before = get_default_device();
        set_default_device(META);
        try
        {
            check();
        }
        finally
        {
            set_default_device(before);
        }
    }
}
