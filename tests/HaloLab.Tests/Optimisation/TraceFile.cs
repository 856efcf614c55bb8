using System.Text.Json;

namespace HaloLab.Tests.Optimisation;

/// <summary>A file in the trace-event format, held to what viewers expect of it.</summary>
internal sealed class TraceFile
{
    // Times are written to the nanosecond.
    private const double Rounding = 1e-3;

    /// <summary>Reads the file and requires: the fields of each kind of event; spans of a process that lie within each other or apart, those outermost being the steps; and counters where each span ends.</summary>
    public TraceFile(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement[] events = [.. document.RootElement.GetProperty("traceEvents").EnumerateArray().Select(item => item.Clone())];
        List<Span> spans = [];
        foreach (JsonElement item in events)
        {
            string name = item.GetProperty("name").GetString()!;
            int process = item.GetProperty("pid").GetInt32();
            Assert.Equal(0, item.GetProperty("tid").GetInt32());
            switch (item.GetProperty("ph").GetString())
            {
                case "X":
                    spans.Add(new Span(name, process, item.GetProperty("ts").GetDouble(), item.GetProperty("dur").GetDouble(), item.GetProperty("args").GetProperty("step").GetInt64()));
                    break;
                case "C":
                    Assert.InRange(item.GetProperty("ts").GetDouble(), 0, double.MaxValue);
                    Assert.InRange(item.GetProperty("args").EnumerateObject().Single().Value.GetInt64(), 1, long.MaxValue);
                    break;
                case "M":
                    Assert.NotEmpty(item.GetProperty("args").GetProperty("name").GetString()!);
                    break;
                case string other:
                    Assert.Fail($"{name} is of kind {other}");
                    break;
            }
        }

        Spans = spans;
        Processes = [.. spans.Select(span => span.Process).Distinct().Order()];
        foreach (int process in Processes)
        {
            RequireNested([.. spans.Where(span => span.Process == process)]);
            foreach (string counter in new[] { "live tensors", "resident memory" })
            {
                double[] moments = [.. events.Where(item => item.GetProperty("name").GetString() == counter && item.GetProperty("pid").GetInt32() == process).Select(item => item.GetProperty("ts").GetDouble())];
                Assert.Equal(moments.Order(), moments);
                foreach (Span span in spans.Where(span => span.Process == process))
                {
                    // Before anything else begins, unless what it is a part of ends with it.
                    double next = spans.Where(other => other.Process == process && other.Start >= span.End - Rounding).Select(other => other.Start).DefaultIfEmpty(double.MaxValue).Min();
                    Assert.Contains(moments, moment => moment >= span.End - Rounding && moment <= next + Rounding);
                }
            }
        }
    }

    /// <summary>What lasted, in the order of the file.</summary>
    public IReadOnlyList<Span> Spans { get; }

    /// <summary>Ranks.</summary>
    public IReadOnlyList<int> Processes { get; }

    /// <summary>A span, in microseconds.</summary>
    public sealed record Span(string Name, int Process, double Start, double Duration, long Step)
    {
        public double End => Start + Duration;

        public List<Span> Parts { get; } = [];
    }

    private static void RequireNested(IReadOnlyList<Span> spans)
    {
        Stack<Span> open = [];
        foreach (Span span in spans.OrderBy(span => span.Start).ThenByDescending(span => span.Duration))
        {
            while (open.TryPeek(out Span? last) && span.Start >= last.End - Rounding)
            {
                open.Pop();
            }

            if (open.TryPeek(out Span? around))
            {
                Assert.True(span.End <= around.End + Rounding, $"{span.Name} begins in {around.Name} and ends after it");
                Assert.Equal(around.Step, span.Step);
                around.Parts.Add(span);
            }
            else
            {
                Assert.Equal("step", span.Name);
            }

            open.Push(span);
        }

        Assert.All(spans, span => Assert.InRange(span.Parts.Sum(part => part.Duration), 0, span.Duration + Rounding));
    }
}
