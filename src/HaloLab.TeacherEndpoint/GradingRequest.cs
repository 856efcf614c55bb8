using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.TeacherEndpoint;

/// <summary>A chat completions request as a teacher sees it: the caption, the frames that are shown, the patches asked about.</summary>
internal sealed partial class GradingRequest
{
    // The margin that carries the numbers of the grid.
    private const int OverlayMargin = 24;

    private GradingRequest(ToyCaption caption, PatchGrid grid, (int Number, int Cell)[] patches, IReadOnlyList<string> frames, int[] frameIndices, int clipFrames, bool isOverlay, bool isPair, string occasion, long tokens)
    {
        Caption = caption;
        Grid = grid;
        Patches = patches;
        Frames = frames;
        FrameIndices = frameIndices;
        ClipFrames = clipFrames;
        IsOverlay = isOverlay;
        IsPair = isPair;
        Occasion = occasion;
        Tokens = tokens;
    }

    public ToyCaption Caption { get; }

    public PatchGrid Grid { get; }

    public IReadOnlyList<(int Number, int Cell)> Patches { get; }

    /// <summary>Data addresses of the whole frames.</summary>
    public IReadOnlyList<string> Frames { get; }

    /// <summary>Which frames of the clip they are.</summary>
    public IReadOnlyList<int> FrameIndices { get; }

    public int ClipFrames { get; }

    public bool IsOverlay { get; }

    /// <summary>Whether two videos are to be compared; <see cref="Frames"/> are those of the first, then those of the second.</summary>
    public bool IsPair { get; }

    /// <summary>The sampler's seed: asked again with another one, the teacher's noise is another.</summary>
    public string Occasion { get; }

    /// <summary>Tokens of the question: four bytes of text each, and a flat number a picture.</summary>
    public long Tokens { get; }

    /// <param name="body">The request.</param>
    /// <param name="pictureTokens">Tokens of a picture.</param>
    /// <exception cref="ApiError">It is no request that the protocol allows, or none about patches of a toy clip.</exception>
    public static GradingRequest Read(JsonElement body, int pictureTokens)
    {
        JsonElement messages = Property(body, "messages", JsonValueKind.Array);
        JsonElement format = Property(body, "response_format", JsonValueKind.Object);
        JsonElement schema = Property(format, "json_schema", JsonValueKind.Object);
        if (Property(format, "type", JsonValueKind.String).GetString() != "json_schema" || Property(schema, "strict", JsonValueKind.True).ValueKind != JsonValueKind.True)
        {
            throw new ApiError(400, "invalid_request_error", "This simulated teacher answers in structured outputs only: response_format must be a strict json_schema.");
        }

        List<string> texts = [];
        List<string> pictures = [];
        foreach (JsonElement message in messages.EnumerateArray())
        {
            JsonElement content = message.GetProperty("content");
            if (content.ValueKind == JsonValueKind.String)
            {
                texts.Add(content.GetString()!);
                continue;
            }

            foreach (JsonElement part in content.EnumerateArray())
            {
                if (Property(part, "type", JsonValueKind.String).GetString() == "text")
                {
                    texts.Add(Property(part, "text", JsonValueKind.String).GetString()!);
                }
                else
                {
                    pictures.Add(Property(Property(part, "image_url", JsonValueKind.Object), "url", JsonValueKind.String).GetString()!);
                }
            }
        }

        string text = string.Join("\n", texts);
        Match shown = FramesPattern().Match(text);
        Match prompt = PromptPattern().Match(text);
        Match[] asked = [.. PatchPattern().Matches(text).Cast<Match>()];
        if (!shown.Success || !prompt.Success || asked.Length == 0)
        {
            throw new ApiError(400, "invalid_request_error", "This simulated teacher understands HaloLab's questions about patches only.");
        }

        int[] indices = [.. shown.Groups[1].Value.Split(", ").Select(index => int.Parse(index, CultureInfo.InvariantCulture))];
        bool isPair = text.Contains("both videos", StringComparison.Ordinal);
        int frames = indices.Length * (isPair ? 2 : 1);
        if (frames > pictures.Count)
        {
            throw new ApiError(400, "invalid_request_error", $"The text names {frames} frames, the request has {pictures.Count} pictures.");
        }

        try
        {
            PatchGrid grid = PatchGrid.Parse(asked[0].Groups[5].Value);
            (int, int)[] patches = [.. asked.Select(patch => (Number(patch, 1), grid.Index(Number(patch, 2), Number(patch, 3), Number(patch, 4))))];
            string occasion = body.TryGetProperty("seed", out JsonElement seed) ? seed.GetRawText() : "";
            long tokens = (Encoding.UTF8.GetByteCount(text) / 4) + (schema.GetRawText().Length / 4) + ((long)pictures.Count * pictureTokens);
            return new GradingRequest(ToyCaption.Parse(prompt.Groups[1].Value), grid, patches, pictures[..frames], indices, int.Parse(shown.Groups[2].Value, CultureInfo.InvariantCulture), text.Contains("numbered grid", StringComparison.Ordinal), isPair, occasion, tokens);
        }
        catch (InputException exception)
        {
            throw new ApiError(400, "invalid_request_error", exception.Message);
        }
    }

    /// <summary>A clip (0, or 1 for the second of a pair) as far as the frames show it: each frame's pixels at the toy world's size, frames not shown taken from the nearest one that is.</summary>
    public VideoClip Clip(int video, Func<string, bool, byte[]> decode)
    {
        byte[][] shown = [.. Frames.Skip(video * FrameIndices.Count).Take(FrameIndices.Count).Select(frame => decode(frame, IsOverlay))];
        byte[] pixels = new byte[ToyRenderer.Frames * ToyRenderer.Size * ToyRenderer.Size * 3];
        for (int t = 0; t < ToyRenderer.Frames; t++)
        {
            double place = (t + 0.5) * ClipFrames / ToyRenderer.Frames;
            int nearest = Enumerable.Range(0, shown.Length).MinBy(i => Math.Abs(FrameIndices[i] + 0.5 - place));
            shown[nearest].CopyTo(pixels, t * shown[nearest].Length);
        }

        return new VideoClip(pixels, ToyRenderer.Frames, ToyRenderer.Size, ToyRenderer.Size, ToyRenderer.FramesPerSecond);
    }

    /// <summary>A picture's pixels at the toy world's size, each the one in the middle of its place: enlarged pixels come back as they were.</summary>
    /// <exception cref="ApiError">It is no PNG in a data address.</exception>
    public static byte[] Decode(string address, bool isOverlay)
    {
        const string Prefix = "data:image/png;base64,";
        if (!address.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw new ApiError(400, "invalid_image_url", "Pictures must be PNGs in data addresses.");
        }

        try
        {
            (byte[] pixels, int height, int width) = PngStill.Decode(Convert.FromBase64String(address[Prefix.Length..]));
            int margin = isOverlay ? OverlayMargin : 0;
            byte[] small = new byte[ToyRenderer.Size * ToyRenderer.Size * 3];
            for (int row = 0; row < ToyRenderer.Size; row++)
            {
                int y = margin + (int)((row + 0.5) * (height - margin) / ToyRenderer.Size);
                for (int column = 0; column < ToyRenderer.Size; column++)
                {
                    int x = margin + (int)((column + 0.5) * (width - margin) / ToyRenderer.Size);
                    pixels.AsSpan(((y * width) + x) * 3, 3).CopyTo(small.AsSpan(((row * ToyRenderer.Size) + column) * 3));
                }
            }

            return small;
        }
        catch (Exception exception) when (exception is InputException or FormatException)
        {
            throw new ApiError(400, "invalid_image_format", exception.Message);
        }
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static JsonElement Property(JsonElement parent, string name, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value
            : throw new ApiError(400, "invalid_request_error", $"'{name}' is missing or of the wrong type.");

    [GeneratedRegex(@"^The text (?:the video was|both videos were) made from: (.+)$", RegexOptions.Multiline)]
    private static partial Regex PromptPattern();

    [GeneratedRegex(@"frames (\d+(?:, \d+)*) of (\d+)\.")]
    private static partial Regex FramesPattern();

    [GeneratedRegex(@"^Patch (\d+): cell (\d+),(\d+),(\d+) of grid (\d+x\d+x\d+)", RegexOptions.Multiline)]
    private static partial Regex PatchPattern();
}
