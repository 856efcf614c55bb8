using Azure.Core;
using HaloLab.Distillation;

namespace HaloLab.Tests.Distillation;

public sealed class IdentityTokenTests
{
    [Fact]
    public async Task ATokenIsAskedForOnceAndAgainFiveMinutesBeforeItRunsOut()
    {
        SetClock clock = new();
        int asked = 0;
        TokenCredential identity = DelegatedTokenCredential.Create((_, _) => new AccessToken($"token {++asked}", clock.Now + TimeSpan.FromHours(1)));
        using IdentityToken token = new(identity, clock);
        string[] first = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => token.GetAsync(TestContext.Current.CancellationToken)));
        Assert.All(first, value => Assert.Equal("token 1", value));

        clock.Now += TimeSpan.FromMinutes(54);
        Assert.Equal("token 1", await token.GetAsync(TestContext.Current.CancellationToken));
        clock.Now += TimeSpan.FromMinutes(2);
        Assert.Equal("token 2", await token.GetAsync(TestContext.Current.CancellationToken));
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
