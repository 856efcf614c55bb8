using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>The affine map between a head's own units, in which the labels have mean 0 and deviation 1, and the units of the labels.</summary>
/// <param name="Mean">Mean of the labels.</param>
/// <param name="Deviation">Their standard deviation, above 0.</param>
/// <param name="Grades">
/// Where the labels are whole grades, their scale: rewards end where it ends, so that what is fine is equally fine, whatever it shows. Null for
/// labels without ends.
/// </param>
public readonly record struct LabelScale(double Mean, double Deviation, GradeRange? Grades = null)
{
    /// <summary>Labels and head in the same units.</summary>
    public static LabelScale Identity { get; } = new(0, 1);

    /// <summary>The scale of these labels; missing ones (NaN) are left out, constant ones keep their unit.</summary>
    /// <exception cref="InputException">No label is there.</exception>
    public static LabelScale Of(IEnumerable<double> labels)
    {
        double[] present = [.. labels.Where(label => !double.IsNaN(label))];
        if (present.Length == 0)
        {
            throw new InputException("No label to train on: every one is missing. Give at least one.");
        }

        double mean = present.Average();
        double deviation = Math.Sqrt(present.Average(label => (label - mean) * (label - mean)));
        return new LabelScale(mean, deviation > 0 ? deviation : 1);
    }

    /// <summary>The reward of a head's output.</summary>
    internal Tensor ToReward(Tensor raw)
    {
        Tensor label = ToLabel(raw);
        return Grades is { } grades ? label.clamp(grades.Worst, grades.Best) : label;
    }

    internal Tensor ToLabel(Tensor raw) => raw.mul(Deviation).add(Mean);

    internal Tensor FromLabel(Tensor label) => label.sub(Mean).div(Deviation);
}
