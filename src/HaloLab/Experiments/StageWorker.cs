using System.Text.Json;
using HaloLab.Displays;

namespace HaloLab.Experiments;

/// <summary>The side of a process that computes single stages for another one, which holds the store and started it (<see cref="StageWorkers"/>).</summary>
public static class StageWorker
{
    /// <summary>Computes what it is asked for, one stage after the other, until requests end. If they end while it computes, it saves and stops.</summary>
    /// <param name="store">The store.</param>
    /// <param name="goals">The goals that the other process has, in the same order.</param>
    /// <param name="requests">What is asked, a line each; the next one comes after the answer.</param>
    /// <param name="answers">What is answered.</param>
    /// <param name="cancellation">Stops within seconds.</param>
    /// <exception cref="InputException">The other process means other stages.</exception>
    public static void Serve(RunStore store, IEnumerable<Stage> goals, TextReader requests, TextWriter answers, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(answers);
        IReadOnlyList<Stage> stages = RunStore.InOrder(goals);
        string? line = requests.ReadLine();
        while (line is not null)
        {
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task<string?> next = Task.Run(() => ReadOrStop(requests, stop), CancellationToken.None);
            Answer(store, stages, JsonSerializer.Deserialize<StageRequest>(line)!, answers, stop.Token);
            line = next.GetAwaiter().GetResult();
        }
    }

    private static string? ReadOrStop(TextReader requests, CancellationTokenSource stop)
    {
        string? line = requests.ReadLine();
        if (line is null)
        {
            stop.Cancel();
        }

        return line;
    }

    private static void Answer(RunStore store, IReadOnlyList<Stage> stages, StageRequest request, TextWriter answers, CancellationToken cancellation)
    {
        Stage? stage = stages.ElementAtOrDefault(request.Stage);
        if (stage is null || RunStore.KeyOf(stage, request.Inputs.ToDictionary(input => input.Name, input => input.OutputHash)) != request.Key)
        {
            throw new InputException("The stages are not those that the run began with: a file that says what to run, or the program, was changed meanwhile. Run the same command again.");
        }

        StageAnswer end;
        try
        {
            end = new StageAnswer(Result: store.Run(stage, request.Inputs, new AnsweringProgress(answers), cancellation));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            end = new StageAnswer(Error: StageAnswer.ErrorOf(exception));
        }

        Write(answers, end);
    }

    private static void Write(TextWriter answers, StageAnswer answer)
    {
        answers.WriteLine(JsonSerializer.Serialize(answer));
        answers.Flush();
    }

    private sealed class AnsweringProgress(TextWriter answers) : IRunProgress
    {
        private readonly UpdateClock _updates = new();

        public void StageStarted(string name, string? folder, double secondsLeft) => Write(answers, new StageAnswer(Folder: folder));

        public void StageAdvanced(string name, double share, double secondsLeft)
        {
            if (_updates.IsDue())
            {
                Write(answers, new StageAnswer(Share: share));
            }
        }

        public void StageFinished(StageResult result)
        {
        }
    }
}
