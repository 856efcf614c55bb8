using HaloLab.Checkpoints;
using HaloLab.Models.VideoCrafter2;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Tests.Models.VideoCrafter2;

/// <summary>The full-size models have exactly the published checkpoints' keys and shapes. Nothing is allocated: they live on the meta device.</summary>
public class PublishedKeysTests
{
    [Fact]
    public void UNet() => AssertKeys("vc2_unet.txt", "model.diffusion_model.", () => new UNet3D(new UNet3DOptions()));

    [Fact]
    public void Autoencoder() => AssertKeys("vc2_vae.txt", "first_stage_model.", () => new AutoencoderKL(new AutoencoderKLOptions()));

    private static void AssertKeys(string file, string prefix, Func<Module> build)
    {
        string path = Path.Combine(RepositoryRoot.Path, "tests", "goldens", "keys", file);
        string[] expected = [.. File.ReadAllLines(path).Where(line => line.Length > 0).Order(StringComparer.Ordinal)];
        Device before = get_default_device();
        set_default_device(META);
        try
        {
            using Module module = build();
            Assert.All(module.parameters(), parameter => Assert.Equal(TorchSharp.DeviceType.META, parameter.device_type));
            string[] actual = [.. StateLoader.StateOf(module).Select(pair => $"{prefix}{pair.Key} [{string.Join(", ", pair.Value.shape)}]").Order(StringComparer.Ordinal)];
            Assert.Equal(expected, actual);
        }
        finally
        {
            set_default_device(before);
        }
    }
}
