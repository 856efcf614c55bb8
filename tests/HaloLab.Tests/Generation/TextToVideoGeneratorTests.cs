using HaloLab.Diffusion;
using HaloLab.Generation;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Generation;

public class TextToVideoGeneratorTests
{
    [Fact]
    public void AClipDependsOnItsSeedAndPromptNotOnItsBatch()
    {
        using var scope = NewDisposeScope();
        using TextTower text = new(new TextTowerOptions { Width = 8, Heads = 2, Layers = 2, VocabularySize = 10, ContextLength = 4, SkippedLayers = 0 });
        using AutoencoderKL vae = new(new AutoencoderKLOptions { Channels = 32, ChannelMultipliers = [1, 1], ResBlocks = 1 });
        Initialisation.Draw(text, 1);
        Initialisation.Draw(vae, 1);
        TextToVideoGenerator generator = new(text, new Mean(), vae, NoiseSchedule.VideoCrafter2());
        SamplingSettings settings = new() { Steps = 4, Guidance = 2, Eta = 1, Frames = 2, Height = 4, Width = 6 };
        Tensor ids_BL = tensor(new long[] { 1, 2, 3, 9, 1, 4, 9, 0, 1, 2, 3, 9 }).view(3, 4);
        Tensor negative = tensor(new long[] { 1, 9, 0, 0 }).view(1, 4);
        List<int> progress = [];
        GeneratedClips batch = generator.Generate(ids_BL, negative, [11, 12, 13], settings, progress.Add);
        Assert.Equal([3, 4, 2, 2, 3], batch.Latents_BCTHW.shape);
        Assert.Equal([3, 3, 2, 4, 6], batch.Pixels_BCTHW.shape);
        Assert.Equal([1, 2, 3, 4], progress);
        for (int i = 0; i < 3; i++)
        {
            GeneratedClips alone = generator.Generate(ids_BL[i..(i + 1)], negative, [11 + i], settings);
            TensorAssert.Close(batch.Latents_BCTHW[i..(i + 1)], alone.Latents_BCTHW, 1e-5, what: $"clip {i}");
        }

        // The first and the last prompt are the same: their seeds differ, and so do they.
        Assert.True((batch.Latents_BCTHW[0] - batch.Latents_BCTHW[2]).abs().max().item<float>() > 0.1);
        Assert.Throws<ArgumentException>(() => generator.Generate(ids_BL, negative, [11], settings));
        Assert.Throws<InputException>(() => generator.Generate(ids_BL, negative, [11, 12, 13], settings with { Width = 5 }));
    }

    /// <summary>Predicts a mixture of the latents and the mean of the text.</summary>
    private sealed class Mean : IDenoiser
    {
        public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD) =>
            (0.5 * latents_BCTHW) + context_BLD.mean([1, 2]).view(-1, 1, 1, 1, 1);
    }
}
