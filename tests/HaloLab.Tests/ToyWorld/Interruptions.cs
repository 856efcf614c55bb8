namespace HaloLab.Tests.ToyWorld;

/// <summary>Work that is stopped again and again until it gets through.</summary>
internal static class Interruptions
{
    private const int Most = 100;

    /// <summary>Runs it until it is not cancelled, which takes at least two stops.</summary>
    public static void UntilDone(Action work)
    {
        int stops = 0;
        for (bool isDone = false; !isDone;)
        {
            try
            {
                work();
                isDone = true;
            }
            catch (OperationCanceledException)
            {
                Assert.InRange(++stops, 1, Most);
            }
        }

        Assert.InRange(stops, 2, Most);
    }
}
