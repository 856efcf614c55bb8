using System.Text.Json;
using HaloLab.Models.Text;

namespace HaloLab.Distillation;

/// <summary>Prices by model as of a day: <c>data/teacher/prices.json</c>, or a lab's own file of the same form.</summary>
public sealed class PriceTable
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };
    private readonly TableFile _table;
    private readonly string _source;

    private PriceTable(TableFile table, string source) => (_table, _source) = (table, source);

    /// <summary>The table that ships.</summary>
    public static PriceTable Shipped()
    {
        using Stream stream = EmbeddedData.Open("teacher/prices.json");
        return new PriceTable(JsonSerializer.Deserialize<TableFile>(stream, Format)!, "the table that ships (data/teacher/prices.json)");
    }

    /// <summary>A table of the same form.</summary>
    /// <exception cref="InputException">The file cannot be read, or is no such table.</exception>
    public static PriceTable Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            TableFile table = JsonSerializer.Deserialize<TableFile>(stream, Format) ?? throw new JsonException("the file holds null");
            string? negative = table.Models.FirstOrDefault(item => item.Value is { InputPerMillion: < 0 } or { CachedPerMillion: < 0 } or { OutputPerMillion: < 0 } or { PictureTokens: < 0 } or { TileTokens: < 0 }).Key;
            return negative is null ? new PriceTable(table, path) : throw new InputException($"{path}: model '{negative}' has a price or number of tokens below 0.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InputException($"{path}: cannot be read as a table of prices ({exception.Message}). Expected the form of data/teacher/prices.json.", exception);
        }
    }

    /// <exception cref="InputException">The table does not know the model.</exception>
    public ModelPrice Of(string model) => _table.Models.TryGetValue(model, out Row? row)
        ? new ModelPrice(model, _table.AsOf, row.InputPerMillion, row.CachedPerMillion, row.OutputPerMillion, row.PictureTokens, row.TileTokens)
        : throw new InputException($"Model '{model}' has no price in {_source}, which knows {string.Join(", ", _table.Models.Keys)}. Name the one whose price it has with --priced-as, or give a table with --prices.");

    private sealed record TableFile(DateOnly AsOf, string Source, string Currency, Dictionary<string, Row> Models);

    private sealed record Row(decimal InputPerMillion, decimal CachedPerMillion, decimal OutputPerMillion, int PictureTokens, int TileTokens);
}
