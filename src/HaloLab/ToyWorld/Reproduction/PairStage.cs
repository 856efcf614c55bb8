using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Preferences;
using HaloLab.Rewards;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Scores every candidate with the patch reward model and makes the preference pairs that all arms share.</summary>
/// <param name="settings">Settings of the run.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="generator">The toy checkpoints.</param>
/// <param name="round">The round of tuning that learns from the pairs.</param>
/// <param name="candidates">Makes the clips.</param>
/// <param name="rewardModel">Trains the patch reward model; null: the video reward model of stage 1, whose patch head has learned nothing.</param>
internal sealed class PairStage(ReproductionSettings settings, long seed, ToyGeneratorFiles generator, TuningRound round, Stage candidates, Stage? rewardModel)
{
    public const string File = "pairs.json";
    public const string RewardsFile = "rewards.json";
    private const double Seconds = 10;
    private const string Provenance = "toy reward model";

    public Stage Stage() => new(
        round.NameOf("pairs", seed),
        1,
        Settings(),
        rewardModel is null ? [candidates] : [candidates, rewardModel],
        Seconds,
        Build);

    // What is as in the recipe stands in no name, so folders from before there was a choice keep theirs.
    private JsonObject Settings()
    {
        JsonObject named = new() { ["layout"] = settings.PairLayout.ToString(), ["grid"] = settings.Grid.ToString() };
        if (settings.PairsPerPrompt != int.MaxValue)
        {
            named["pairsPerPrompt"] = settings.PairsPerPrompt;
        }

        if (rewardModel is null)
        {
            named["videoRewardModel"] = ToyRewardTraining.HashOf(generator.Folder);
        }

        return named;
    }

    private void Build(StageContext context)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(candidates.Name, ""));
        using RewardModel model = RewardModel.Load(rewardModel is null ? Path.Combine(generator.Folder, ToyRewardTraining.VideoRewardFile) : context.Input(rewardModel.Name, RewardStage.ModelFile));
        ToyTokenizer tokenizer = new();
        using ClipRewards scores = model.Score(bundle.Clips, [.. bundle.Prompts.Select(tokenizer.Encode)], ToyGenerator.Lattice.Edges(settings.Grid));
        CandidateRewards rewards = new(scores.VideoRewards(), scores.PatchRewards());
        context.Report(1, 2);

        Candidate[] all = [.. Enumerable.Range(0, bundle.Clips.Count).Select(i => Candidate(bundle, rewards, i, settings.Grid))];
        IEnumerable<PromptCandidates> prompts = bundle.Prompts.Distinct().Select(prompt => new PromptCandidates(prompt, [.. all.Where((_, i) => bundle.Prompts[i] == prompt)]));
        PairSet set = PairBuilder.Build(prompts, new PairBuilderOptions { Layout = settings.PairLayout, MaximumPerPrompt = settings.PairsPerPrompt, Provenance = Provenance });
        Dictionary<Candidate, int> places = new(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < all.Length; i++)
        {
            places.Add(all[i], i);
        }

        JsonFile.Write(context.PathOf(RewardsFile), rewards);
        JsonFile.Write(context.PathOf(File), new CandidatePairs([.. set.Pairs.Select(pair => new CandidatePair(places[pair.A], places[pair.B]))], set.Considered, set.Dropped));
    }

    /// <summary>The pairs with their rewards.</summary>
    public static PreferencePair[] Preferences(ClipBundle bundle, CandidateRewards rewards, CandidatePairs pairs, PatchGrid grid) =>
        [.. pairs.Rows.Select(row => new PreferencePair(bundle.Prompts[row.A], Candidate(bundle, rewards, row.A, grid), Candidate(bundle, rewards, row.B, grid), Provenance))];

    private static Candidate Candidate(ClipBundle bundle, CandidateRewards rewards, int place, PatchGrid grid) => new(
        bundle.Clips[place].ContentHash,
        rewards.Video[place],
        new PatchRewards(grid, [.. rewards.Patches[place].Select(value => (double?)value)]),
        bundle.LayoutGroups[place]);
}
