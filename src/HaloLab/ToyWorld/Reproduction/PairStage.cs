using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Preferences;
using HaloLab.Rewards;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Scores every candidate with the patch reward model and makes the preference pairs that all arms share.</summary>
internal sealed class PairStage(ReproductionSettings settings, long seed, Stage candidates, Stage rewardModel)
{
    public const string File = "pairs.json";
    public const string RewardsFile = "rewards.json";
    private const double Seconds = 10;

    public Stage Stage() => new(
        $"pairs-s{seed}",
        1,
        new JsonObject { ["layout"] = nameof(PairLayout.Shared), ["grid"] = settings.Grid.ToString() },
        [candidates, rewardModel],
        Seconds,
        Build);

    private void Build(StageContext context)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(candidates.Name, ""));
        using RewardModel model = RewardModel.Load(context.Input(rewardModel.Name, RewardStage.ModelFile));
        ToyTokenizer tokenizer = new();
        using ClipRewards scores = model.Score(bundle.Clips, [.. bundle.Prompts.Select(tokenizer.Encode)], ToyGenerator.Lattice.Edges(settings.Grid));
        CandidateRewards rewards = new(scores.VideoRewards(), scores.PatchRewards());
        context.Report(1, 2);

        Candidate[] all = [.. Enumerable.Range(0, bundle.Clips.Count).Select(i => Candidate(bundle, rewards, i))];
        IEnumerable<PromptCandidates> prompts = bundle.Prompts.Distinct().Select(prompt => new PromptCandidates(prompt, [.. all.Where((_, i) => bundle.Prompts[i] == prompt)]));
        PairSet set = PairBuilder.Build(prompts, new PairBuilderOptions { Layout = PairLayout.Shared, Provenance = "toy reward model" });
        Dictionary<Candidate, int> places = new(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < all.Length; i++)
        {
            places.Add(all[i], i);
        }

        JsonFile.Write(context.PathOf(RewardsFile), rewards);
        JsonFile.Write(context.PathOf(File), new CandidatePairs([.. set.Pairs.Select(pair => new CandidatePair(places[pair.A], places[pair.B]))], set.Considered, set.Dropped));
    }

    /// <summary>The candidate at a place of the bundle.</summary>
    public static Candidate Candidate(ClipBundle bundle, CandidateRewards rewards, int place, ReproductionSettings settings) => new(
        bundle.Clips[place].ContentHash,
        rewards.Video[place],
        new PatchRewards(settings.Grid, [.. rewards.Patches[place].Select(value => (double?)value)]),
        bundle.LayoutGroups[place]);

    private Candidate Candidate(ClipBundle bundle, CandidateRewards rewards, int place) => Candidate(bundle, rewards, place, settings);
}
