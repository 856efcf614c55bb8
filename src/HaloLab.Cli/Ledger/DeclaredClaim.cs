using System.Text.RegularExpressions;
using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.Cli.Ledger;

/// <summary>A claim of the paper as it is declared in <c>claims/toy.json</c> (DESIGN D7): shown when every comparison is, each at the full level.</summary>
/// <param name="Id">C1 to C5b.</param>
/// <param name="Statement">What is claimed.</param>
/// <param name="Level">Level of every interval.</param>
/// <param name="Comparisons">What it needs.</param>
internal sealed record DeclaredClaim(string Id, string Statement, double Level, IReadOnlyList<DeclaredClaim.Comparison> Comparisons)
{
    /// <summary>One comparison, or several of one kind.</summary>
    /// <param name="Measure">What a run calls it; <c>*</c> stands for anything.</param>
    /// <param name="Direction">On which side of the threshold the interval must lie.</param>
    /// <param name="Threshold">In the measure's unit.</param>
    /// <param name="Interesting">The smallest difference from the threshold that would matter.</param>
    internal sealed record Comparison(string Measure, ClaimDirection Direction, double Threshold, double Interesting)
    {
        public bool Fits(string measure) => Regex.IsMatch(measure, $"^{Regex.Escape(Measure).Replace("\\*", ".+", StringComparison.Ordinal)}$", RegexOptions.CultureInvariant);
    }

    /// <summary>Decides the claim by a run's intervals; null where the run does not have all comparisons.</summary>
    /// <param name="claims">The claims of the run.</param>
    /// <param name="run">What the run is called.</param>
    /// <exception cref="InputException">The run judged a comparison by another rule or level, so it decides another claim.</exception>
    public Claim? Decide(IReadOnlyList<Claim> claims, string run)
    {
        ClaimComparison[] fitting = [.. (claims.FirstOrDefault(claim => claim.Id == Id)?.Comparisons ?? []).Where(comparison => Find(comparison) is not null)];
        if (Comparisons.Any(declared => !fitting.Any(comparison => declared.Fits(comparison.Measure))))
        {
            return null;
        }

        return Claim.Of(Id, Statement, [.. fitting.Select(comparison =>
        {
            ClaimRule rule = new(Find(comparison)!.Threshold, Find(comparison)!.Direction);
            return comparison.Threshold == rule.Threshold && comparison.Direction == rule.Direction && comparison.Level == Level
                ? comparison with { Verdict = rule.Judge(new Interval(comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Level)) }
                : throw new InputException(FormattableString.Invariant($"{run}: {Id}, '{comparison.Measure}' was judged against {comparison.Threshold}, {comparison.Direction}, at {comparison.Level}; the ledger declares {rule.Threshold}, {rule.Direction}, at {Level}. A claim that is declared anew needs a run after that."));
        })]);
    }

    /// <summary>The smallest interesting difference of a comparison.</summary>
    public double InterestingOf(ClaimComparison comparison) => Find(comparison)!.Interesting;

    private Comparison? Find(ClaimComparison comparison) => Comparisons.FirstOrDefault(declared => declared.Fits(comparison.Measure));
}
