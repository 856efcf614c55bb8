using HaloLab.Videos;

namespace HaloLab.Rewards;

/// <summary>A published model that scores whole videos in one or several dimensions. Higher is better.</summary>
public interface IVideoScorer : IDisposable
{
    /// <summary>The model's name, as users write it.</summary>
    string Name { get; }

    /// <summary>What the scores are called, in order.</summary>
    IReadOnlyList<string> Dimensions { get; }

    /// <summary>Files that the scores depend on, by name, with their SHA-256.</summary>
    IReadOnlyDictionary<string, string> Hashes { get; }

    /// <summary>Whether it measures pictures by a formula, and so is not expected to read prompts or to know which way time runs.</summary>
    bool IsMeasurement => false;

    /// <summary>The scores of a clip.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="prompt">What it should show.</param>
    /// <exception cref="InputException">The clip or the prompt cannot be shown to the model.</exception>
    IReadOnlyList<double> Score(VideoClip clip, string prompt);

    /// <summary>The scores and rewards of the clip's patches, in one pass; no patches for a scorer of whole clips.</summary>
    (IReadOnlyList<double> Scores, IReadOnlyList<double> Patches) ScoreWithPatches(VideoClip clip, string prompt) => (Score(clip, prompt), []);

    /// <summary>Files on which the scores of a clip's file depend beside it; none for a scorer that looks at the clip alone.</summary>
    /// <param name="file">The clip's file.</param>
    /// <exception cref="InputException">There are none for this clip.</exception>
    IReadOnlyList<string> Beside(string file) => [];

    /// <summary>As <see cref="ScoreWithPatches"/>, for a clip that was read from a file.</summary>
    (IReadOnlyList<double> Scores, IReadOnlyList<double> Patches) ScoreFile(string file, VideoClip clip, string prompt) => ScoreWithPatches(clip, prompt);

    /// <summary>Where those patches lie in a clip; null for a scorer of whole clips.</summary>
    LatticeEdges? PatchCells(VideoClip clip) => null;
}
