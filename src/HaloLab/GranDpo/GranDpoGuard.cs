using System.Text.Json.Nodes;
using HaloLab.Optimisation;

namespace HaloLab.GranDpo;

/// <summary>
/// Stops a training that no preference can be learned from any more: errors of better and worse alike are a multiple of the reference's (the generator is lost, whatever the
/// accuracy says), no gradient comes although there are preferences that are not learned, or the implicit accuracy lies below one half by more than chance (the opposite is learned).
/// Thresholds are wide: they are to end what is lost, not what is bad.
/// </summary>
/// <param name="options">The objective.</param>
/// <param name="pairs">Number of pairs that are trained on: steps that see the same pair again are no further evidence.</param>
public sealed class GranDpoGuard(GranDpoOptions options, int pairs) : ITrainingGuard
{
    /// <summary>Errors above so many times the reference's are no longer those of a generator.</summary>
    public const double Explosion = 4;

    /// <summary>Steps in a row after which errors have exploded, or the gradient is gone.</summary>
    public const int Patience = 20;

    /// <summary>Steps whose accuracy is looked at together.</summary>
    public const int AccuracySteps = 200;

    /// <summary>Standard deviations below one half that are no chance any more.</summary>
    public const double AccuracyDeviations = 5;

    private readonly Queue<(double Right, double Count)> _accuracies = new();
    private int _exploded;
    private int _withoutGradient;

    public bool IsSound => _exploded == 0;

    public void See(JsonObject line)
    {
        ArgumentNullException.ThrowIfNull(line);
        long step = line["step"]!.GetValue<long>();
        _exploded = IsExploded(line, "video") || IsExploded(line, "patch") ? _exploded + 1 : 0;
        if (_exploded >= Patience)
        {
            throw new DivergenceException(
                step,
                FormattableString.Invariant($"for {Patience} steps the errors of better and worse clips alike were above {Explosion} times the reference's"),
                "Lower the learning rate, or raise β or η (--beta-video, --beta-patch, --eta).");
        }

        if (options.Terms == PreferenceTerms.None)
        {
            return;
        }

        double untied = Number(line, "untied_pairs") + Number(line, "untied_patches");
        bool isStill = untied > 0 && Number(line, "gradient_norm") == 0 && Number(line, "loss") > 0;
        _withoutGradient = isStill ? _withoutGradient + 1 : 0;
        if (_withoutGradient >= Patience)
        {
            throw new DivergenceException(
                step,
                FormattableString.Invariant($"for {Patience} steps there were preferences and no gradient: nothing that is trained reaches the prediction, or every margin is saturated on the wrong side"),
                "Check which layers are adapted, and lower β.");
        }

        SeeAccuracy(step, line);
    }

    private void SeeAccuracy(long step, JsonObject line)
    {
        // The pairs' accuracy where there is one. Patches of a pair hang together, so a step of patches alone counts as one look.
        (string accuracy, string untied) = options.Terms == PreferenceTerms.PatchOnly ? ("patch_accuracy", "untied_patches") : ("video_accuracy", "untied_pairs");
        double looks = options.Terms == PreferenceTerms.PatchOnly ? Math.Min(Number(line, untied), 1) : Number(line, untied);
        _accuracies.Enqueue((looks * Number(line, accuracy), looks));
        if (_accuracies.Count > AccuracySteps)
        {
            _accuracies.Dequeue();
        }

        double total = _accuracies.Sum(item => item.Count);
        double share = _accuracies.Sum(item => item.Right) / Math.Max(1, total);
        if (_accuracies.Count == AccuracySteps && total > 0 && (0.5 - share) * 2 * Math.Sqrt(Math.Min(total, pairs)) > AccuracyDeviations)
        {
            throw new DivergenceException(
                step,
                FormattableString.Invariant($"over {AccuracySteps} steps the implicit accuracy was {share:f3}, below one half by more than chance: the worse clips become more likely than the better ones"),
                "Check that a higher reward means better, and lower the learning rate.");
        }
    }

    private static bool IsExploded(JsonObject line, string part) =>
        new[] { "better", "worse" }.All(side => line[$"{part}_error_{side}"] is not null && Number(line, $"{part}_error_{side}") > Explosion * Number(line, $"{part}_reference_error_{side}"));

    // A number that was read from a file is both; one that was just put in is one of them.
    private static double Number(JsonObject line, string name) =>
        line[name] is not JsonValue value ? 0 : value.TryGetValue(out double number) ? number : value.GetValue<long>();
}
