using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>
/// A video reward model that a patch head can be put on (DESIGN D4): one pass gives features of the places of a clip and what its video head reads.
/// </summary>
public interface IRewardBackbone : IDisposable
{
    /// <summary>The model's name, as users write it: <c>videoreward</c>.</summary>
    string Kind { get; }

    /// <summary>The folder that it was read from.</summary>
    string Folder { get; }

    /// <summary>Files that its numbers depend on, by name, with their SHA-256.</summary>
    IReadOnlyDictionary<string, string> Hashes { get; }

    /// <summary>What the video head's rewards are called, in order.</summary>
    IReadOnlyList<string> Dimensions { get; }

    /// <summary>Features of a place.</summary>
    int Channels { get; }

    /// <summary>Of how many clips training holds the activations at a time; more cost a second pass each.</summary>
    int ClipsAtOnce { get; }

    /// <summary>All weights, the video head's included.</summary>
    nn.Module Network { get; }

    /// <summary>What the names of the video head's weights in <see cref="Network"/> begin with.</summary>
    string VideoHeadPrefix { get; }

    /// <summary>Units of the ratings that the video head was trained on; null where it has none yet.</summary>
    LabelScale? VideoScale { get; }

    /// <summary>Whether a layer of <see cref="Network"/> gets an adapter where adapters are trained.</summary>
    bool IsAdapted(string layer);

    /// <summary>Puts adapters into the weights, which makes a pass faster; nothing can be trained but the heads afterwards.</summary>
    void Merge();

    /// <summary>Chooses and resizes frames, and writes down the prompt.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="prompt">What it should show.</param>
    /// <exception cref="InputException">The clip or the prompt cannot be shown to the model.</exception>
    BackboneView See(VideoClip clip, string prompt);

    /// <summary>One pass over each clip, with gradients to whatever needs them. The tensors belong to the caller's dispose scope, on <see cref="Compute.Device"/>.</summary>
    IReadOnlyList<BackboneFeatures> Read(IReadOnlyList<BackboneView> views);

    /// <summary>The video head: one reward for each of <see cref="Dimensions"/>, in its own units.</summary>
    /// <param name="video_KC">Of <see cref="BackboneFeatures"/>.</param>
    /// <returns>[D].</returns>
    Tensor VideoRewards(Tensor video_KC);

    /// <summary>What <see cref="Scores"/> are called.</summary>
    IReadOnlyList<string> ScoreNames { get; }

    /// <summary>The video rewards as the model's own scorer gives them; the last is the one number that it ranks clips by.</summary>
    /// <param name="rewards">One for each of <see cref="Dimensions"/>, in the head's units; in the ratings' units where <see cref="VideoScale"/> is null.</param>
    IReadOnlyList<double> Scores(IReadOnlyList<double> rewards);
}
