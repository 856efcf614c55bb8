using HaloLab.Distillation;
using HaloLab.Statistics;

namespace HaloLab.Tests.Distillation;

public sealed class RequestLedgerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-ledger").FullName;

    private string LedgerPath => Path.Combine(_folder, "ledger.db");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AnIntentThatNeverEndedStaysCharged()
    {
        await using (RequestLedger ledger = RequestLedger.Open(LedgerPath, 1m))
        {
            long first = (await ledger.ReserveAsync("a", "{}", 0.25m, Cancellation))!.Value;
            await ledger.SettleAsync(first, new AttemptEnd(AttemptOutcome.Answered, 0.1m, 200, "body"u8.ToArray(), "m-1", 10, 0, 5));
            Assert.NotNull(await ledger.ReserveAsync("b", "{}", 0.25m, Cancellation));
            Assert.Equal((0.1m, 0.25m), (ledger.Spent, ledger.Reserved));
        }

        await using RequestLedger again = RequestLedger.Open(LedgerPath, 1m);
        Assert.Equal((0.35m, 0m), (again.Spent, again.Reserved));
        Assert.Equal("m-1", again.Snapshot);
        Assert.Equal("body"u8.ToArray(), Assert.Single(again.ResponsesTo("a")).Body);
        Assert.Empty(again.ResponsesTo("b"));
        Assert.Equal(new Dictionary<string, long> { ["Answered"] = 1, ["Unfinished"] = 1 }, again.Outcomes());
    }

    [Fact]
    public async Task ATimedOutAttemptIsChargedItsReservationAndARefusedOneNothing()
    {
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 1m);
        long lost = (await ledger.ReserveAsync("a", "{}", 0.2m, Cancellation))!.Value;
        await ledger.SettleAsync(lost, new AttemptEnd(AttemptOutcome.TimedOut, null));
        long limited = (await ledger.ReserveAsync("a", "{}", 0.2m, Cancellation))!.Value;
        await ledger.SettleAsync(limited, new AttemptEnd(AttemptOutcome.RateLimited, 0, 429, "{}"u8.ToArray()));
        Assert.Equal(0.2m, ledger.Spent);
    }

    [Fact]
    public async Task SpentAndReservedNeverExceedTheBudgetWhoeverAsks()
    {
        decimal most = 0;
        int turnedAway = 0;
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 1m);
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation }, async (i, token) =>
        {
            RandomStream chance = new(1, "ledger test", i);
            if (await ledger.ReserveAsync($"key {i}", "{}", 0.09m, token) is not { } attempt)
            {
                Interlocked.Increment(ref turnedAway);
                return;
            }

            lock (_folder)
            {
                most = Math.Max(most, ledger.Spent + ledger.Reserved);
            }

            await Task.Yield();
            await ledger.SettleAsync(attempt, new AttemptEnd(AttemptOutcome.Answered, (decimal)Math.Round(chance.NextDouble() * 0.02, 4), 200));
        });
        Assert.True(most <= 1m, $"{most}");
        Assert.True(most > 0.9m, $"{most}: the budget was hardly used");
        Assert.True(turnedAway > 0);
        Assert.InRange(ledger.Spent, 0.9m, 1m);
    }

    [Fact]
    public async Task WaitsForMoneyThatAnAttemptInFlightMayGiveBack()
    {
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 1m);
        long first = (await ledger.ReserveAsync("a", "{}", 0.8m, Cancellation))!.Value;
        Task<long?> second = ledger.ReserveAsync("b", "{}", 0.8m, Cancellation);
        await Task.Delay(50, Cancellation);
        Assert.False(second.IsCompleted);
        await ledger.SettleAsync(first, new AttemptEnd(AttemptOutcome.Answered, 0.1m, 200));
        Assert.NotNull(await second);
    }

    [Fact]
    public void OtherFilesAreRefused()
    {
        File.WriteAllText(LedgerPath, "not a database, but long enough to be taken for the header of one, or so it seems to me");
        Assert.Contains(LedgerPath, Assert.Throws<InputException>(() => RequestLedger.Open(LedgerPath, 1m)).Message, StringComparison.Ordinal);
    }
}
