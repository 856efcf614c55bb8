namespace HaloLab.Evaluation.VBench;

/// <summary>One of VBench's sixteen dimensions, with the range that its leaderboard stretches to 0 to 1 (published with its code).</summary>
/// <param name="Name">Name in its result files, with spaces.</param>
/// <param name="Least">What becomes 0.</param>
/// <param name="Most">What becomes 1.</param>
/// <param name="IsQuality">Whether it counts for the quality score instead of the semantic one.</param>
/// <param name="Weight">Its weight there.</param>
public sealed record VBenchDimension(string Name, double Least, double Most, bool IsQuality, double Weight = 1)
{
    public static IReadOnlyList<VBenchDimension> All { get; } =
    [
        new("subject consistency", 0.1462, 1, IsQuality: true),
        new("background consistency", 0.2615, 1, IsQuality: true),
        new("temporal flickering", 0.6293, 1, IsQuality: true),
        new("motion smoothness", 0.706, 0.9975, IsQuality: true),
        new("dynamic degree", 0, 1, IsQuality: true, Weight: 0.5),
        new("aesthetic quality", 0, 1, IsQuality: true),
        new("imaging quality", 0, 1, IsQuality: true),
        new("object class", 0, 1, IsQuality: false),
        new("multiple objects", 0, 1, IsQuality: false),
        new("human action", 0, 1, IsQuality: false),
        new("color", 0, 1, IsQuality: false),
        new("spatial relationship", 0, 1, IsQuality: false),
        new("scene", 0, 0.8222, IsQuality: false),
        new("appearance style", 0.0009, 0.2855, IsQuality: false),
        new("temporal style", 0, 0.364, IsQuality: false),
        new("overall consistency", 0, 0.364, IsQuality: false),
    ];

    /// <summary>A value stretched to the range; below 0 and above 1 outside of it.</summary>
    public double Normalise(double value) => (value - Least) / (Most - Least);
}
