namespace HaloLab.Rewards.Patches;

/// <summary>How comparisons of two clips train the video head: the losses of <see cref="RewardLosses"/>.</summary>
public enum PairLossKind
{
    /// <summary>Bradley–Terry with ties; the only one that learns from ties.</summary>
    BradleyTerryWithTies,

    BradleyTerry,

    /// <summary>The margin is the difference of the clips' ratings; pairs whose clips have none are left out.</summary>
    Margin,

    ConstantMargin,

    /// <summary>Weighted by the difference of the clips' ratings; pairs whose clips have none are left out.</summary>
    Scaled,
}
