using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>
/// What an ablation compares: a baseline, variants that change one thing each (a factor and its values are a short way to write several), and what is stated about every variant before it is run.
/// It is read from a JSON file (docs/ablations.md); some come with HaloLab (<see cref="Names"/>).
/// </summary>
public sealed partial class AblationGrid
{
    private const string Resources = "ablations/";
    private static readonly JsonDocumentOptions Format = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, AllowDuplicateProperties = false };

    private AblationGrid(string name, string title, string hash, ReproductionSettings preset, int seeds, AblationVariant baseline, IReadOnlyList<AblationVariant> variants, IReadOnlyList<AblationStatement> statements) =>
        (Name, Title, Hash, Preset, Seeds, Baseline, Variants, Statements) = (name, title, hash, preset, seeds, baseline, variants, statements);

    /// <summary>Names of the grids that come with HaloLab.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(Resources, StringComparison.Ordinal)).Select(name => Path.GetFileNameWithoutExtension(name)).Order(StringComparer.Ordinal)];

    /// <summary>Lower-case words with dashes; results go to a folder of that name.</summary>
    public string Name { get; }

    /// <summary>What the grid asks, in words.</summary>
    public string Title { get; }

    /// <summary>SHA-256 of the file.</summary>
    public string Hash { get; }

    /// <summary>How much of everything there is.</summary>
    public ReproductionSettings Preset { get; }

    /// <summary>Number of seeds where the caller names none.</summary>
    public int Seeds { get; }

    internal AblationVariant Baseline { get; }

    internal IReadOnlyList<AblationVariant> Variants { get; }

    internal IReadOnlyList<AblationStatement> Statements { get; }

    /// <summary>The recipe of the baseline and of every variant.</summary>
    public IReadOnlyList<(string Variant, ReproductionSettings Settings)> Recipes() => [.. Variants.Prepend(Baseline).Select(variant => (variant.Name, variant.Settings))];

    /// <summary>The statements about every variant, as they stand before anything is run.</summary>
    public IReadOnlyList<(string Variant, string Statement, double Interesting)> Declared() =>
        [.. Variants.SelectMany(variant => Statements.Select(statement => (variant.Name, statement.About(variant), statement.Interesting)))];

    /// <summary>Reads a grid.</summary>
    /// <param name="name">Path of a file, or one of <see cref="Names"/>.</param>
    /// <param name="preset">Name of the preset; null: the grid's own.</param>
    /// <exception cref="InputException">There is no such file or grid, or it says something that cannot be run.</exception>
    public static AblationGrid Read(string name, string? preset = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Names.Contains(name))
        {
            using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Resources}{name}.json")!;
            using StreamReader reader = new(stream);
            return Parse(name, reader.ReadToEnd(), preset);
        }

        try
        {
            return Parse(name, File.ReadAllText(name), preset);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{name}: cannot be read ({exception.Message}). Expected the path of a grid's JSON file, or one of the grids that come with HaloLab: {string.Join(", ", Names)}.", exception);
        }
    }

    private static AblationGrid Parse(string file, string text, string? preset)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Format);
            return Of(new JsonPlace(file, document.RootElement), Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text))), preset);
        }
        catch (JsonException exception)
        {
            throw new InputException($"{file}: is no JSON ({exception.Message}).", exception);
        }
    }

    private static AblationGrid Of(JsonPlace root, string hash, string? asked)
    {
        root.RequireFields("name", "title", "preset", "seeds", "baseline", "variants", "factors", "statements");
        string preset = asked ?? root.Find("preset")?.Text() ?? "quick";
        if (!ReproductionSettings.Presets.TryGetValue(preset, out ReproductionSettings? settings))
        {
            string presets = $"one of {string.Join(", ", ReproductionSettings.Presets.Keys)}";
            throw asked is null ? root.Get("preset").Refused(presets) : new InputException($"--preset {preset}: expected {presets}.");
        }

        AblationVariant halo = new("HALO", new Dictionary<string, JsonElement>(), settings with { Arms = [ReproductionArm.Halo] });
        AblationVariant baseline = root.Find("baseline") is { } changed ? Variant(halo, changed, changed.Find("name")?.Text() ?? halo.Name) : halo;
        List<AblationVariant> variants = [.. root.Find("variants")?.Items().Select(item => Variant(baseline, item, item.Get("name").Text())) ?? []];
        variants.AddRange(root.Find("factors") is { } factors ? Factors(baseline, factors) : []);
        if (variants.Count == 0)
        {
            throw root.Refused("\"variants\" or \"factors\", with at least one variant beside the baseline");
        }

        if (variants.Append(baseline).GroupBy(variant => variant.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw root.Refused($"variants of different names; '{twice.Key}' stands twice");
        }

        AblationStatement[] statements = [.. root.Get("statements").Items().Select(Statement)];
        if (statements.Length == 0)
        {
            throw root.Get("statements").Refused("at least one statement, declared before the run");
        }

        int seeds = root.Find("seeds") is { } count ? (int)count.Number(value => value is >= 1 and <= 1000 && value == Math.Floor(value), "a whole number from 1 to 1000") : settings.Seeds;
        JsonPlace name = root.Get("name");
        if (!FolderName().IsMatch(name.Text()) || name.Text() == "stages")
        {
            throw name.Refused("lower-case words with dashes, as results go to a folder of that name, and not \"stages\"");
        }

        return new AblationGrid(name.Text(), root.Get("title").Text(), hash, settings, seeds, baseline, variants, statements);
    }

    private static AblationVariant Variant(AblationVariant of, JsonPlace place, string name)
    {
        place.RequireFields("name", "set");
        return Changed(of, name, [.. place.Get("set").Fields()]);
    }

    /// <summary>A variant for each value of each factor.</summary>
    private static IEnumerable<AblationVariant> Factors(AblationVariant baseline, JsonPlace factors) =>
        factors.Fields().SelectMany(factor => factor.Place.Items().Select(value => Changed(baseline, $"{factor.Name} = {value.Value}", [(factor.Name, value)])));

    private static AblationVariant Changed(AblationVariant of, string name, (string Name, JsonPlace Place)[] changes)
    {
        ReproductionSettings settings = of.Settings;
        Dictionary<string, JsonElement> set = of.Set.ToDictionary();
        foreach ((string field, JsonPlace place) in changes)
        {
            AblationField known = AblationField.All.FirstOrDefault(known => known.Name == field)
                ?? throw place.Unknown($"a setting: {string.Join("; ", AblationField.All.Select(item => $"{item.Name} ({item.Expected})"))}");
            settings = known.Apply(settings, place.Value) ?? throw place.Refused(known.Expected);
            set[field] = place.Value.Clone();
        }

        try
        {
            settings.Arms.Single().Objective(settings.Grid).Validate();
            settings.StepsOfRounds();
        }
        catch (InputException exception)
        {
            throw new InputException($"{(changes.Length > 0 ? changes[0].Place.File : name)}: variant '{name}': {exception.Message}", exception);
        }

        return new AblationVariant(name, set, settings);
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.CultureInvariant)]
    private static partial Regex FolderName();

    private static AblationStatement Statement(JsonPlace place)
    {
        place.RequireFields("text", "measure", "direction", "threshold", "interesting");
        AblationMeasure measure = AblationMeasure.All.First(measure => measure.Name == place.Get("measure").Word([.. AblationMeasure.All.Select(known => known.Name)]));
        ClaimDirection direction = place.Get("direction").Word("above", "below") == "above" ? ClaimDirection.Above : ClaimDirection.Below;
        double threshold = place.Get("threshold").Number(double.IsFinite, "a number");
        return new AblationStatement(place.Get("text").Text(), measure, new ClaimRule(threshold, direction), place.Get("interesting").Number(value => value > 0, "a number above 0"));
    }
}
