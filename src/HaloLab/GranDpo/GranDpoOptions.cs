namespace HaloLab.GranDpo;

/// <summary>Settings of the Gran-DPO objective (DESIGN D3).</summary>
public sealed record GranDpoOptions
{
    /// <summary>What β multiplies here, for manifests.</summary>
    public const string BetaConvention = "beta multiplies the whole difference of energies, without the factor 1/2: Diffusion-DPO's 5000 is 2500 here";

    /// <summary>λ, the share of the video term, 0 to 1. Default 0.5.</summary>
    public double Lambda { get; init; } = 0.5;

    /// <summary>β_v, of the region's term too; above 0, without the factor ½ of Diffusion-DPO: its 5000 is 2500 here. Default 2500.</summary>
    public double BetaVideo { get; init; } = 2500;

    /// <summary>β_p, above 0. A cell's energy is noisier than the clip's, so it takes a smaller value for the same saturation. Default 500.</summary>
    public double BetaPatch { get; init; } = 500;

    /// <summary>τ_v: video rewards that differ by no more are tied. Default 0.</summary>
    public double TauVideo { get; init; }

    /// <summary>τ_p: patch rewards that differ by no more are tied. Default 0.</summary>
    public double TauPatch { get; init; }

    /// <summary>w_p. Default uniform.</summary>
    public PatchWeighting Weighting { get; init; }

    /// <summary>φ. Default sigmoid.</summary>
    public PreferenceForm Form { get; init; }

    /// <summary>ε of (1 − ε)·φ(z) + ε·φ(−z), 0 to below ½, sigmoid only. Default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Which terms there are. Default both.</summary>
    public PreferenceTerms Terms { get; init; }

    /// <summary>η: weight of the preferred clip's own energy (supervised fine-tuning), at least 0; a pair tied in video reward, or without a region where the term is one of a region, has none. Default 0.</summary>
    public double Eta { get; init; }

    /// <exception cref="InputException">A value is out of its range.</exception>
    public void Validate()
    {
        Require(Lambda is >= 0 and <= 1, nameof(Lambda), Lambda, "0 to 1");
        Require(BetaVideo is > 0 and < double.PositiveInfinity, nameof(BetaVideo), BetaVideo, "above 0");
        Require(BetaPatch is > 0 and < double.PositiveInfinity, nameof(BetaPatch), BetaPatch, "above 0");
        Require(TauVideo >= 0, nameof(TauVideo), TauVideo, "at least 0");
        Require(TauPatch >= 0, nameof(TauPatch), TauPatch, "at least 0");
        Require(LabelSmoothing is >= 0 and < 0.5, nameof(LabelSmoothing), LabelSmoothing, "0 to below 0.5");
        Require(LabelSmoothing == 0 || Form == PreferenceForm.Sigmoid, nameof(LabelSmoothing), LabelSmoothing, "0 unless the form is sigmoid");
        Require(Eta is >= 0 and < double.PositiveInfinity, nameof(Eta), Eta, "at least 0");
        Require(Terms != PreferenceTerms.None || Eta > 0, nameof(Eta), Eta, "above 0 when there are no preference terms");
    }

    private static void Require(bool holds, string name, double value, string expected)
    {
        if (!holds)
        {
            throw new InputException(FormattableString.Invariant($"Gran-DPO setting {name} is {value}: expected {expected}."));
        }
    }
}
