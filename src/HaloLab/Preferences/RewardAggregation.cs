using System.Globalization;

namespace HaloLab.Preferences;

/// <summary>
/// How labels of several dimensions (visual quality, motion quality, text alignment ...) become one video reward: a weighted sum of +1 where
/// clip A is better, −1 where B is, 0 where they are the same. Weights are always the user's: dimensions contradict each other.
/// </summary>
public sealed class RewardAggregation
{
    private RewardAggregation(SortedDictionary<string, double> weights) => Weights = weights;

    /// <summary>The weight of each dimension, none of them 0.</summary>
    public IReadOnlyDictionary<string, double> Weights { get; }

    /// <summary>Reads <c>VQ</c> or <c>VQ=1,MQ=0.5,TA=1</c>.</summary>
    /// <exception cref="InputException">Something else; the message says what.</exception>
    public static RewardAggregation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        SortedDictionary<string, double> weights = new(StringComparer.Ordinal);
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] sides = part.Split('=', StringSplitOptions.TrimEntries);
            double weight = 1;
            bool isWeight = sides.Length == 1
                || (sides.Length == 2 && double.TryParse(sides[1], NumberStyles.Float, CultureInfo.InvariantCulture, out weight) && double.IsFinite(weight) && weight != 0);
            if (!isWeight || sides[0].Length == 0 || !weights.TryAdd(sides[0], weight))
            {
                throw new InputException($"Reward '{text}': '{part}' is not a dimension with a weight. Expected one dimension, for example VQ, or several with weights that are not 0, each once, for example VQ=1,MQ=0.5.");
            }
        }

        return new RewardAggregation(weights);
    }

    /// <summary>The video reward of A less that of B.</summary>
    /// <param name="votes">For each dimension +1 when A is better, −1 when B is, 0 when they are the same.</param>
    public double Difference(IReadOnlyDictionary<string, int> votes)
    {
        ArgumentNullException.ThrowIfNull(votes);
        return Weights.Sum(item => item.Value * votes[item.Key]);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(",", Weights.Select(item => string.Create(CultureInfo.InvariantCulture, $"{item.Key}={item.Value}")));
}
