namespace HaloLab.Rewards;

/// <summary>
/// Which losses train a reward model. The arms of claim C2 differ in these and in the model they start from: <see cref="VideoOnly"/> is stage 1
/// (DESIGN D4); stage 2 is <see cref="Joint"/> from the model of stage 1; the comparisons are <see cref="PatchOnly"/> and <see cref="Joint"/>
/// from a fresh model.
/// </summary>
public sealed record RewardTrainingOptions
{
    /// <summary>Weight of the video loss, at least 0; 0 leaves the video head untrained.</summary>
    public double VideoWeight { get; init; } = 1;

    /// <summary>Weight of the patch loss (censored regression where the labels have a scale of grades, else squared error), at least 0; 0 leaves the patch head untrained.</summary>
    public double PatchWeight { get; init; } = 1;

    public VideoLossKind VideoLoss { get; init; }

    /// <summary>k of <see cref="VideoLossKind.BradleyTerryWithTies"/>, above 1; VideoAlign takes 5.</summary>
    public double TieParameter { get; init; } = 5;

    public TrainingBudget Budget { get; init; } = new();

    public static RewardTrainingOptions VideoOnly { get; } = new() { PatchWeight = 0 };

    public static RewardTrainingOptions PatchOnly { get; } = new() { VideoWeight = 0 };

    public static RewardTrainingOptions Joint { get; } = new();
}
