using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Preferences;
using HaloLab.Rewards.Patches;

namespace HaloLab.Cli.Verbs;

/// <summary>The options of <c>halolab train</c> for looking at the generator while it is trained.</summary>
internal sealed class WatchOptions
{
    private const int DefaultEvery = 50;

    private readonly Option<string?> _watch = new("--watch") { Description = $"Look at the generator while it is trained, by the reward that is trained for and at least one judge beside it, with commas: {ScorerFolder.Expected}. Appearance is always looked at." };
    private readonly Option<string?> _trained = new("--trained") { Description = "With --watch: which of the scorers the pairs' rewards come from." };
    private readonly Option<int?> _every = new("--watch-every") { Description = $"With --watch: steps between two looks, at least 1. Default: {DefaultEvery}." };
    private readonly Option<FileInfo?> _prompts = new("--watch-prompts") { Description = $"With --watch: text file with the prompts to sample, one on each line, at least {TrainingWatch.LeastPrompts}. Default: the first {TrainingWatch.DefaultPrompts} of the pairs." };

    public IReadOnlyList<Option> All => [_watch, _trained, _every, _prompts];

    /// <summary>The watch that is asked for, or null.</summary>
    /// <exception cref="InputException">An option does not fit the others.</exception>
    public TrainingWatch? Read(ParseResult parsed, ITunableModel model, VideoPairTable table, long seed)
    {
        if (parsed.GetValue(_watch) is not string scorers)
        {
            return All.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is Option alone
                ? throw new InputException($"{alone.Name} is for --watch, which is not given.")
                : null;
        }

        IReadOnlyList<ScorerFolder> named = ScorerFolder.Parse(scorers);
        string trained = parsed.GetValue(_trained) ?? throw new InputException($"--trained is missing: which of {string.Join(", ", named.Select(scorer => scorer.Kind))} do the pairs' rewards come from?");
        string[] prompts = parsed.GetValue(_prompts) is { } file
            ? PromptFile.Read(file.FullName)
            : [.. table.Pairs.Select(pair => model.Understood(pair.Prompt)).Distinct().Take(TrainingWatch.DefaultPrompts)];
        TrainingWatch watch = new(model, named, scorer => scorer.Open(new PatchScoring { Backbones = RewardVerb.Backbones }), trained, prompts, parsed.GetValue(_every) ?? DefaultEvery, seed, RunDisplay.Say);
        watch.Validate();
        return watch;
    }
}
