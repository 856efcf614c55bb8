namespace HaloLab.Statistics;

/// <summary>What the signed-rank test does with differences of zero. Name it in reports: with many zeros it decides the result.</summary>
public enum ZeroRule
{
    /// <summary>Zeros are dropped before ranking (Wilcoxon 1945).</summary>
    Drop,

    /// <summary>Zeros are ranked, then dropped (Pratt 1959).</summary>
    Pratt,

    /// <summary>Zeros are ranked, and half of their ranks goes to either side.</summary>
    Split,
}
