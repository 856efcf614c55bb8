namespace HaloLab.Benchmarks.Speed;

/// <summary>Sizes of <see cref="VideoDit"/>, as the case's JSON names them.</summary>
internal sealed record VideoDitOptions(int Channels, int Dim, int Ctx, int Heads, int Layers, int Ffn);
