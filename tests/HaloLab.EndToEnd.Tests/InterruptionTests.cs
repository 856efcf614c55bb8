using System.Diagnostics;
using System.Globalization;

namespace HaloLab.EndToEnd.Tests;

/// <summary>Ctrl-C on work that computes all the time.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-interruption-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ReproduceStopsAndSaysThatItGoesOn()
    {
        using Process run = Process.Start(HaloLabProgram.Interruptible("reproduce", "--preset", "smoke", "--threads", "1", "--out", _folder))!;
        string line;
        do
        {
            line = await run.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("It ended before it began.");
        }
        while (!line.Contains("started", StringComparison.Ordinal));

        using (Process kill = Process.Start("kill", ["-INT", run.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        string said = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, run.ExitCode);
        Assert.Contains("Interrupted. The same command goes on from here.", said, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(_folder, "stages"), "*.partial"));
    }
}
