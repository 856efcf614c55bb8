using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>The stages of one seed, from candidates to judgements.</summary>
internal sealed class SeedStages
{
    private readonly ReproductionSettings _settings;
    private readonly Stage _agreement;
    private readonly Stage _cleanRate;
    private readonly Dictionary<string, Stage> _judgements = [];

    public SeedStages(ReproductionSettings settings, long seed, ToyGeneratorFiles generator)
    {
        _settings = settings;
        Seed = seed;
        Candidates = new CandidateStage(settings, seed, generator).Stage();
        Stage labels = new LabelStage(settings, seed, Candidates).Stage();
        Dictionary<string, Stage> models = [];
        foreach (RewardArm arm in Enum.GetValues<RewardArm>())
        {
            foreach (int budget in settings.LabelBudgets)
            {
                models.Add(ModelName(arm, budget), new RewardStage(settings, seed, generator, arm, budget, Candidates, labels).Stage());
            }
        }

        FinalModel = models[ModelName(RewardArm.Continued, settings.LabelBudgets[^1])];
        Pairs = new PairStage(settings, seed, Candidates, FinalModel).Stage();
        TuningSetup setup = new(settings, seed, generator, Candidates, Pairs);
        Stage reference = new ReferenceStage(setup).Stage();
        Samples.Add("base", new SampleStage(settings, seed, generator, "base", tuned: null).Stage());
        foreach (ReproductionArm arm in settings.Arms)
        {
            Stage tuned = new TuningStage(setup, arm, reference).Stage();
            Tuned.Add(arm.Name, tuned);
            Samples.Add(arm.Name, new SampleStage(settings, seed, generator, arm.Name, tuned).Stage());
        }

        foreach ((string arm, Stage samples) in Samples)
        {
            _judgements.Add(arm, new JudgementStage(settings, generator, samples).Stage());
        }

        _agreement = new AgreementStage(settings, seed, generator, Samples["base"], models).Stage();
        _cleanRate = new CleanRateStage(settings, seed, generator).Stage();
    }

    public long Seed { get; }

    public Stage Candidates { get; }

    /// <summary>The reward model that scores the candidates.</summary>
    public Stage FinalModel { get; }

    public Stage Pairs { get; }

    /// <summary>Tuning by arm.</summary>
    public Dictionary<string, Stage> Tuned { get; } = [];

    /// <summary>Samples by arm, <c>base</c> first.</summary>
    public Dictionary<string, Stage> Samples { get; } = [];

    /// <summary>The stages that the claims read.</summary>
    public IEnumerable<Stage> Judged() => [_agreement, _cleanRate, .. _judgements.Values];

    /// <summary>The judgement of an arm's samples.</summary>
    public Stage JudgementOf(string arm) => _judgements[arm];

    /// <summary>Name of a reward model among those of the agreement stage.</summary>
    public static string ModelName(RewardArm arm, int labelledPrompts) => FormattableString.Invariant($"{RewardStage.Name(arm)}-{labelledPrompts}");

    /// <summary>Reads what the stages say, once they are finished.</summary>
    public Evidence Read(StageContext context) => new(
        ModelName(RewardArm.Continued, _settings.LabelBudgets[^1]),
        JsonFile.Read<AgreementStage.Agreement>(context.Input(_agreement.Name, AgreementStage.File)),
        _judgements.ToDictionary(item => item.Key, item => JsonFile.Read<JudgementStage.Judgements>(context.Input(item.Value.Name, JudgementStage.File))),
        JsonFile.Read<Interval>(context.Input(_cleanRate.Name, CleanRateStage.File)));
}
