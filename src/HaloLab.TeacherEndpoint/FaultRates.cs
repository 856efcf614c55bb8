using System.Globalization;

namespace HaloLab.TeacherEndpoint;

/// <summary>How often each fault happens.</summary>
public sealed class FaultRates
{
    private static readonly Dictionary<string, Fault> Names = new(StringComparer.Ordinal)
    {
        ["429"] = Fault.RateLimit,
        ["500"] = Fault.ServerError,
        ["timeout"] = Fault.Timeout,
        ["dropped"] = Fault.Dropped,
        ["garbage"] = Fault.Garbage,
        ["truncated"] = Fault.Truncated,
        ["refusal"] = Fault.Refusal,
    };

    private readonly (Fault Fault, double Rate)[] _rates;

    private FaultRates((Fault, double)[] rates) => _rates = rates;

    /// <summary>Nothing ever goes wrong.</summary>
    public static FaultRates None { get; } = new([]);

    /// <summary>Reads <c>429=0.05</c> and so on.</summary>
    /// <exception cref="InputException">An unknown name, one given twice, a rate outside 0 .. 1, or more than 1 in all.</exception>
    public static FaultRates Parse(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Dictionary<Fault, double> rates = [];
        foreach (string text in texts)
        {
            string[] sides = text.Split('=');
            if (sides.Length != 2 || !Names.TryGetValue(sides[0], out Fault fault)
                || !double.TryParse(sides[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double rate) || rate > 1 || !rates.TryAdd(fault, rate))
            {
                throw new InputException($"--fault {text}: expected NAME=RATE, each name once, rates from 0 to 1. Names: {string.Join(", ", Names.Keys)}.");
            }
        }

        double sum = rates.Values.Sum();
        return sum <= 1 ? new FaultRates([.. rates.OrderBy(rate => rate.Key).Select(rate => (rate.Key, rate.Value))])
            : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"--fault: the rates sum to {sum}, expected at most 1."));
    }

    /// <summary>The fault at a place of the unit interval.</summary>
    public Fault At(double place)
    {
        foreach ((Fault fault, double rate) in _rates)
        {
            if (place < rate)
            {
                return fault;
            }

            place -= rate;
        }

        return Fault.None;
    }
}
