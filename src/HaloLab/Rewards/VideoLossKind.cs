namespace HaloLab.Rewards;

/// <summary>How the video head is trained.</summary>
public enum VideoLossKind
{
    /// <summary>Squared error against the clips' video labels.</summary>
    Regression,

    /// <summary>Bradley–Terry with ties over the set's pairs (<see cref="RewardLosses.BradleyTerryWithTies"/>); its scale is free.</summary>
    BradleyTerryWithTies,
}
