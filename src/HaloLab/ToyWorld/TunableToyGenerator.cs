using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Statistics;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld;

/// <summary>The toy generator, tuned on given videos; its export is a folder of toy checkpoints.</summary>
public sealed class TunableToyGenerator : ITunableModel
{
    private const string WeightsFile = "weights.safetensors";

    private readonly string _checkpoints;
    private readonly ToyGenerator _untuned;

    /// <param name="checkpoints">Folder of the toy checkpoints.</param>
    /// <exception cref="InputException">A checkpoint is missing or broken.</exception>
    public TunableToyGenerator(string checkpoints)
    {
        _checkpoints = checkpoints;
        _untuned = ToyGenerator.Load(checkpoints);
        Files = ToyGenerator.Files.ToDictionary(file => file, file => FileHash.Of(Path.Combine(checkpoints, file)));
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <inheritdoc/>
    public LatentLattice Lattice => ToyGenerator.Lattice;

    /// <inheritdoc/>
    public string ResamplingRule => ToyResampling.Rule;

    /// <inheritdoc/>
    public VideoClip Fit(VideoClip clip) => ToyResampling.Fit(clip);

    /// <inheritdoc/>
    public string Understood(string prompt) => ToyTokenizer.KnownPart(prompt);

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> EncodePrompts(IReadOnlyList<string> prompts, Action<int>? onPrompt = null)
    {
        using var scope = NewDisposeScope();
        Tensor[] contexts = [.. _untuned.Encode(prompts).cpu().split(1, 0).Select(context => context.MoveToOuterDisposeScope())];
        onPrompt?.Invoke(prompts.Count);
        return contexts;
    }

    /// <inheritdoc/>
    public Tensor EncodeClips(Tensor pixels_BCTHW)
    {
        using var noGradient = no_grad();
        return _untuned.Autoencoder.EncodeClips(pixels_BCTHW);
    }

    /// <inheritdoc/>
    public void Tune(TrainingPairs data, GranDpoTrainerOptions options, string folder, Communicator ranks, StepProfile? profile, Action<long> advanced, Action<long, Action<string>> watching, CancellationToken cancellation)
    {
        using ToyGenerator model = ToyGenerator.Load(_checkpoints);
        using GranDpoTrainer trainer = new(model.Denoiser, model, ToyModels.TrainingTarget, data, options, folder, ranks, profile);
        trainer.Run(folder, advanced, done => watching(done, trainer.SaveWeights), cancellation);
    }

    /// <inheritdoc/>
    public void Export(string tuned, string folder)
    {
        using var scope = NewDisposeScope();
        Safetensors.Load(Path.Combine(_checkpoints, GeneratorTraining.DenoiserFile), out Dictionary<string, string> metadata);
        Safetensors.Save(Path.Combine(folder, GeneratorTraining.DenoiserFile), Safetensors.Load(Path.Combine(tuned, WeightsFile)), metadata);
        foreach (string file in ToyGenerator.Files.Where(file => file != GeneratorTraining.DenoiserFile))
        {
            AtomicFile.Write(Path.Combine(folder, file), stream => stream.Write(File.ReadAllBytes(Path.Combine(_checkpoints, file))));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Sample(string exported, IReadOnlyList<string> prompts, long seed, string folder, CancellationToken cancellation)
    {
        using ToyGenerator generator = ToyGenerator.Load(exported);
        using GeneratedClips generated = generator.Generate(prompts, [.. prompts.Select(prompt => new RandomStream(seed, "generate " + prompt, 0).NextInt64())]);
        VideoClip[] clips = generated.Pixels_BCTHW.ToClips(ToyRenderer.FramesPerSecond);
        string[] files = [.. clips.Select((_, i) => Path.Combine(folder, TrainingWatch.ClipFile(i)))];
        foreach ((VideoClip clip, string file) in clips.Zip(files))
        {
            cancellation.ThrowIfCancellationRequested();
            AtomicFile.Write(file, stream => stream.Write(Apng.Encode(clip)));
        }

        return files;
    }

    public void Dispose() => _untuned.Dispose();
}
