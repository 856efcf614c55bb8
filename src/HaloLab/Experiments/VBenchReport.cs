using System.Globalization;
using HaloLab.Displays;
using HaloLab.Evaluation.Scorers;
using HaloLab.Evaluation.VBench;

namespace HaloLab.Experiments;

/// <summary>
/// VBench's sixteen dimensions of one model's clips: those that scorers here measure, two of them from flow and interpolated frames that lie beside the clips, those imported from other runs of VBench, and those that are missing, with its quality, semantic
/// and total score as far as they go.
/// </summary>
public sealed class VBenchReport
{
    private const string Background = "background consistency";
    private const string Aesthetic = "aesthetic quality";

    /// <summary>Which scorer's score is which dimension; the first two are means over frames, where VBench's value depends on how it was run.</summary>
    private static readonly (string Dimension, string Scorer, string Score, bool IsOverFrames)[] Native =
    [
        ("subject consistency", DinoScorer.Kind, "subject consistency", true),
        (Background, ClipScorer.Kind, Background, true),
        ("temporal flickering", FlickeringScorer.Kind, "temporal flickering", false),
        ("motion smoothness", SmoothnessScorer.Kind, "motion smoothness", false),
        ("dynamic degree", DynamicsScorer.Kind, "dynamic degree", false),
        (Aesthetic, ClipScorer.Kind, Aesthetic, false),
        ("overall consistency", ViClipScorer.Kind, "overall consistency", false),
    ];

    private static readonly Dictionary<string, string> GivenFrom = new(StringComparer.Ordinal) { [SmoothnessScorer.Kind] = "the interpolated frames", [DynamicsScorer.Kind] = "the optical flow" };

    private readonly VBenchPromptList? _prompts;
    private readonly Dictionary<string, (VBenchResult Result, string Source, double? OverClips)> _results = [];
    private readonly Dictionary<string, string> _reasons = [];

    /// <param name="prompts">VBench's prompts, which say whose videos count for which dimension; null: every video counts for every dimension.</param>
    public VBenchReport(VBenchPromptList? prompts) => _prompts = prompts;

    /// <summary>Results by dimension.</summary>
    public IReadOnlyDictionary<string, VBenchResult> Results => _results.ToDictionary(item => item.Key, item => item.Value.Result);

    /// <summary>Quality, semantic and total score.</summary>
    public VBenchTotal Total => VBenchTotal.Of(_results.ToDictionary(item => item.Key, item => item.Value.Result.Value));

    /// <summary>Whether a scorer measures a dimension of VBench.</summary>
    public static bool Measures(string scorer) => Native.Any(native => native.Scorer == scorer);

    /// <summary>Takes over what another run of VBench measured.</summary>
    /// <exception cref="InputException">The file is none of VBench's, or a dimension is there already.</exception>
    public void Import(string path)
    {
        foreach ((string dimension, VBenchResult result) in VBenchResults.Read(path))
        {
            Add(dimension, result, $"imported from {Path.GetFileName(path)}", null);
        }
    }

    /// <summary>Adds the dimensions that a scorer measures.</summary>
    /// <param name="scorer">The scorer's name.</param>
    /// <param name="scores">What its scores are called.</param>
    /// <param name="rows">What it said of the clips.</param>
    /// <exception cref="InputException">A dimension is there already.</exception>
    public void Add(string scorer, IReadOnlyList<string> scores, IReadOnlyList<ScoredClip> rows)
    {
        ArgumentNullException.ThrowIfNull(scores);
        foreach ((string dimension, _, string score, bool isOverFrames) in Native.Where(native => native.Scorer == scorer && scores.Contains(native.Score)))
        {
            if (score == Background && scores.Contains(Aesthetic))
            {
                // VBench takes two models of CLIP; LAION's head belongs to the one that does not judge backgrounds.
                continue;
            }

            int place = scores.ToList().IndexOf(score);
            ScoredClip[] counting = [.. rows.Where(row => _prompts is null || _prompts.PromptsOf(dimension).Contains(row.Clip.Prompt))];
            ScoredClip[] scored = [.. counting.Where(row => row.Scores is not null)];
            if (scored.Length == 0)
            {
                _reasons[dimension] = counting.Length == 0 ? "no video is of a prompt that VBench measures it on" : $"none of {counting.Length} videos could be scored";
                continue;
            }

            double overClips = scored.Average(row => row.Scores![place]);
            double value = isOverFrames ? ClipTerms.FrameWeighted([.. scored.Select(row => Terms(row, place))]) : overClips;
            Add(dimension, new VBenchResult(value, [.. scored.Select(row => (row.Clip.File, row.Scores![place]))]), string.Create(CultureInfo.InvariantCulture, $"{scorer}, {scored.Length} of {counting.Length} videos{(GivenFrom.TryGetValue(scorer, out string? given) ? $", from {given} beside them" : "")}"), isOverFrames ? overClips : null);
        }
    }

    /// <summary>The dimensions, in VBench's order.</summary>
    public DataTable Table() => new(
        [new("dimension"), new("counts for"), new("value", true, "0.0000"), new("mean over clips", true, "0.0000"), new("on VBench's scale", true, "0.0000"), new("from")],
        [.. VBenchDimension.All.Select(dimension => (IReadOnlyList<object?>)(_results.TryGetValue(dimension.Name, out (VBenchResult Result, string Source, double? OverClips) item)
            ? [dimension.Name, Group(dimension), item.Result.Value, item.OverClips ?? item.Result.Value, dimension.Normalise(item.Result.Value), item.Source]
            : [dimension.Name, Group(dimension), null, null, null, $"missing: {_reasons.GetValueOrDefault(dimension.Name, "not measured here, not imported")}"]))]);

    /// <summary>The scores, and what is missing for them.</summary>
    public DataTable Totals()
    {
        VBenchTotal total = Total;
        string Missing(bool? isQuality) => string.Join(", ", VBenchDimension.All.Where(dimension => (isQuality is null || dimension.IsQuality == isQuality) && total.Missing.Contains(dimension.Name)).Select(dimension => dimension.Name));
        return new DataTable(
            [new("score"), new("value", true, "0.0000"), new("missing for it")],
            [["quality", total.Quality, Missing(true)], ["semantic", total.Semantic, Missing(false)], ["total", total.Total, Missing(null)]]);
    }

    /// <summary>Both tables, and how they came about.</summary>
    public HtmlPage Page(string model) => new HtmlPage("VBench", model)
        .Add("Scores", Totals().ToHtml())
        .Add("Dimensions", Table().ToHtml(), HtmlFragment.Of($"<p class=\"halo-caption\">Subject and background consistency weight clips by their frames, as VBench does; subject consistency is the mean over clips when it runs in several processes. {(_prompts is null ? "No prompt list was given, so every video counts for every dimension: these are not VBench's published figures." : "Videos count for the dimensions that VBench's prompt list names.")} A missing dimension is missing, never 0, and so is every score that needs it.</p>"));

    private static string Group(VBenchDimension dimension) => dimension.IsQuality ? "quality" : "semantic";

    private static ClipTerms Terms(ScoredClip row, int place)
    {
        int pairs = row.Frames - 1;
        return new ClipTerms(row.Scores![place] * pairs, pairs);
    }

    private void Add(string dimension, VBenchResult result, string source, double? overClips)
    {
        if (!_results.TryAdd(dimension, (result, source, overClips)))
        {
            throw new InputException($"{dimension} is there twice: {_results[dimension].Source}, and {source}. Leave one out.");
        }

        _reasons.Remove(dimension);
    }
}
