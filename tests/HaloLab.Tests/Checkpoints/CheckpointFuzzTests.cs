namespace HaloLab.Tests.Checkpoints;

public sealed class CheckpointFuzzTests() : CheckpointFuzzing(1000, isAlone: false);
