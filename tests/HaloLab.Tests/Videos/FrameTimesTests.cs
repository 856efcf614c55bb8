using System.Text.Json;
using HaloLab.Videos;

namespace HaloLab.Tests.Videos;

/// <summary>What counts as a variable frame rate.</summary>
public sealed class FrameTimesTests
{
    [Theory]
    [InlineData(true, "[0,33,67,100,133]", 0.001, 30)]
    [InlineData(true, "[0,2,3,5,7,8,10]", 0.01, 60)]
    [InlineData(true, "[0,3000,6150,9000]", 1 / 90000.0, 30)]
    [InlineData(false, "[0,3000,6000,9900]", 1 / 90000.0, 30)]
    [InlineData(false, "[0,33,67,133,167]", 0.001, 24)]
    [InlineData(false, "[0,1,2,3,5,6]", 0.1, 10)] // One frame is missing: a unit that coarse is the rate's own.
    [InlineData(false, "[0,10,20,30]", 0.01, 4)] // All alike, and not as the rate says: the last one stays.
    [InlineData(true, "[0,200,100,300]", 0.001, 10)] // In the order in which they are decoded.
    [InlineData(false, "[0,200,100,200]", 0.001, 10)]
    public void OnlyRoundingIsForgiven(bool follows, string ticks, double tick, double rate) =>
        Assert.Equal(follows, FrameTimes.Parse(Packets(ticks), tick)!.Follow(rate));

    [Fact]
    public void TheTimesAreSeconds()
    {
        FrameTimes times = FrameTimes.Parse(Packets("[0,200,100,500]"), 0.001)!;
        Assert.Equal(0.1, times.Shortest, 1e-9);
        Assert.Equal(0.3, times.Longest, 1e-9);
    }

    [Fact]
    public void WhatTheFileDoesNotSayIsUnknown()
    {
        using JsonDocument unsaid = JsonDocument.Parse("""[{"pts":0},{"flags":"K_"},{"pts":700}]""");
        Assert.Null(FrameTimes.Parse([.. unsaid.RootElement.EnumerateArray()], 0.001));
        Assert.Null(FrameTimes.Parse(Packets("[0,1,7]"), null));
        Assert.Null(FrameTimes.Parse(Packets("[0]"), 0.001));
    }

    private static IReadOnlyList<JsonElement> Packets(string ticks) =>
        [.. JsonSerializer.Deserialize<long[]>(ticks)!.Select(tick => JsonSerializer.SerializeToElement(new { pts = tick }))];
}
