using HaloLab.Experiments;
using HaloLab.Experiments.Rewards;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>The stages of one seed, from candidates to judgements.</summary>
internal sealed class SeedStages
{
    private readonly ReproductionSettings _settings;
    private readonly ToyGeneratorFiles _generator;
    private readonly Stage _cleanRate;
    private readonly Dictionary<string, Stage> _models = [];
    private readonly Dictionary<string, Stage> _judgements = [];

    public SeedStages(ReproductionSettings settings, long seed, ToyGeneratorFiles generator)
    {
        (_settings, _generator, Seed) = (settings, generator, seed);
        IReadOnlyList<int> steps = settings.StepsOfRounds();
        TuningRound first = new(1, steps[0]);
        Candidates = new CandidateStage(settings, seed, generator, first).Stage();
        Labels = new LabelStage(settings, seed, Candidates).Stage();
        foreach (RewardArm arm in Enum.GetValues<RewardArm>())
        {
            foreach (int budget in settings.LabelBudgets)
            {
                _models.Add(ModelName(arm, budget), new RewardStage(settings, seed, generator, arm, budget, Candidates, Labels).Stage());
            }
        }

        Pairs = PairsOf(first, Candidates);
        TuningSetup setup = new(settings, seed, generator, first, Candidates, Pairs);
        Stage reference = new ReferenceStage(setup).Stage();
        AddSamples(HaloClaims.Base, tuned: null);
        foreach (ReproductionArm arm in settings.Arms)
        {
            Stage tuned = new TuningStage(setup, arm, reference).Stage();
            for (int number = 2; number <= steps.Count; number++)
            {
                tuned = TunedOn(arm, new TuningRound(number, steps[number - 1], arm, tuned));
            }

            Tuned.Add(arm.Name, tuned);
            AddSamples(arm.Name, tuned);
        }

        Agreement = new AgreementStage(settings, seed, generator, Samples[HaloClaims.Base], _models).Stage();
        _cleanRate = new CleanRateStage(settings, seed, generator).Stage();
    }

    public long Seed { get; }

    /// <summary>Candidates of the untuned generator: those of the labels, and of the first round of tuning.</summary>
    public Stage Candidates { get; }

    public Stage Labels { get; }

    /// <summary>The reward model of the claims, which makes the pairs where settings do not say otherwise.</summary>
    public Stage FinalModel => ModelOf(RewardArm.Continued, _settings.LabelBudgets[^1]);

    /// <summary>Pairs of the first round.</summary>
    public Stage Pairs { get; }

    /// <summary>Tuning by arm, the last round of it.</summary>
    public Dictionary<string, Stage> Tuned { get; } = [];

    /// <summary>Samples by arm, <c>base</c> first.</summary>
    public Dictionary<string, Stage> Samples { get; } = [];

    /// <summary>Grades of annotators and of all reward models.</summary>
    public Stage Agreement { get; }

    /// <summary>The training of a reward model.</summary>
    public Stage ModelOf(RewardArm arm, int labelledPrompts) => _models[ModelName(arm, labelledPrompts)];

    /// <summary>The stages that the claims read.</summary>
    public IEnumerable<Stage> Judged() => [Agreement, _cleanRate, .. _judgements.Values];

    /// <summary>The judgement of an arm's samples.</summary>
    public Stage JudgementOf(string arm) => _judgements[arm];

    /// <summary>Name of a reward model among those of the agreement stage.</summary>
    public static string ModelName(RewardArm arm, int labelledPrompts) => FormattableString.Invariant($"{RewardTraining.Name(arm)}-{labelledPrompts}");

    /// <summary>Reads what the stages say, once they are finished.</summary>
    public Evidence Read(StageContext context) => new(
        ModelName(RewardArm.Continued, _settings.LabelBudgets[^1]),
        JsonFile.Read<PatchAgreement>(context.Input(Agreement.Name, AgreementStage.File)),
        _judgements.ToDictionary(item => item.Key, item => JsonFile.Read<ArmJudgement>(context.Input(item.Value.Name, JudgementStage.File))),
        JsonFile.Read<Interval>(context.Input(_cleanRate.Name, CleanRateStage.File)));

    /// <summary>The pairs of a round, by the same reward model and rule in all of them.</summary>
    private Stage PairsOf(TuningRound round, Stage candidates) =>
        new PairStage(_settings, Seed, _generator, round, candidates, _settings.PairReward is RewardArm trained ? ModelOf(trained, _settings.LabelBudgets[^1]) : null).Stage();

    /// <summary>A round after the first: candidates, pairs and reference are the arm's own.</summary>
    private Stage TunedOn(ReproductionArm arm, TuningRound round)
    {
        Stage candidates = new CandidateStage(_settings, Seed, _generator, round).Stage();
        TuningSetup setup = new(_settings, Seed, _generator, round, candidates, PairsOf(round, candidates));
        return new TuningStage(setup, arm, new ReferenceStage(setup).Stage()).Stage();
    }

    private void AddSamples(string name, Stage? tuned)
    {
        Stage samples = new SampleStage(_settings, Seed, _generator, name, tuned).Stage();
        Samples.Add(name, samples);
        _judgements.Add(name, new JudgementStage(_settings, _generator, samples).Stage());
    }
}
