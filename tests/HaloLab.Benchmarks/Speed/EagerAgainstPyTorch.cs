using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks.Speed;

/// <summary>
/// The same models and step in a PyTorch that the machine has (<c>pytorch_step.py</c>), a process beside that does a step when it is told to. Both are checked against the cases'
/// numbers first. There is no limit: versions and mathematics libraries differ, and it says which.
/// </summary>
internal static class EagerAgainstPyTorch
{
    /// <param name="rounds">Rounds that count.</param>
    /// <param name="folder">Folder of the cases.</param>
    /// <param name="python">The Python to start.</param>
    /// <param name="threads">Threads of both.</param>
    public static bool Run(int rounds, string folder, string python, int threads)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "Speed", "pytorch_step.py");
        ProcessStartInfo start = new(python, [script, folder, threads.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);

        // Threads that wait actively would take the cores from the other contestant.
        start.Environment["OMP_WAIT_POLICY"] = "passive";
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{python} does not start.");
        Console.WriteLine("  " + Answer(process));
        Console.WriteLine($"  HaloLab: TorchSharp {typeof(torch).Assembly.GetName().Version}, libtorch with {threads} threads");
        foreach (SpeedCase speed in SpeedCase.All(folder))
        {
            using (speed)
            {
                foreach ((long T, long H, long W) in SpeedCase.Sizes)
                {
                    Dictionary<string, Tensor> inputs = speed.Inputs(T, H, W);
                    string size = FormattableString.Invariant($"{speed.Name} {T} {H} {W}");
                    Paired.Compare(size + ": HaloLab / PyTorch", double.PositiveInfinity, rounds, () => speed.Loss(inputs).backward(), () =>
                    {
                        process.StandardInput.WriteLine(size);
                        process.StandardInput.Flush();
                        Answer(process);
                    });
                }
            }
        }

        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string Answer(Process process) => process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The Python process ended; what it said is above.");
}
