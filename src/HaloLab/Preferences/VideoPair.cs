namespace HaloLab.Preferences;

/// <summary>Two given video files of one prompt with their rewards, as one row of a file.</summary>
/// <param name="Row">Number of the row in its file; the first row of data is 1.</param>
/// <param name="PathA">Full path of clip A.</param>
/// <param name="PathB">Full path of clip B.</param>
/// <param name="Prompt">What both were generated from.</param>
/// <param name="RewardA">Video reward of A, higher is better.</param>
/// <param name="RewardB">Video reward of B.</param>
/// <param name="PatchesA">Patch rewards of A, or null where nobody scored patches.</param>
/// <param name="PatchesB">Patch rewards of B, on the same grid.</param>
/// <param name="Claims">What the row says about the files themselves, by field: frame rates and numbers of frames.</param>
public sealed record VideoPair(
    int Row,
    string PathA,
    string PathB,
    string Prompt,
    double RewardA,
    double RewardB,
    PatchRewards? PatchesA,
    PatchRewards? PatchesB,
    IReadOnlyDictionary<string, double> Claims);
