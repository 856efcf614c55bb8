using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>Tells how a variant goes on as part of all: its stages carry its name, and the time left is that of everything.</summary>
/// <param name="inner">Is told.</param>
/// <param name="label">The variant.</param>
/// <param name="stages">Key and expected seconds of the variant's stages by name.</param>
/// <param name="timeLeft">Of everything.</param>
/// <param name="finished">Keys of the stages that no longer count as left.</param>
internal sealed class AblationProgress(IRunProgress inner, string label, IReadOnlyDictionary<string, (string Key, double Seconds)> stages, TimeLeft timeLeft, HashSet<string> finished) : IRunProgress
{
    public void StageStarted(string name, string? folder, double secondsLeft) => inner.StageStarted(Named(name), folder, timeLeft.At(stages[name].Seconds, 0));

    public void StageAdvanced(string name, double share, double secondsLeft) => inner.StageAdvanced(Named(name), share, timeLeft.At(stages[name].Seconds, share));

    public void StageFinished(StageResult result)
    {
        (string key, double seconds) = stages[result.Name];

        // What several variants share is told once.
        if (finished.Add(key))
        {
            timeLeft.Finished(seconds, result);
            inner.StageFinished(result with { Name = Named(result.Name) });
        }
    }

    private string Named(string stage) => $"{label}: {stage}";
}
