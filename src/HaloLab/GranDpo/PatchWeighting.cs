namespace HaloLab.GranDpo;

/// <summary>How much each untied patch weighs within its pair (w_p of DESIGN D3).</summary>
public enum PatchWeighting
{
    /// <summary>1.</summary>
    Uniform,

    /// <summary>|r_p(A) − r_p(B)|.</summary>
    Margin,
}
