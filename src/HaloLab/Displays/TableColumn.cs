namespace HaloLab.Displays;

/// <summary>One column of a <see cref="DataTable"/>.</summary>
/// <param name="Header">Heading.</param>
/// <param name="IsNumber">Aligned at the right.</param>
/// <param name="Format">How its numbers are written; null: three significant digits.</param>
public sealed record TableColumn(string Header, bool IsNumber = false, string? Format = null);
