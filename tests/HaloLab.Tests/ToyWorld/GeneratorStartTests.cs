using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

public class GeneratorStartTests
{
    private static readonly UNet3DOptions Small = new()
    {
        InChannels = 2,
        OutChannels = 2,
        ModelChannels = 8,
        NormGroups = 4,
        ChannelMultipliers = [1, 1],
        ResBlocks = 1,
        AttentionResolutions = [2],
        HeadChannels = 4,
        InitialTemporalAttention = false,
        ContextChannels = 6,
        TemporalDropout = 0,
    };

    [Fact]
    public void AttentionThatTheStartLacksChangesNothingAtFirst()
    {
        string folder = Directory.CreateTempSubdirectory("halolab-start").FullName;
        using UNet3D old = Drawn(Small, 1);
        foreach (Tensor parameter in old.parameters())
        {
            // Layers that start at zero must count, or nothing could differ.
            using var noGradient = no_grad();
            parameter.add_(randn_like(parameter) * 0.1);
        }

        string path = Save(folder, StateLoader.StateOf(old));
        using UNet3D grown = Drawn(Small with { AttentionResolutions = [1, 2], TemporalAttentionResolutions = [2] }, 2);
        Assert.True(StateLoader.StateOf(grown).Count > StateLoader.StateOf(old).Count);
        GeneratorStart.Fill(grown, path);
        Assert.Equal(Predict(old), Predict(grown));
    }

    [Fact]
    public void AnythingElseThatIsMissingIsAnError()
    {
        string folder = Directory.CreateTempSubdirectory("halolab-start").FullName;
        using UNet3D old = Drawn(Small, 1);
        Dictionary<string, Tensor> state = StateLoader.StateOf(old);
        state.Remove("time_embed.0.weight");
        string path = Save(folder, state);
        InputException error = Assert.Throws<InputException>(() => GeneratorStart.Fill(old, path));
        Assert.Contains("time_embed.0.weight", error.Message, StringComparison.Ordinal);
    }

    private static UNet3D Drawn(UNet3DOptions options, long seed)
    {
        UNet3D network = new(options);
        Initialisation.Draw(network, seed);
        return network;
    }

    private static string Save(string folder, Dictionary<string, Tensor> state)
    {
        string path = Path.Combine(folder, "unet.safetensors");
        Safetensors.Save(path, state);
        return path;
    }

    private static float[] Predict(UNet3D network)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        manual_seed(3);
        return network.call(randn([1L, 2, 2, 4, 4]), tensor([500L]), new UNet3DConditioning(randn([1L, 5, 6]))).data<float>().ToArray();
    }
}
