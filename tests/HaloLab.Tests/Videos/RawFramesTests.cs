using HaloLab.Videos;

namespace HaloLab.Tests.Videos;

public sealed class RawFramesTests
{
    [Theory]
    [InlineData(100_000, 100_000)]
    [InlineData(100_000, 0)]
    [InlineData(100_000, 99_999)]
    [InlineData(100_000, 350_001)]
    [InlineData(0, 70_000)]
    [InlineData(0, 0)]
    public async Task WhatComesIsKeptWhateverWasExpected(int expected, int comes)
    {
        byte[] bytes = new byte[comes];
        new Random(comes).NextBytes(bytes);
        RawFrames frames = new();
        await frames.ReadAsync(new Trickle(bytes), expected, TestContext.Current.CancellationToken);
        Assert.Equal(comes, frames.Length);
        Assert.Equal(bytes, frames.ToArray());
    }

    [Fact]
    public async Task ACancelledReadStops()
    {
        using CancellationTokenSource cancellation = new();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new RawFrames().ReadAsync(new Trickle(new byte[10]), 10, cancellation.Token));
    }

    /// <summary>Gives a few bytes at a time, as a pipe does.</summary>
    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 4_096));
    }
}
