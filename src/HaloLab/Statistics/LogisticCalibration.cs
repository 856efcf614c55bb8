namespace HaloLab.Statistics;

/// <summary>
/// σ(slope · score + intercept), fitted by maximum likelihood: Platt's scaling (Platt 1999), or with the intercept held at 0 temperature scaling (Guo et al. 2017, arXiv 1706.04599), whose temperature is 1 / slope.
/// </summary>
/// <param name="Slope">Above 0 where higher scores go with the outcome.</param>
/// <param name="Intercept">Logit of the probability at a score of 0.</param>
public sealed record LogisticCalibration(double Slope, double Intercept) : ICalibration
{
    private const int MostSteps = 200;
    private const double LargestSlope = 1e6;

    /// <summary>1 / slope; negative where scores go against the outcome.</summary>
    public double Temperature => 1 / Slope;

    /// <inheritdoc/>
    public double Probability(double score) => 1 / (1 + Math.Exp(-((Slope * score) + Intercept)));

    /// <summary>Platt's scaling.</summary>
    /// <param name="scores">Finite, of at least two values.</param>
    /// <param name="happened">As many outcomes, both kinds among them.</param>
    /// <param name="withPlattsTargets">
    /// Whether outcomes count as (n₁ + 1)/(n₁ + 2) and 1/(n₀ + 2) in place of 1 and 0, which keeps the fit finite where scores separate the outcomes.
    /// </param>
    public static LogisticCalibration Platt(IReadOnlyList<double> scores, IReadOnlyList<bool> happened, bool withPlattsTargets = true)
    {
        (double positive, double negative) = Targets(scores, happened, withPlattsTargets);
        return Fit(scores, [.. happened.Select(outcome => outcome ? positive : negative)], hasIntercept: true);
    }

    /// <summary>Temperature scaling: a score of 0 stays at one half.</summary>
    /// <inheritdoc cref="Platt"/>
    public static LogisticCalibration OfTemperature(IReadOnlyList<double> scores, IReadOnlyList<bool> happened)
    {
        _ = Targets(scores, happened, withPlattsTargets: false);
        return Fit(scores, [.. happened.Select(outcome => outcome ? 1.0 : 0.0)], hasIntercept: false);
    }

    private static (double Positive, double Negative) Targets(IReadOnlyList<double> scores, IReadOnlyList<bool> happened, bool withPlattsTargets)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(happened);
        int positive = happened.Count(outcome => outcome);
        if (scores.Count != happened.Count || !scores.All(double.IsFinite) || scores.Distinct().Take(2).Count() < 2 || positive == 0 || positive == scores.Count)
        {
            throw new ArgumentException("Give finite scores of at least two values, and an outcome for each, both kinds among them.", nameof(scores));
        }

        return withPlattsTargets ? ((positive + 1.0) / (positive + 2.0), 1.0 / (scores.Count - positive + 2.0)) : (1, 0);
    }

    /// <summary>Newton's method on the mean negative log-likelihood, which is convex; a step is halved until it is no worse.</summary>
    private static LogisticCalibration Fit(IReadOnlyList<double> scores, double[] targets, bool hasIntercept)
    {
        // In units of the scores' own size: the fit is the same, and the steps are.
        double unit = scores.Max(Math.Abs);
        double[] x = [.. scores.Select(score => score / unit)];
        (double a, double b) = (0, 0);
        double loss = Loss(x, targets, a, b);
        for (int step = 0; step < MostSteps; step++)
        {
            double ga = 0, gb = 0, haa = 0, hab = 0, hbb = 0;
            for (int i = 0; i < x.Length; i++)
            {
                double p = 1 / (1 + Math.Exp(-((a * x[i]) + b)));
                (double error, double weight) = (p - targets[i], p * (1 - p));
                (ga, gb) = (ga + (error * x[i]), gb + error);
                (haa, hab, hbb) = (haa + (weight * x[i] * x[i]), hab + (weight * x[i]), hbb + weight);
            }

            double determinant = (haa * hbb) - (hab * hab);
            (double da, double db) = hasIntercept ? (((hbb * ga) - (hab * gb)) / determinant, ((haa * gb) - (hab * ga)) / determinant) : (ga / haa, 0);
            double share = 1;
            double next = Loss(x, targets, a - da, b - db);
            while (!(next <= loss) && share > 1e-10)
            {
                share /= 2;
                next = Loss(x, targets, a - (share * da), b - (share * db));
            }

            if (!(next <= loss) || Math.Abs(a) > LargestSlope)
            {
                break;
            }

            bool isDone = Math.Abs(share * da) <= 1e-12 * (1 + Math.Abs(a)) && Math.Abs(share * db) <= 1e-12 * (1 + Math.Abs(b));
            (a, b, loss) = (a - (share * da), b - (share * db), next);
            if (isDone)
            {
                break;
            }
        }

        return new LogisticCalibration(a / unit, b);
    }

    private static double Loss(double[] x, double[] targets, double a, double b)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            // −t log σ(z) − (1 − t) log σ(−z), without overflow.
            double z = (a * x[i]) + b;
            sum += Math.Max(z, 0) - (targets[i] * z) + Math.Log(1 + Math.Exp(-Math.Abs(z)));
        }

        return sum / x.Length;
    }
}
