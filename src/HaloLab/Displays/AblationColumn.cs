namespace HaloLab.Displays;

/// <summary>One measure of an <see cref="AblationTable"/>.</summary>
/// <param name="Header">The measure with its unit.</param>
/// <param name="HigherIsBetter">False for defects and errors.</param>
/// <param name="Format">How its numbers are written; null: three significant digits.</param>
public sealed record AblationColumn(string Header, bool HigherIsBetter = true, string? Format = null);
