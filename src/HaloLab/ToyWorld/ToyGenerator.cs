using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Generation;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld;

/// <summary>The toy generator as loaded from a folder: text tower, denoiser and autoencoder, with the sampling that all experiments share.</summary>
public sealed class ToyGenerator : IDenoiser, IDisposable
{
    /// <summary>DDIM steps asked for; 13 are taken (the timesteps 997, 914, … 1).</summary>
    private const int SamplingSteps = 12;

    /// <summary>Clips that go through the denoiser at once: on a GPU, few leave it idle.</summary>
    private static int Batch => Compute.Device.type == DeviceType.CUDA ? 128 : 16;

    private readonly ToyTokenizer _tokenizer = new();
    private readonly DdimSampler _sampler = new(ToyModels.Schedule, SamplingSteps, eta: 0, ToyModels.Target);
    private readonly LayoutPrior _prior;
    private readonly ToyDenoiser _denoiser;

    private ToyGenerator(UNet3D denoiser, TextTower text, LayoutPrior prior, AutoencoderKL autoencoder, string hash)
    {
        (Denoiser, Text, _prior, Autoencoder, Hash) = (denoiser, text, prior, autoencoder, hash);
        _denoiser = new ToyDenoiser(denoiser, prior);
    }

    /// <summary>Guidance scale of every sample.</summary>
    public static double Guidance => 5;

    /// <summary>The lattice of the latents: 8 × 8 × 8, 4 pixels apart.</summary>
    public static LatentLattice Lattice { get; } = LatentLattice.ForClip(ToyRenderer.Frames, ToyRenderer.Size, ToyRenderer.Size, spatialStride: 4);

    public UNet3D Denoiser { get; }

    public TextTower Text { get; }

    public AutoencoderKL Autoencoder { get; }

    /// <summary>Hash of the checkpoint files.</summary>
    public string Hash { get; }

    /// <summary>The files that <see cref="Load(string)"/> reads.</summary>
    internal static IReadOnlyList<string> Files { get; } =
        [GeneratorTraining.DenoiserFile, LayoutPriorTraining.TextFile, LayoutPriorTraining.LayoutFile, AutoencoderTraining.WeightsFile];

    /// <summary>Loads <c>unet.safetensors</c>, <c>text.safetensors</c>, <c>layout.safetensors</c> and <c>vae.safetensors</c>.</summary>
    /// <exception cref="InputException">A file is missing, broken, or does not fit the toy models.</exception>
    public static ToyGenerator Load(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException($"{folder}: there are no toy checkpoints. Run `halolab toy pretrain` and give the folder that it prints with --checkpoints.");
        }

        return Load(file => Path.Combine(folder, file));
    }

    /// <inheritdoc cref="Load(string)"/>
    /// <param name="pathOf">Where each of <see cref="Files"/> is.</param>
    internal static ToyGenerator Load(Func<string, string> pathOf)
    {
        // Modules are made outside of scopes: a scope would free the parameters made within it.
        UNet3D denoiser = new(ToyModels.Denoiser);
        TextTower text = new(ToyModels.Text);
        LayoutPrior prior = new();
        string denoiserPath = pathOf(GeneratorTraining.DenoiserFile);
        Dictionary<string, string> metadata = Fill(denoiser, denoiserPath);
        if (!metadata.TryGetValue(GeneratorTraining.ScaleKey, out string? scaleText) || !double.TryParse(scaleText, CultureInfo.InvariantCulture, out double scale))
        {
            throw new InputException($"{denoiserPath}: its metadata lack '{GeneratorTraining.ScaleKey}'. Expected a toy generator as `halolab toy pretrain` writes it.");
        }

        AutoencoderKL autoencoder = new(ToyModels.Autoencoder with { ScaleFactor = scale });

        // Only the denoiser is ever tuned.
        FillFixed(text, pathOf(LayoutPriorTraining.TextFile));
        FillFixed(prior, pathOf(LayoutPriorTraining.LayoutFile));
        FillFixed(autoencoder, pathOf(AutoencoderTraining.WeightsFile));
        denoiser.eval();
        text.eval();
        prior.eval();
        autoencoder.eval();
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(Files.Select(file => FileHash.Of(pathOf(file)))))));
        return new ToyGenerator(denoiser.to(Compute.Device), text.to(Compute.Device), prior.to(Compute.Device), autoencoder.to(Compute.Device), hash);
    }

    /// <summary>Generates one clip for each prompt and seed. A clip depends on its own prompt and seed alone.</summary>
    /// <param name="prompts">Prompts of the toy grammar.</param>
    /// <param name="seeds">One seed per prompt.</param>
    public GeneratedClips Generate(IReadOnlyList<string> prompts, IReadOnlyList<long> seeds)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return Sample(prompts, from => GaussianNoise.DrawBatch([.. seeds.Skip(from).Take(Batch)], "sampling start", 0, LatentShape), firstStep: 0);
    }

    /// <summary>
    /// Clips that share the layout of given ones: their latents are noised part of the way and sampled again (SDEdit, Meng et al. 2021,
    /// arXiv 2108.01073).
    /// </summary>
    /// <param name="prompts">The prompts of the given clips.</param>
    /// <param name="seeds">One seed per new clip.</param>
    /// <param name="latents_BCTHW">Clean latents of the given clips.</param>
    /// <param name="share">How far they are noised, 0 to 1 of the steps.</param>
    public GeneratedClips Resample(IReadOnlyList<string> prompts, IReadOnlyList<long> seeds, Tensor latents_BCTHW, double share)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        int firstStep = (int)Math.Round((1 - share) * _sampler.Steps.Count);
        return Sample(prompts, Noised, firstStep);

        Tensor Noised(int from)
        {
            long count = Math.Min(Batch, prompts.Count - from);
            Tensor noise_BCTHW = GaussianNoise.DrawBatch([.. seeds.Skip(from).Take(Batch)], "resampling start", 0, LatentShape, Compute.Device);
            Tensor timesteps_B = full([count], _sampler.Steps[firstStep].Timestep, dtype: ScalarType.Int64, device: Compute.Device);
            return ToyModels.Schedule.AddNoise(latents_BCTHW.narrow(0, from, count).to(Compute.Device), noise_BCTHW, timesteps_B);
        }
    }

    /// <summary>The text condition of prompts, [B, L, D].</summary>
    public Tensor Encode(IReadOnlyList<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor ids_BL = stack([.. prompts.Select(prompt => tensor(_tokenizer.Encode(prompt)))]).to(Compute.Device);
        return Text.call(ids_BL).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD) => _denoiser.Predict(latents_BCTHW, timesteps_B, context_BLD);

    public void Dispose()
    {
        Denoiser.Dispose();
        Text.Dispose();
        _prior.Dispose();
        Autoencoder.Dispose();
    }

    private static long[] LatentShape => [ToyModels.Autoencoder.LatentChannels, Lattice.Frames, Lattice.Height, Lattice.Width];

    /// <summary>Loads a part of the generator from its file, whatever precision it was kept in.</summary>
    /// <returns>The file's metadata.</returns>
    /// <exception cref="InputException">The file is missing, broken, or does not fit.</exception>
    internal static Dictionary<string, string> Fill(nn.Module module, string path)
    {
        using var scope = NewDisposeScope();
        StateLoader.Load(module, Safetensors.Load(path, out Dictionary<string, string> metadata), path, convert: true);
        return metadata;
    }

    /// <summary>As <see cref="Fill"/>, for a part that is not trained.</summary>
    internal static void FillFixed(nn.Module module, string path)
    {
        Fill(module, path);
        module.Freeze();
    }

    private GeneratedClips Sample(IReadOnlyList<string> prompts, Func<int, Tensor> startFrom, int firstStep)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor empty_1LD = Encode([""]);
        List<Tensor> latents = [];
        List<Tensor> pixels = [];
        for (int from = 0; from < prompts.Count; from += Batch)
        {
            using var batchScope = NewDisposeScope();
            string[] batch = [.. prompts.Skip(from).Take(Batch)];
            ClassifierFreeGuidance guidance = new(empty_1LD.expand(batch.Length, -1, -1), Guidance);
            Tensor latents_BCTHW = _sampler.Sample(_denoiser, startFrom(from).to(Compute.Device), Encode(batch), guidance, firstStep: firstStep);
            latents.Add(latents_BCTHW.MoveToOuterDisposeScope());
            pixels.Add(Autoencoder.DecodeClips(latents_BCTHW).MoveToOuterDisposeScope());
        }

        return new GeneratedClips(cat([.. latents]).MoveToOuterDisposeScope(), cat([.. pixels]).MoveToOuterDisposeScope());
    }
}
