using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Experiments;

/// <summary>A generator that Gran-DPO can tune on given videos, with its parts in memory when they are needed and no longer.</summary>
public interface ITunableModel : IDisposable
{
    /// <summary>SHA-256 of every file of the model by name; equal hashes are the same model.</summary>
    IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>The latents of the clips that it is tuned on.</summary>
    LatentLattice Lattice { get; }

    /// <summary>What is done to given clips, for manifests.</summary>
    string ResamplingRule { get; }

    /// <summary>A given clip at the model's frames and size.</summary>
    VideoClip Fit(VideoClip clip);

    /// <summary>The part of a prompt that the model understands.</summary>
    string Understood(string prompt);

    /// <summary>The condition of each prompt, [1, L, D] on the CPU.</summary>
    /// <param name="prompts">Prompts as understood.</param>
    /// <param name="onPrompt">Told the number done; may throw.</param>
    IReadOnlyList<Tensor> EncodePrompts(IReadOnlyList<string> prompts, Action<int>? onPrompt = null);

    /// <summary>Latents in the denoiser's scale.</summary>
    /// <param name="pixels_BCTHW">Frames in −1 to 1 on <see cref="Compute.Device"/>.</param>
    Tensor EncodeClips(Tensor pixels_BCTHW);

    /// <summary>Tunes the untuned denoiser; called again on the folder of an interrupted call it goes on bit for bit.</summary>
    /// <param name="data">The pairs.</param>
    /// <param name="options">How.</param>
    /// <param name="folder">Where the trainer writes.</param>
    /// <param name="ranks">Ranks that tune together.</param>
    /// <param name="profile">Records a few steps, or null.</param>
    /// <param name="advanced">Told the number of steps done.</param>
    /// <param name="watching">Told the same before every step, with what writes the weights as they are to a folder, as <see cref="Export"/> takes it.</param>
    /// <param name="cancellation">Stops after a step, once the state is saved.</param>
    void Tune(TrainingPairs data, GranDpoTrainerOptions options, string folder, Communicator ranks, StepProfile? profile, Action<long> advanced, Action<long, Action<string>> watching, CancellationToken cancellation);

    /// <summary>Writes what <c>halolab generate</c> takes.</summary>
    /// <param name="tuned">The folder that <see cref="Tune"/> wrote.</param>
    /// <param name="folder">Where it goes.</param>
    void Export(string tuned, string folder);

    /// <summary>Samples a clip of each prompt from an exported model, with what it samples with by itself. A clip's noise depends on seed and prompt alone.</summary>
    /// <param name="exported">The folder that <see cref="Export"/> wrote.</param>
    /// <param name="prompts">Different prompts, as understood.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="folder">Where the clips go; clips of an interrupted call stay.</param>
    /// <param name="cancellation">Stops between two steps or clips.</param>
    /// <returns>The clips' files in the order of the prompts.</returns>
    IReadOnlyList<string> Sample(string exported, IReadOnlyList<string> prompts, long seed, string folder, CancellationToken cancellation);
}
