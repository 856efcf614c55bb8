using System.Diagnostics;
using System.Globalization;
using HaloLab.GranDpo;
using HaloLab.Scaling;
using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>
/// Weak scaling of data-parallel training: two processes with a thread each take steps of the toy generator, in turn each by itself and together as ranks of one training of twice the batch, in random order
/// within a round. The efficiency is the time of a step alone (mean of both) over that of a step together (the slower one's).
/// </summary>
internal static class RankedSteps
{
    private const int Ranks = 2;
    private const int StepsPerRound = 4;
    private const int WarmUps = 2;
    private const double Limit = 0.90;

    /// <summary>Starts the ranks and shows what they measured.</summary>
    /// <param name="rounds">Rounds that count.</param>
    /// <returns>Whether the lower end of each interval is above the limit.</returns>
    public static bool Run(int rounds)
    {
        string[] options = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", Text(Ranks)];
        using Process job = Process.Start("mpirun", [.. options, Environment.ProcessPath!, Program.RanksOnce, "--rounds", Text(rounds), "--threads", "1"]);
        job.WaitForExit();
        return job.ExitCode == 0;
    }

    /// <summary>What each rank does.</summary>
    public static bool Once(int rounds)
    {
        Communicator ranks = Communicator.OfThisProcess(Environment.GetEnvironmentVariable, Console.Error.WriteLine);
        bool isKept = true;
        GranDpoTrainerOptions all = TrainingSteps.Options();
        foreach ((string name, GranDpoTrainerOptions options) in new[] { ("all parameters", all), ("adapters of rank 8", all with { LoraRank = 8 }) })
        {
            using TrainingSteps steps = new();
            Action alone = steps.Stepper(options with { BatchPairs = options.BatchPairs / ranks.Size, Steps = options.Steps * ranks.Size });
            Action together = steps.Stepper(options, ranks, out GranDpoTrainer trainer);
            Action sharded = steps.Stepper(options with { ShardsOptimiser = true }, ranks, out GranDpoTrainer shardingTrainer);
            RandomStream order = new(1, "benchmark " + name);
            List<(double Alone, double Together)> times = [];
            (long Summed, long Shared) bytes = default;
            long overlapped = 0;
            for (int round = -WarmUps; round < rounds; round++)
            {
                bool isAloneFirst = order.Next(2) == 0;
                double first = Seconds(isAloneFirst ? alone : together, ranks);
                double second = Seconds(isAloneFirst ? together : alone, ranks);
                long before = trainer.Reducer.OverlappedBytes;
                bytes = Exchanged(together, ranks);
                overlapped = trainer.Reducer.OverlappedBytes - before;
                (double own, double shared) = isAloneFirst ? (first, second) : (second, first);
                (double mean, double slowest) = (Gather(own, ranks).Average(), Gather(shared, ranks).Max());
                if (round >= 0)
                {
                    times.Add((mean, slowest));
                }
            }

            (long Summed, long Shared) bytesSharded = Exchanged(sharded, ranks);
            Interval efficiency = Bootstrap.Run(rounds, drawn => Moments.Mean([.. drawn.Select(i => times[i].Alone / times[i].Together)]), new RandomStream(1, "bootstrap " + name)).Percentile;
            isKept &= efficiency.Low >= Limit;
            if (ranks.IsFirst)
            {
                Console.WriteLine(FormattableString.Invariant(
                    $"{name}, {ranks.Size} ranks of {options.BatchPairs / ranks.Size} pairs: {times.Average(time => time.Alone) / StepsPerRound * 1e3:f1} ms a step alone, {times.Average(time => time.Together) / StepsPerRound * 1e3:f1} ms together, efficiency {efficiency.Estimate:f3} [{efficiency.Low:f3}, {efficiency.High:f3}] over {rounds} rounds; limit {Limit}: {(efficiency.Low >= Limit ? "kept" : "MISSED")}; {bytes.Summed} bytes added up a step on each rank, {overlapped} of them begun during the backward pass"));
                Console.WriteLine(FormattableString.Invariant($"  state of the optimiser on rank {ranks.Rank}: {trainer.OptimiserBytes} bytes; sharded {shardingTrainer.OptimiserBytes}, and then {bytesSharded.Summed} bytes added up and {bytesSharded.Shared} shared a step"));
            }
        }

        ranks.Leave();
        return isKept;
    }

    private static double Seconds(Action step, Communicator ranks)
    {
        ranks.Barrier();
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < StepsPerRound; i++)
        {
            step();
        }

        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>Bytes that a step adds up and shares on this rank.</summary>
    private static (long Summed, long Shared) Exchanged(Action step, Communicator ranks)
    {
        (long summed, long shared) = (ranks.SummedBytes, ranks.SharedBytes);
        step();
        return (ranks.SummedBytes - summed, ranks.SharedBytes - shared);
    }

    /// <summary>Every rank's number, on all of them.</summary>
    private static double[] Gather(double own, Communicator ranks)
    {
        using Tensor numbers = zeros(ranks.Size, ScalarType.Float64);
        numbers[ranks.Rank] = own;
        ranks.Sum(numbers);
        return numbers.data<double>().ToArray();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
