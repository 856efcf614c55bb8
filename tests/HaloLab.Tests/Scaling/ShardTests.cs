using HaloLab.Scaling;

namespace HaloLab.Tests.Scaling;

public sealed class ShardTests
{
    [Theory]
    [InlineData("1/1", 0, 1)]
    [InlineData("2/8", 1, 8)]
    [InlineData("8/8", 7, 8)]
    public void APlaceOfSoManyIsRead(string text, int index, int count) => Assert.Equal(new Shard(index, count), Shard.Parse(text, _ => null));

    [Theory]
    [InlineData("0/2")]
    [InlineData("3/2")]
    [InlineData("2")]
    [InlineData("a/b")]
    [InlineData("1/2/3")]
    public void OthersAreRefused(string text) => Assert.Contains("--shard " + text, Assert.Throws<InputException>(() => Shard.Parse(text, _ => null)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 0, 4, null, 0)]
    [InlineData(3, 0, 4, "1", 3)]
    [InlineData(5, 5, 3, "1", 0)]
    [InlineData(9, 5, 3, "2", 2)]
    public void ATaskOfAJobArrayKnowsItsPlace(int id, int first, int count, string? step, int index) => Assert.Equal(new Shard(index, count), Shard.Parse("slurm", Array(id, first, count, step)));

    [Theory]
    [InlineData(9, 0, 4, "1")]
    [InlineData(6, 5, 3, "2")]
    [InlineData(1, 5, 3, "1")]
    public void ATaskOutsideItsArrayIsRefused(int id, int first, int count, string step) => Assert.Throws<InputException>(() => Shard.Parse("slurm", Array(id, first, count, step)));

    [Fact]
    public void WithoutAJobArrayThereIsNothingToTakeItFrom() =>
        Assert.Contains("SLURM_ARRAY_TASK_ID", Assert.Throws<InputException>(() => Shard.Parse("slurm", _ => null)).Message, StringComparison.Ordinal);

    [Fact]
    public void EveryPlaceGoesToOneShard()
    {
        int[] places = [.. Enumerable.Range(0, 11)];
        IReadOnlyList<int>[] parts = [.. new Shard(0, 3).All.Select(shard => shard.Of(places))];
        Assert.Equal([0, 3, 6, 9], parts[0]);
        Assert.Equal(places, parts.SelectMany(part => part).Order());
        Assert.Empty(new Shard(4, 5).Of(places[..4]));
    }

    private static Func<string, string?> Array(int id, int first, int count, string? step) => name => name switch
    {
        "SLURM_ARRAY_TASK_ID" => FormattableString.Invariant($"{id}"),
        "SLURM_ARRAY_TASK_MIN" => FormattableString.Invariant($"{first}"),
        "SLURM_ARRAY_TASK_COUNT" => FormattableString.Invariant($"{count}"),
        "SLURM_ARRAY_TASK_STEP" => step,
        _ => null,
    };
}
