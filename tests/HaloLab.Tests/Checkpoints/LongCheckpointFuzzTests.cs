namespace HaloLab.Tests.Checkpoints;

[Trait("Category", "Long")]
public sealed class LongCheckpointFuzzTests() : CheckpointFuzzing(20_000, isAlone: true);
