namespace HaloLab.Rewards.Patches;

/// <summary>Where training begins.</summary>
/// <param name="Training">What is trained beside the heads.</param>
/// <param name="FromRandom">Whether every weight is drawn anew: the sizes of the video reward model, and nothing that it learned.</param>
/// <param name="LoraRank">Rank of adapters, at least 1.</param>
/// <param name="LoraAlpha">They count with alpha / rank.</param>
public sealed record PatchModelStart(BackboneTraining Training, bool FromRandom = false, int LoraRank = 16, double LoraAlpha = 32)
{
    /// <summary>Refuses what cannot be trained.</summary>
    /// <exception cref="InputException">A number is out of range.</exception>
    public void Validate()
    {
        if (LoraRank < 1 || !(LoraAlpha > 0 && double.IsFinite(LoraAlpha)))
        {
            throw new InputException(FormattableString.Invariant($"Adapters of rank {LoraRank} and alpha {LoraAlpha}: expected a rank of at least 1 and an alpha above 0."));
        }

        if (FromRandom && Training != BackboneTraining.All)
        {
            throw new InputException("A model that starts from random weights trains all of them: random features that stay as they are say nothing of patches.");
        }
    }
}
