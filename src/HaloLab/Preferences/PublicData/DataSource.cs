using System.Text.Json;
using System.Text.Json.Serialization;

namespace HaloLab.Preferences.PublicData;

/// <summary>Public data that HaloLab can fetch, when it is asked to.</summary>
/// <param name="Name">The name to ask for.</param>
/// <param name="Description">What it is.</param>
/// <param name="Homepage">Where it is described.</param>
/// <param name="Licence">Under what terms, as its publisher says.</param>
/// <param name="Citation">What to cite.</param>
/// <param name="Files">Its files.</param>
public sealed record DataSource(string Name, string Description, Uri Homepage, string Licence, string Citation, IReadOnlyList<DataSourceFile> Files)
{
    private const string Embedded = "data/sources.json";

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>Bytes of all files, or null where one is not known.</summary>
    [JsonIgnore]
    public long? Size => Files.Sum(file => file.Size) is var sum && Files.All(file => file.Size is not null) ? sum : null;

    /// <summary>The sources that ship (<c>data/sources.json</c>), or those of a list of your own in the same form.</summary>
    /// <exception cref="InputException">The list cannot be read, or says something impossible.</exception>
    public static IReadOnlyList<DataSource> ReadAll(string? path = null)
    {
        string where = path ?? Embedded;
        try
        {
            using Stream stream = path is null ? typeof(DataSource).Assembly.GetManifestResourceStream(Embedded)! : File.OpenRead(path);
            SourceList list = JsonSerializer.Deserialize<SourceList>(stream, Format) ?? throw new JsonException("the file holds null");
            foreach (DataSource source in list.Sources)
            {
                source.Validate(where);
            }

            string? twice = list.Sources.GroupBy(source => source.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
            return twice is null ? list.Sources : throw new InputException($"{where}: names '{twice}' twice. Expected different names.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InputException($"{where}: cannot be read as a list of data sources ({exception.Message}).", exception);
        }
    }

    /// <summary>The source of a name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static DataSource Find(string name, string? path = null)
    {
        IReadOnlyList<DataSource> sources = ReadAll(path);
        return sources.FirstOrDefault(source => source.Name == name)
            ?? throw new InputException($"'{name}' is no data that can be fetched. Expected one of {string.Join(", ", sources.Select(source => source.Name))}.");
    }

    private void Validate(string where)
    {
        foreach (DataSourceFile file in Files)
        {
            string[] parts = file.Name.Split('/');
            Require(parts.All(part => part is not ("" or "." or "..") && !part.Contains('\\', StringComparison.Ordinal)), where, $"name '{file.Name}'", "a path below the source's folder");
            Require(file.Address.IsAbsoluteUri && (file.Address.Scheme == Uri.UriSchemeHttps || (file.Address.Scheme == Uri.UriSchemeHttp && file.Address.IsLoopback)), where, $"address '{file.Address}'", "an https address");
            Require(file.Size is null or > 0, where, $"size {file.Size}", "a number of bytes above 0");
            Require(file.Sha256 is null || Labels.Label.IsHash(file.Sha256), where, $"sha256 '{file.Sha256}'", "64 lower-case hexadecimal digits");
        }

        Require(Files.Count > 0, where, "empty list of files", "at least one");
        Require(Name.Length > 0 && Name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.') && Name[0] != '.', where, $"name '{Name}'", "letters, digits, hyphens");
    }

    private void Require(bool isRight, string where, string what, string expected)
    {
        if (!isRight)
        {
            throw new InputException($"{where}: source '{Name}' has the {what}. Expected {expected}.");
        }
    }

    private sealed record SourceList(IReadOnlyList<DataSource> Sources);
}
