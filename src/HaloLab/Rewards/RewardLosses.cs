using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>
/// Losses of reward models as pure functions. Pair losses take rewards r(A), r(B) of shape [N] and one label per pair; with
/// d = r(chosen) − r(other) (ties and invalid pairs take A as chosen) they are
/// <code>
/// Bradley–Terry     −log σ(d)                          Bradley and Terry 1952
/// margin            −log σ(d − m)                      m = score(chosen) − score(other), or a constant
/// scaled            −m · log σ(d)
/// with ties (BTT)   −log σ(d − ln k), tied −log P(tie)   Rao and Kupper 1967, as used by VideoAlign (Liu et al. 2025)
/// </code>
/// All but BTT leave ties out; all leave invalid pairs out. The tensors returned belong to the caller's dispose scope.
/// </summary>
public static class RewardLosses
{
    /// <summary>−log σ(d).</summary>
    public static RewardLoss BradleyTerry(Tensor rewardA_N, Tensor rewardB_N, IReadOnlyList<PairLabel> labels, LossMean mean = LossMean.Valid)
    {
        Tensor difference_N = ChosenMinusOther(rewardA_N, rewardB_N, labels);
        return Masked(MinusLogSigmoid(difference_N), Mask(labels, difference_N, countTies: false), mean);
    }

    /// <summary>−log σ(d − m) with the margin m between the scores that annotators gave, negative where they contradict the label.</summary>
    public static RewardLoss Margin(
        Tensor rewardA_N, Tensor rewardB_N, Tensor scoreA_N, Tensor scoreB_N, IReadOnlyList<PairLabel> labels, LossMean mean = LossMean.Valid)
    {
        Tensor difference_N = ChosenMinusOther(rewardA_N, rewardB_N, labels);
        Tensor margin_N = ChosenMinusOther(scoreA_N, scoreB_N, labels);
        return Masked(MinusLogSigmoid(difference_N - margin_N), Mask(labels, difference_N, countTies: false), mean);
    }

    /// <summary>−log σ(d − m) with one margin for every pair.</summary>
    public static RewardLoss ConstantMargin(Tensor rewardA_N, Tensor rewardB_N, double margin, IReadOnlyList<PairLabel> labels, LossMean mean = LossMean.Valid)
    {
        Tensor difference_N = ChosenMinusOther(rewardA_N, rewardB_N, labels);
        return Masked(MinusLogSigmoid(difference_N - margin), Mask(labels, difference_N, countTies: false), mean);
    }

    /// <summary>−m · log σ(d): a pair weighs as much as its scores differ. Below 0 where scores contradict the label.</summary>
    public static RewardLoss Scaled(
        Tensor rewardA_N, Tensor rewardB_N, Tensor scoreA_N, Tensor scoreB_N, IReadOnlyList<PairLabel> labels, LossMean mean = LossMean.Valid)
    {
        Tensor difference_N = ChosenMinusOther(rewardA_N, rewardB_N, labels);
        Tensor margin_N = ChosenMinusOther(scoreA_N, scoreB_N, labels);
        return Masked(margin_N * MinusLogSigmoid(difference_N), Mask(labels, difference_N, countTies: false), mean);
    }

    /// <summary>Bradley–Terry with ties: minus the log of the probability that <see cref="TieProbabilities"/> gives the label.</summary>
    /// <param name="rewardA_N">r(A).</param>
    /// <param name="rewardB_N">r(B).</param>
    /// <param name="k">How readily pairs tie, above 1; at 1 ties are impossible. VideoAlign takes 5.</param>
    /// <param name="labels">One per pair.</param>
    /// <param name="mean">Divisor.</param>
    public static RewardLoss BradleyTerryWithTies(Tensor rewardA_N, Tensor rewardB_N, double k, IReadOnlyList<PairLabel> labels, LossMean mean = LossMean.Valid)
    {
        RequireTieParameter(k);
        Tensor difference_N = ChosenMinusOther(rewardA_N, rewardB_N, labels);
        Tensor decided_N = MinusLogSigmoid(difference_N - Math.Log(k));
        Tensor tied_N = decided_N + MinusLogSigmoid(-difference_N - Math.Log(k)) - Math.Log((k * k) - 1);
        Tensor isTied_N = Indicator(labels, difference_N, label => label == PairLabel.Same).to(ScalarType.Bool);
        return Masked(tied_N.where(isTied_N, decided_N), Mask(labels, difference_N, countTies: true), mean);
    }

    /// <summary>P(A better) = σ(d − ln k), P(B better) = σ(−d − ln k), P(tie) = (k² − 1)·P(A)·P(B) with d = r(A) − r(B); they sum to 1.</summary>
    public static (Tensor A_N, Tensor B_N, Tensor Tie_N) TieProbabilities(Tensor rewardA_N, Tensor rewardB_N, double k)
    {
        ArgumentNullException.ThrowIfNull(rewardA_N);
        ArgumentNullException.ThrowIfNull(rewardB_N);
        RequireTieParameter(k);
        Tensor difference_N = rewardA_N - rewardB_N;
        Tensor a_N = sigmoid(difference_N - Math.Log(k));
        Tensor b_N = sigmoid(-difference_N - Math.Log(k));
        return (a_N, b_N, a_N * b_N * ((k * k) - 1));
    }

    /// <summary>(r − (score − 3))²: a five-point score, centred. A score of 0 means missing and is left out.</summary>
    public static RewardLoss Regression(Tensor reward_N, Tensor score_N, LossMean mean = LossMean.Valid)
    {
        ArgumentNullException.ThrowIfNull(reward_N);
        ArgumentNullException.ThrowIfNull(score_N);
        RequireSameShape(reward_N, score_N);
        return Masked((reward_N - (score_N - 3)).square(), score_N.ne(0).to(reward_N.dtype), mean);
    }

    /// <summary>
    /// Squared error between the ends of a scale, open beyond them (censored regression, Tobin 1958). Of an impression r + s·ε, ε normal, a rater says
    /// the nearest grade: <c>(r − grade)²/2s²</c>, but <c>−log P(impression ≥ best − ½)</c> for the best grade and likewise for the worst. So what is
    /// beyond doubt may lie beyond the scale at no cost, and ends at its end (<see cref="LabelScale.Grades"/>); squared error would have every flawless
    /// patch end a little below 5, each at a place of its own. A missing grade (NaN) is left out.
    /// </summary>
    /// <param name="reward_N">r, in grades, of any shape.</param>
    /// <param name="grade_N">Grades of the same shape.</param>
    /// <param name="grades">Their scale.</param>
    /// <param name="spread">s, the standard deviation of raters, in grades, above 0.</param>
    /// <param name="mean">Divisor.</param>
    public static RewardLoss CensoredRegression(Tensor reward_N, Tensor grade_N, GradeRange grades, double spread = 0.7, LossMean mean = LossMean.Valid)
    {
        ArgumentNullException.ThrowIfNull(reward_N);
        ArgumentNullException.ThrowIfNull(grade_N);
        RequireSameShape(reward_N, grade_N);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(spread);
        Tensor isThere_N = grade_N.isnan().logical_not();

        // A missing grade is replaced before it meets the reward: NaN · 0 is NaN, in the gradient too.
        Tensor known_N = grade_N.nan_to_num(grades.Worst);
        Tensor inside_N = ((reward_N - known_N) / spread).square() / 2;
        Tensor atBest_N = MinusLogNormal((reward_N - (grades.Best - 0.5)) / spread);
        Tensor atWorst_N = MinusLogNormal((grades.Worst + 0.5 - reward_N) / spread);
        Tensor loss_N = atBest_N.where(known_N >= grades.Best, atWorst_N.where(known_N <= grades.Worst, inside_N));
        return Masked(loss_N, isThere_N.to(reward_N.dtype), mean);
    }

    /// <summary>Mean squared error over every entry and head, as VideoScore trains its five dimensions (He et al. 2024).</summary>
    /// <param name="prediction_ND">One column per dimension.</param>
    /// <param name="label_ND">Labels of the same shape, none missing.</param>
    public static RewardLoss MeanSquaredError(Tensor prediction_ND, Tensor label_ND)
    {
        ArgumentNullException.ThrowIfNull(prediction_ND);
        ArgumentNullException.ThrowIfNull(label_ND);
        RequireSameShape(prediction_ND, label_ND);
        Tensor squares_ND = (prediction_ND - label_ND).square();
        return new RewardLoss(squares_ND.mean(), squares_ND.flatten(1).mean([1]));
    }

    /// <summary>
    /// The same loss with a weight for each entry: Σ w · loss / Σ w over the entries that count, or over all of them (<see cref="LossMean.All"/>).
    /// A question with several answers is several entries whose weights add up to one question's.
    /// </summary>
    /// <param name="loss">A loss of this class.</param>
    /// <param name="weight_N">At least 0, one per entry.</param>
    /// <param name="counts_N">1 where an entry counts, 0 where the loss masks it.</param>
    /// <param name="mean">Divisor.</param>
    public static RewardLoss Weighted(RewardLoss loss, Tensor weight_N, Tensor counts_N, LossMean mean = LossMean.Valid)
    {
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(weight_N);
        ArgumentNullException.ThrowIfNull(counts_N);
        RequireSameShape(loss.PerEntry_N, weight_N);
        RequireSameShape(loss.PerEntry_N, counts_N);
        Tensor perEntry_N = loss.PerEntry_N * weight_N;
        Tensor whole = (mean == LossMean.All ? weight_N : weight_N * counts_N).sum();

        // Weights may be small: a floor of 1, as for counts, would shrink the loss. Without any entry the sum is 0 and so is the loss.
        return new RewardLoss(perEntry_N.sum() / whole.where(whole > 0, ones_like(whole)), perEntry_N);
    }

    /// <summary>1 for pairs that a loss counts: those with a preference, and ties where it models them.</summary>
    public static Tensor Counting(IReadOnlyList<PairLabel> labels, Tensor like_N, bool countTies)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(like_N);
        return Mask(labels, like_N, countTies);
    }

    /// <summary>−log σ(u) without overflow or lost digits in either tail.</summary>
    public static Tensor MinusLogSigmoid(Tensor u) => -nn.functional.logsigmoid(u);

    /// <summary>−log Φ(z) of the standard normal distribution; far below 0, where Φ underflows, by its asymptotic series.</summary>
    private static Tensor MinusLogNormal(Tensor z)
    {
        const double far = -10;

        // Each branch sees its own part only: the other's overflow would be NaN in the gradient.
        Tensor near = -(special.erfc(z.clamp_min(far) / -Math.Sqrt(2)) / 2).log();
        Tensor below = z.clamp_max(far);
        Tensor square = below.square();
        Tensor series = (square / 2) + (below * -Math.Sqrt(2 * Math.PI)).log() - (((3 / square) - 1) / square).log1p();
        return near.where(z > far, series);
    }

    private static Tensor ChosenMinusOther(Tensor a_N, Tensor b_N, IReadOnlyList<PairLabel> labels)
    {
        ArgumentNullException.ThrowIfNull(a_N);
        ArgumentNullException.ThrowIfNull(b_N);
        ArgumentNullException.ThrowIfNull(labels);
        RequireSameShape(a_N, b_N);
        if (a_N.dim() != 1 || a_N.shape[0] != labels.Count)
        {
            throw new ArgumentException($"Expected {labels.Count} rewards, one per label, got [{string.Join(", ", a_N.shape)}].", nameof(labels));
        }

        Tensor bIsChosen_N = Indicator(labels, a_N, label => label == PairLabel.B);
        return (1 - (2 * bIsChosen_N)) * (a_N - b_N);
    }

    private static Tensor Mask(IReadOnlyList<PairLabel> labels, Tensor like, bool countTies) =>
        Indicator(labels, like, label => label is PairLabel.A or PairLabel.B || (countTies && label == PairLabel.Same));

    private static Tensor Indicator(IReadOnlyList<PairLabel> labels, Tensor like, Func<PairLabel, bool> holds) =>
        tensor(labels.Select(label => holds(label) ? 1.0 : 0.0).ToArray()).to(like.dtype).to(like.device);

    private static RewardLoss Masked(Tensor losses_N, Tensor mask_N, LossMean mean)
    {
        Tensor perEntry_N = losses_N * mask_N;
        return new RewardLoss(mean == LossMean.All ? perEntry_N.mean() : perEntry_N.sum() / mask_N.sum().clamp_min(1), perEntry_N);
    }

    private static void RequireSameShape(Tensor a, Tensor b)
    {
        if (!a.shape.SequenceEqual(b.shape))
        {
            throw new ArgumentException($"Shapes [{string.Join(", ", a.shape)}] and [{string.Join(", ", b.shape)}] differ.");
        }
    }

    private static void RequireTieParameter(double k)
    {
        if (!(k > 1 && double.IsFinite(k)))
        {
            throw new ArgumentOutOfRangeException(nameof(k), k, "The tie parameter must be above 1.");
        }
    }
}
