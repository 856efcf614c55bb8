using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>Grades the patches of clips: a chat model that is shown them, or the toy world's simulated teacher.</summary>
public interface ITeacher
{
    /// <summary>Grades every patch of a clip in every <see cref="GradeDimension"/>.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="prompt">What it was made from.</param>
    /// <param name="grid">The patches (DESIGN D1).</param>
    /// <param name="cancellation">Stops before the next question; a question that was sent is waited for.</param>
    /// <exception cref="InputException">The clip cannot be graded; the message says why.</exception>
    Task<ClipLabels> GradeAsync(VideoClip clip, string prompt, PatchGrid grid, CancellationToken cancellation);
}
