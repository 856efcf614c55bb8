using System.Globalization;
using System.Text;
using HaloLab.Preferences;
using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>
/// Preference pairs as cards: the prompt, both clips in step, which is better as a whole and which at each place (DESIGN D3). Blue lies where the clip that it lies
/// on is better than the other, vermilion where it is worse. A list has pages and filters; without JavaScript all cards are shown.
/// </summary>
/// <remarks>At most <see cref="MaximumCards"/> cards are shown; all their pictures together keep to the limits of one <see cref="ClipPlayer"/>.</remarks>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class PairCards : IDisplay
{
    public const int MaximumCards = 48;

    private const int TextCards = 10;
    private const int CardsPerPage = 3;

    private readonly IReadOnlyList<PairCard> _cards;

    public PairCards(params IReadOnlyList<PairCard> cards)
    {
        ArgumentNullException.ThrowIfNull(cards);
        ArgumentOutOfRangeException.ThrowIfZero(cards.Count, nameof(cards));
        if (cards.FirstOrDefault(card => (card.A is null) != (card.B is null)) is { } half)
        {
            throw new ArgumentException($"{half.Pair}: give both clips or neither.", nameof(cards));
        }

        _cards = cards;
        double[] differences = [.. cards.SelectMany(card => Differences(card.Pair, sign: 1) ?? [])];
        Scale = ColourScale.AroundZero(differences);
    }

    /// <summary>Video rewards that differ by no more are tied.</summary>
    public double TieVideo { get; init; }

    /// <summary>Patch rewards that differ by no more are tied.</summary>
    public double TiePatch { get; init; }

    /// <summary>Where the patches lie in the clips; null: cells of equal size.</summary>
    public LatentLattice? Lattice { get; init; }

    /// <summary>Colours of the differences of patch rewards; from all cards where nobody sets it.</summary>
    public ColourScale Scale { get; init; }

    /// <summary>Width of each clip in CSS pixels.</summary>
    public int Width { get; init; } = 224;

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PairCard[] shown = [.. _cards.Take(MaximumCards)];
        if (shown.Length == 1)
        {
            return Card(shown[0], 1);
        }

        string cut = _cards.Count > MaximumCards ? string.Create(CultureInfo.InvariantCulture, $"{_cards.Count - MaximumCards} more pairs are not shown.") : "";
        HtmlFragment note = cut.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{cut}</p>");
        return HtmlFragment.Of($"""
            <div class="halo-cards" data-page="{CardsPerPage}">
            <div class="halo-controls" hidden=""><input class="halo-search" type="search" placeholder="words of the prompt" aria-label="words of the prompt"><select class="halo-verdict" aria-label="verdict"><option value="">all verdicts</option><option value="a">A is better</option><option value="b">B is better</option><option value="tie">tied as a whole</option><option value="contrary">most patches say otherwise</option></select><button type="button" class="halo-back">Back</button><button type="button" class="halo-next">Next</button><output class="halo-count"></output></div>
            {shown.Select(card => Card(card, shown.Length))}{note}</div>

            """);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        StringBuilder text = new();
        foreach (PairCard card in _cards.Take(TextCards))
        {
            PreferencePair pair = card.Pair;
            Tally tally = Count(pair);
            text.AppendLine($"\"{pair.Prompt}\" ({pair.Id}, {pair.Provenance})").AppendLine($"  {WholeText(pair)}").AppendLine($"  {PatchText(tally)}");
            if (_cards.Count == 1 && Differences(pair, sign: 1) is { } differences)
            {
                text.AppendLine(new HeatTable("patch reward of A minus that of B", pair.A.Patches!.Grid, differences, Scale).ToText());
            }
        }

        return _cards.Count <= TextCards ? text.ToString().TrimEnd() : text.Append(CultureInfo.InvariantCulture, $"and {_cards.Count - TextCards} more pairs").ToString();
    }

    private HtmlFragment Card(PairCard card, int cards)
    {
        PreferencePair pair = card.Pair;
        int whole = Whole(pair);
        Tally tally = Count(pair);
        string verdicts = (whole > 0 ? "a" : whole < 0 ? "b" : "tie") + (tally.IsContrary(whole) ? " contrary" : "");
        HtmlFragment contrary = tally.IsContrary(whole) ? HtmlFragment.Of($"<span class=\"halo-chip halo-contradicted\">most patches say otherwise</span>") : HtmlFragment.Empty;
        return HtmlFragment.Of($"""
            <div class="halo-card" data-verdict="{verdicts}" data-text="{pair.Prompt.ToLowerInvariant()}">
            <p>{pair.Prompt}</p>
            <div class="halo-verdicts"><span class="{(whole == 0 ? "halo-chip" : "halo-chip halo-shown")}">{WholeText(pair)}</span><span>{PatchText(tally)}</span>{contrary}<span class="halo-subtitle">{pair.Id}, {pair.Provenance}</span></div>
            {(card is { A: { } a, B: { } b } ? Clips(pair, a, b, whole, cards) : Map(pair))}</div>

            """);
    }

    private HtmlFragment Clips(PreferencePair pair, VideoClip a, VideoClip b, int whole, int cards) => new ClipPlayer(
        [
            new PlayerClip(Title("A", whole > 0), a, Reward(pair.A), Heat(pair, sign: 1)),
            new PlayerClip(Title("B", whole < 0), b, Reward(pair.B), Heat(pair, sign: -1)),
        ],
        Width)
    { PixelBudget = ClipPlayer.MaximumPixelsTogether / cards }.ToHtml();

    private HtmlFragment Map(PreferencePair pair) => Differences(pair, sign: 1) is { } differences
        ? new HeatTable("patch reward of A minus that of B", pair.A.Patches!.Grid, differences, Scale).ToHtml()
        : HtmlFragment.Empty;

    private PatchHeat? Heat(PreferencePair pair, int sign) => Differences(pair, sign) is not { } differences
        ? null
        : new PatchHeat(differences, PatchHeat.EdgesOf(pair.A.Patches!.Grid, Lattice), Scale, "patch reward, this clip minus the other");

    private static string Title(string name, bool isBetter) => isBetter ? name + " ✓ better" : name;

    private static string Reward(Candidate clip) => $"video reward {DisplayNumber.Format(clip.VideoReward)}";

    private string WholeText(PreferencePair pair)
    {
        string rewards = $"{DisplayNumber.Format(pair.A.VideoReward)} against {DisplayNumber.Format(pair.B.VideoReward)}";
        return Whole(pair) switch { > 0 => $"A is better as a whole: {rewards}", < 0 => $"B is better as a whole: {rewards}", _ => $"tied as a whole: {rewards}" };
    }

    private static string PatchText(Tally tally)
    {
        if (tally is { A: 0, B: 0, Tied: 0, Missing: 0 })
        {
            return "no patch rewards";
        }

        string missing = tally.Missing > 0 ? string.Create(CultureInfo.InvariantCulture, $", {tally.Missing} without reward") : "";
        return string.Create(CultureInfo.InvariantCulture, $"of the patches A is better at {tally.A}, B at {tally.B}, {tally.Tied} tied{missing}");
    }

    /// <summary>1: A is better, −1: B, 0: tied.</summary>
    private int Whole(PreferencePair pair) => Sign(pair.A.VideoReward - pair.B.VideoReward, TieVideo);

    private Tally Count(PreferencePair pair)
    {
        double[] differences = Differences(pair, sign: 1) ?? [];
        int Having(int wanted) => differences.Count(difference => !double.IsNaN(difference) && Sign(difference, TiePatch) == wanted);
        return new Tally(Having(1), Having(-1), Having(0), differences.Count(double.IsNaN));
    }

    private static int Sign(double difference, double tie) => Math.Abs(difference) <= tie ? 0 : Math.Sign(difference);

    private static double[]? Differences(PreferencePair pair, int sign) => pair.A.Patches is not { } a || pair.B.Patches is not { } b
        ? null
        : [.. a.Values.Zip(b.Values, (own, other) => sign * (own - other) ?? double.NaN)];

    private sealed record Tally(int A, int B, int Tied, int Missing)
    {
        /// <summary>Whether the patches, counted, prefer the clip that is worse as a whole.</summary>
        public bool IsContrary(int whole) => whole * (A - B) < 0;
    }
}
