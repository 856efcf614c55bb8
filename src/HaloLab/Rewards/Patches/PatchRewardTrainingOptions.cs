namespace HaloLab.Rewards.Patches;

/// <summary>How a <see cref="PatchRewardModel"/> is trained.</summary>
public sealed record PatchRewardTrainingOptions
{
    /// <summary>Weight of the video losses (comparisons, ratings), at least 0; kept on in continued training (DESIGN D4).</summary>
    public double VideoWeight { get; init; } = 1;

    /// <summary>Weight of the patch loss, at least 0: censored regression on whole grades, else squared error.</summary>
    public double PatchWeight { get; init; } = 1;

    public PairLossKind PairLoss { get; init; }

    /// <summary>k of Bradley–Terry with ties, above 1; VideoAlign takes 5.</summary>
    public double TieParameter { get; init; } = 5;

    /// <summary>The margin of <see cref="PairLossKind.ConstantMargin"/>; VideoAlign takes 0.57.</summary>
    public double Margin { get; init; } = 0.57;

    /// <summary>What masked losses are divided by; <see cref="LossMean.All"/> is the published behaviour of VideoAlign.</summary>
    public LossMean Mean { get; init; } = LossMean.Valid;

    /// <summary>Steps and rates; a batch is a number of clips.</summary>
    public TrainingBudget Budget { get; init; } = new() { Steps = 300, LearningRate = 1e-3 };

    /// <summary>Steps between measurements of agreement on the validation prompts, at least 1.</summary>
    public int EvaluateEvery { get; init; } = 25;

    /// <summary>Measurements without a better one after which training ends; 0 trains to the end. The best weights are kept either way.</summary>
    public int Patience { get; init; } = 4;

    /// <summary>Refuses what cannot be trained.</summary>
    /// <exception cref="InputException">A number is out of range; it is named.</exception>
    public void Validate()
    {
        foreach ((string name, double value, bool isRight, string expected) in new[]
        {
            ("The weight of the video loss", VideoWeight, VideoWeight >= 0 && double.IsFinite(VideoWeight), "at least 0"),
            ("The weight of the patch loss", PatchWeight, PatchWeight >= 0 && double.IsFinite(PatchWeight), "at least 0"),
            ("The sum of both weights", VideoWeight + PatchWeight, VideoWeight + PatchWeight > 0, "above 0"),
            ("The tie parameter", TieParameter, TieParameter > 1 && double.IsFinite(TieParameter), "above 1"),
            ("The margin", Margin, double.IsFinite(Margin), "a finite number"),
            ("The number of steps", Budget.Steps, Budget.Steps >= 1, "at least 1"),
            ("The batch size", Budget.BatchSize, Budget.BatchSize >= 2, "at least 2"),
            ("The learning rate", Budget.LearningRate, Budget.LearningRate > 0 && double.IsFinite(Budget.LearningRate), "above 0"),
            ("The number of steps between evaluations", EvaluateEvery, EvaluateEvery >= 1, "at least 1"),
            ("The patience", Patience, Patience >= 0, "at least 0"),
        })
        {
            if (!isRight)
            {
                throw new InputException(FormattableString.Invariant($"{name} is {value}: expected {expected}."));
            }
        }
    }
}
