using HaloLab.Checkpoints;
using HaloLab.Models.UmT5;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
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

    private static void AssertKeys(string file, Func<string, string?> published, Func<Module> build)
    {
        string path = Path.Combine(RepositoryRoot.Path, "tests", "goldens", "keys", file);
        string[] expected = [.. File.ReadAllLines(path).Where(line => line.Length > 0).Order(StringComparer.Ordinal)];
        Device before = get_default_device();
        set_default_device(META);
        try
        {
            using Module module = build();
            Assert.All(module.parameters(), parameter => Assert.Equal(TorchSharp.DeviceType.META, parameter.device_type));
            string[] actual = [.. StateLoader.StateOf(module).Select(pair => $"{published(pair.Key)} [{string.Join(", ", pair.Value.shape)}]").Order(StringComparer.Ordinal)];
            Assert.Equal(expected, actual);
        }
        finally
        {
            set_default_device(before);
        }
    }
}
