namespace HaloLab.ToyWorld;

/// <summary>What <see cref="DamageProcess"/> puts in the place of a patch.</summary>
public enum DamageKind
{
    /// <summary>Uniform random pixels.</summary>
    Noise,

    /// <summary>One colour over the patch.</summary>
    Flat,

    /// <summary>Colours turned into their opposite.</summary>
    Inverted,
}

/// <summary>One damaged cell of the 4×4×4 grid.</summary>
/// <param name="Time">Cell along time, 0 .. 3 (two frames each).</param>
/// <param name="Row">Cell along height, 0 .. 3 (eight pixels each).</param>
/// <param name="Column">Cell along width, 0 .. 3.</param>
/// <param name="Kind">What was put there.</param>
/// <param name="Strength">Share of the damage in the mixture with what was there, 0.6 .. 1.</param>
public sealed record DamagedCell(int Time, int Row, int Column, DamageKind Kind, double Strength);
