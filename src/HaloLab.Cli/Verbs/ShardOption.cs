using System.CommandLine;
using HaloLab.Scaling;

namespace HaloLab.Cli.Verbs;

/// <summary><c>--shard</c>: one of several equal parts of a verb's work.</summary>
/// <param name="what">What is made of the part.</param>
internal sealed class ShardOption(string what)
{
    /// <summary>Its name.</summary>
    public const string Name = "--shard";

    /// <summary>The option.</summary>
    public Option<string?> Option { get; } = new(Name) { Description = $"I/N: {what} `slurm` takes I and N from the array task." };

    /// <summary>The part that is asked for; null for all.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public Shard? Read(ParseResult parsed) => parsed.GetValue(Option) is string text ? Shard.Parse(text, Environment.GetEnvironmentVariable) : null;
}
