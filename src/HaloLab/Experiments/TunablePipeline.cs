using System.Globalization;
using HaloLab.Checkpoints;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Experiments;

/// <summary>A published model, tuned on given videos by adapters; its export is an adapter file in diffusers' form.</summary>
public sealed class TunablePipeline : ITunableModel
{
    /// <summary>The exported adapters, by diffusers' custom.</summary>
    public const string AdapterFile = "pytorch_lora_weights.safetensors";

    private const string ClipFormat = ".png";

    private readonly string _folder;
    private readonly VideoPipeline _pipeline;
    private readonly VideoSettings _settings;

    /// <param name="folder">The model's folder.</param>
    /// <param name="pipeline">The model in it; it becomes this object's.</param>
    /// <param name="settings">Frames and size of the clips.</param>
    /// <exception cref="InputException">The model has no latents of that size.</exception>
    public TunablePipeline(string folder, VideoPipeline pipeline, VideoSettings settings)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(settings);
        (_folder, _pipeline, _settings) = (folder, pipeline, settings);
        Lattice = pipeline.Lattice(settings);
        Files = pipeline.Hashes();
    }

    /// <summary>Whether training keeps of a block of the denoiser its inputs only. Slower, the same bits, and far less memory. Default no.</summary>
    public bool Recomputes { get; init; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <inheritdoc/>
    public LatentLattice Lattice { get; }

    /// <inheritdoc/>
    public string ResamplingRule => string.Create(CultureInfo.InvariantCulture, $"the whole clip spread over {_settings.Frames} frames of {_settings.Width}x{_settings.Height}; {ClipResampler.Rule}");

    /// <inheritdoc/>
    public VideoClip Fit(VideoClip clip) => ClipResampler.WholeClip(clip, _settings.Frames, _settings.Height, _settings.Width);

    /// <inheritdoc/>
    public string Understood(string prompt) => prompt;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> EncodePrompts(IReadOnlyList<string> prompts, Action<int>? onPrompt = null) => _pipeline.Encode(prompts, onPrompt);

    /// <inheritdoc/>
    public Tensor EncodeClips(Tensor pixels_BCTHW) => _pipeline.EncodeClips(pixels_BCTHW);

    /// <inheritdoc/>
    public void Tune(TrainingPairs data, GranDpoTrainerOptions options, string folder, Communicator ranks, StepProfile? profile, Action<long> advanced, Action<long, Action<string>> watching, CancellationToken cancellation)
    {
        using VideoPipeline.LoadedDenoiser loaded = LoadDenoiser();
        using GranDpoTrainer trainer = new(loaded.Module, loaded.Denoiser, _pipeline.TrainingTarget, data, options, folder, ranks, profile);
        trainer.Run(folder, advanced, done => watching(done, trainer.SaveWeights), cancellation);
    }

    /// <summary>What tuning will need of memory, and what encoding prompts and clips before it does, roughly. Reads the denoiser and takes steps on smaller clips; Linux, on the CPU.</summary>
    /// <param name="options">How it will be tuned.</param>
    /// <param name="pairs">Number of pairs.</param>
    /// <param name="prompts">Number of different prompts.</param>
    public (TrainingPlan Training, MemoryEstimate Encoding) Plan(GranDpoTrainerOptions options, int pairs, int prompts)
    {
        using VideoPipeline.LoadedDenoiser loaded = LoadDenoiser();
        return (TrainingPlan.Measure(loaded, _pipeline.TrainingTarget, _pipeline.Inputs(_settings), options, pairs, prompts), _pipeline.Estimate(_settings));
    }

    /// <inheritdoc/>
    public void Export(string tuned, string folder)
    {
        using LoraFile adapters = LoraFile.Load(tuned);
        adapters.SaveDiffusers(Path.Combine(folder, AdapterFile), _pipeline.DenoiserPart);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Sample(string exported, IReadOnlyList<string> prompts, long seed, string folder, CancellationToken cancellation)
    {
        using VideoPipeline tuned = VideoPipeline.Open(_folder, Path.Combine(exported, AdapterFile));
        VideoGeneration generation = new(tuned, prompts, negative: "", clipsPerPrompt: 1, _settings, seed, ClipFormat, (prompt, _) => TrainingWatch.ClipName(prompt));
        return [.. generation.Run(folder, new LineProgress(TextWriter.Null), cancellation).Select(clip => Path.Combine(folder, clip.File))];
    }

    public void Dispose() => _pipeline.Dispose();

    private VideoPipeline.LoadedDenoiser LoadDenoiser()
    {
        VideoPipeline.LoadedDenoiser loaded = _pipeline.LoadDenoiser();
        if (Recomputes)
        {
            Recomputation.SwitchOn(loaded.Module);
        }

        return loaded;
    }
}
