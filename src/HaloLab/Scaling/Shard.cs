using System.Globalization;

namespace HaloLab.Scaling;

/// <summary>One of several equal parts of a list of work, dealt like cards: part i takes places i, i + n, i + 2n …</summary>
/// <param name="Index">From 0.</param>
/// <param name="Count">Parts, at least 1.</param>
public sealed record Shard(int Index, int Count)
{
    private const string Slurm = "slurm";

    /// <summary>All parts.</summary>
    public IEnumerable<Shard> All => Enumerable.Range(0, Count).Select(index => new Shard(index, Count));

    /// <summary>Reads <c>I/N</c> with I from 1 to N, or <c>slurm</c>: this task's place in its job array (<c>SLURM_ARRAY_TASK_…</c>, as sbatch's manual has them).</summary>
    /// <param name="text">What was given.</param>
    /// <param name="environment">Values of environment variables.</param>
    /// <exception cref="InputException">It is neither, or this is no task of a job array.</exception>
    public static Shard Parse(string text, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(environment);
        if (text == Slurm)
        {
            (int id, int first, int count, int step) = (Number("ID", null), Number("MIN", 0), Number("COUNT", null), Math.Max(1, Number("STEP", 1)));
            int index = (id - first) / step;
            return (id - first) % step == 0 && index >= 0 && index < count
                ? new Shard(index, count)
                : throw new InputException(FormattableString.Invariant($"--shard {Slurm}: task {id} is none of {count} from {first} in steps of {step}."));
        }

        string[] parts = text.Split('/');
        return parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out int place) && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int all) && place >= 1 && place <= all
            ? new Shard(place - 1, all)
            : throw new InputException($"--shard {text}: expected I/N with I from 1 to N, for example 2/8, or {Slurm}.");

        int Number(string name, int? otherwise) => int.TryParse(environment("SLURM_ARRAY_TASK_" + name), CultureInfo.InvariantCulture, out int value) ? value
            : otherwise ?? throw new InputException($"--shard {Slurm}: SLURM_ARRAY_TASK_{name} is no number, so this is no task of a job array. Give I/N.");
    }

    /// <summary>Its part of a list.</summary>
    public IReadOnlyList<T> Of<T>(IReadOnlyList<T> all)
    {
        ArgumentNullException.ThrowIfNull(all);
        return [.. all.Where((_, place) => place % Count == Index)];
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Index + 1}-of-{Count}");
}
