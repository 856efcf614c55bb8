using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>Tells how a variant goes on as part of all: its stages carry its name, and the time left is that of everything.</summary>
/// <param name="inner">Is told.</param>
/// <param name="label">The variant.</param>
/// <param name="stages">The variant's stages.</param>
/// <param name="timeLeft">Of everything.</param>
/// <param name="finished">The stages that no longer count as left.</param>
internal sealed class AblationProgress(IRunProgress inner, string label, IReadOnlyList<Stage> stages, TimeLeft timeLeft, HashSet<Stage> finished) : IRunProgress
{
    private readonly Dictionary<string, Stage> _stages = stages.ToDictionary(stage => stage.Name);

    public void StageStarted(string name, string? folder, double secondsLeft) => inner.StageStarted(Named(name), folder, timeLeft.At(_stages[name].ExpectedSeconds, 0));

    public void StageAdvanced(string name, double share, double secondsLeft) => inner.StageAdvanced(Named(name), share, timeLeft.At(_stages[name].ExpectedSeconds, share));

    public void StageFinished(StageResult result)
    {
        Stage stage = _stages[result.Name];

        // What several variants share is told once.
        if (finished.Add(stage))
        {
            timeLeft.Finished(stage.ExpectedSeconds, result);
            inner.StageFinished(result with { Name = Named(result.Name) });
        }
    }

    private string Named(string stage) => $"{label}: {stage}";
}
