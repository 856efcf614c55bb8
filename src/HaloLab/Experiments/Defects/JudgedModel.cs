using HaloLab.Evaluation.Defects;

namespace HaloLab.Experiments.Defects;

/// <summary>A model's clips of which patches and whole are judged.</summary>
/// <param name="Model">What the model is called.</param>
/// <param name="Clips">Its clips; their names are their files.</param>
/// <param name="Missing">The files that do not count, and why.</param>
public sealed record JudgedModel(string Model, IReadOnlyList<JudgedClip> Clips, IReadOnlyList<(string File, string Reason)> Missing)
{
    /// <summary>Brings together what is said of a model's clips.</summary>
    /// <param name="model">The clips.</param>
    /// <param name="patches">What is said of their patches.</param>
    /// <param name="videos">What is said of them as a whole.</param>
    /// <param name="reasons">Why a file has none of it, where that is known.</param>
    /// <exception cref="InputException">No clip has both.</exception>
    public static JudgedModel Of(PromptedFolder model, PatchVerdicts patches, VideoVerdicts videos, IReadOnlyDictionary<string, string> reasons)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(patches);
        ArgumentNullException.ThrowIfNull(videos);
        ArgumentNullException.ThrowIfNull(reasons);
        List<JudgedClip> clips = [];
        List<(string, string)> missing = [];
        foreach (ClipToScore clip in model.Clips)
        {
            if (!patches.Clips.TryGetValue(clip.File, out (IReadOnlyList<double> Qualities, IReadOnlyList<Preferences.Labels.DefectType?>? Kinds) verdict))
            {
                missing.Add((clip.File, reasons.GetValueOrDefault(clip.File, $"its patches are not judged by {patches.Judge}")));
            }
            else if (!videos.Clips.TryGetValue(clip.File, out double score))
            {
                missing.Add((clip.File, reasons.GetValueOrDefault(clip.File, $"it has no {videos.Judge}")));
            }
            else
            {
                clips.Add(new JudgedClip(clip.File, clip.Prompt, patches.Grid, verdict.Qualities, score, verdict.Kinds));
            }
        }

        return clips.Count > 0
            ? new JudgedModel(model.Model, clips, missing)
            : throw new InputException($"{model.Model}: none of {model.Clips.Count} clips is judged; {Path.GetFileName(missing[0].Item1)}: {missing[0].Item2}.");
    }
}
