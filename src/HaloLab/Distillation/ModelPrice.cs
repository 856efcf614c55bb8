namespace HaloLab.Distillation;

/// <summary>What a model's tokens cost, as of a day.</summary>
/// <param name="Model">Name in the table.</param>
/// <param name="AsOf">The day of the table.</param>
/// <param name="InputPerMillion">Dollars per million tokens of a question.</param>
/// <param name="CachedPerMillion">Dollars per million tokens of a question that the service had in its cache.</param>
/// <param name="OutputPerMillion">Dollars per million tokens of an answer.</param>
/// <param name="PictureTokens">Tokens of a picture of low detail, and the base of one of high detail.</param>
/// <param name="TileTokens">Tokens of each tile of 512×512 pixels of a picture of high detail.</param>
public sealed record ModelPrice(
    string Model,
    DateOnly AsOf,
    decimal InputPerMillion,
    decimal CachedPerMillion,
    decimal OutputPerMillion,
    int PictureTokens,
    int TileTokens)
{
    private const int Tile = 512;
    private const int LongSide = 2048;
    private const int ShortSide = 768;

    /// <summary>Dollars for so many tokens.</summary>
    /// <param name="input">All tokens of the question, cached ones included.</param>
    /// <param name="cached">Those of them that were in the service's cache.</param>
    /// <param name="output">Tokens of the answer.</param>
    public decimal Cost(long input, long cached, long output) =>
        (((input - cached) * InputPerMillion) + (cached * CachedPerMillion) + (output * OutputPerMillion)) / 1_000_000m;

    /// <summary>Tokens of a picture: a flat number for low detail; for high detail, brought into 2048×2048 and to a shorter side of 768, its tiles.</summary>
    public int TokensOf(int height, int width, bool isHighDetail)
    {
        if (!isHighDetail)
        {
            return PictureTokens;
        }

        double scale = Math.Min(1.0, (double)LongSide / Math.Max(height, width));
        scale = Math.Min(scale, (double)ShortSide / Math.Min(height, width));
        int tiles = (int)Math.Ceiling(height * scale / Tile) * (int)Math.Ceiling(width * scale / Tile);
        return PictureTokens + (tiles * TileTokens);
    }
}
