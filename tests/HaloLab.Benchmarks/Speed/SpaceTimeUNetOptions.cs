namespace HaloLab.Benchmarks.Speed;

/// <summary>Sizes of <see cref="SpaceTimeUNet"/>, as the case's JSON names them.</summary>
internal sealed record SpaceTimeUNetOptions(int Channels, int Width, int Ctx, int Heads, int Groups);
