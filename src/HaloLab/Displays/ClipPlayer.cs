using System.Globalization;
using System.Text;
using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>
/// Clips side by side that play in step, with a scrubber, and heat maps over them with a slider for their opacity and the value under the
/// pointer. Without JavaScript the clips play by themselves and the values are in a table.
/// </summary>
/// <remarks>
/// A clip travels as one PNG with its frames side by side, of which a window shows one. At most <see cref="MaximumFrames"/> frames and
/// <see cref="MaximumPixels"/> pixels are kept, larger clips are picked from and shrunk for the page; the clip itself is not touched.
/// </remarks>
public sealed class ClipPlayer : IDisplay
{
    public const int MaximumFrames = 32;

    public const int MaximumPixels = 1_500_000;

    private const int MaximumWidth = 384;

    private readonly IReadOnlyList<PlayerClip> _clips;

    /// <param name="clips">At least one.</param>
    /// <param name="width">Width of each picture on the page in CSS pixels, 16 to 384.</param>
    public ClipPlayer(IReadOnlyList<PlayerClip> clips, int width = 224)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentOutOfRangeException.ThrowIfZero(clips.Count, nameof(clips));
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, MaximumWidth);
        _clips = clips;
        Width = width;
    }

    public int Width { get; }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PatchHeat[] heats = [.. _clips.Select(clip => clip.Heat).OfType<PatchHeat>()];
        HtmlFragment opacity = heats.Length == 0
            ? HtmlFragment.Empty
            : HtmlFragment.Of($"<label>heat <input class=\"halo-opacity\" type=\"range\" min=\"0\" max=\"100\" value=\"65\"></label>");
        HtmlFragment readout = heats.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<output class=\"halo-readout\">point at a cell for its value</output>");
        return HtmlFragment.Of($"""
            <figure class="halo-player">
            <div class="halo-clips">{_clips.Select(Picture)}</div>
            <div class="halo-controls" hidden><button type="button" class="halo-play">Pause</button><input class="halo-scrubber" type="range" min="0" max="0" value="0" aria-label="frame"><output class="halo-frame"></output>{opacity}</div>
            {Legends(heats)}{readout}{_clips.Where(clip => clip.Heat is not null).Select(clip => ValueTable(clip, clip.Heat!))}</figure>

            """);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        StringBuilder text = new();
        foreach (PlayerClip item in _clips)
        {
            VideoClip clip = item.Clip;
            text.AppendLine(CultureInfo.InvariantCulture, $"{item.Title}: {clip.Frames} frames of {clip.Height}x{clip.Width} at {clip.FramesPerSecond:0.###} per second{(item.Caption.Length > 0 ? "; " : "")}{item.Caption}");
            if (item.Heat is { } heat)
            {
                text.AppendLine(new HeatTable(heat.Label, heat.Grid, heat.Values, heat.Scale).ToText());
            }
        }

        return text.ToString().TrimEnd();
    }

    private HtmlFragment Picture(PlayerClip item)
    {
        VideoClip shown = Fit(item.Clip);
        HtmlFragment caption = item.Caption.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{item.Caption}</p>");
        HtmlFragment overlay = HtmlFragment.Empty;
        HtmlFragment data = HtmlFragment.Empty;
        if (item.Heat is { } heat)
        {
            overlay = HtmlFragment.Of($"<img class=\"halo-heat\" alt=\"\" src=\"{Data(HeatSheet(heat, shown))}\">");
            data = HtmlFragment.Of($" data-layers=\"{List(Layers(heat, shown.Frames))}\" data-rows=\"{List(heat.Edges.Height)}\" data-columns=\"{List(heat.Edges.Width)}\" data-values=\"{List(heat.Values)}\"");
        }

        string moving = shown.Frames > 1 ? "halo-strip halo-moving" : "halo-strip";
        string pixelated = shown.Width < Width ? "halo-screen halo-pixelated" : "halo-screen";
        return HtmlFragment.Of($"""
            <div class="halo-clip" style="width:{Width}px;--frames:{shown.Frames};--seconds:{shown.Frames / shown.FramesPerSecond:0.####}s" data-frames="{shown.Frames}" data-rate="{shown.FramesPerSecond:0.######}"{data}>
            <p class="halo-title" title="{item.Title}">{item.Title}</p>
            <div class="{pixelated}" style="aspect-ratio:{shown.Width}/{shown.Height}"><div class="{moving}"><img alt="{item.Title}: {shown.Frames} frames" src="{Data(Sheet(shown))}">{overlay}</div></div>
            {caption}</div>
            """);
    }

    private static VideoClip Fit(VideoClip clip)
    {
        int frames = Math.Min(clip.Frames, MaximumFrames);
        double scale = Math.Min(1, Math.Min((double)MaximumWidth / clip.Width, Math.Sqrt((double)MaximumPixels / ((double)frames * clip.Height * clip.Width))));
        int height = Math.Max(1, (int)(clip.Height * scale));
        int width = Math.Max(1, (int)(clip.Width * scale));
        return (frames, height, width) == (clip.Frames, clip.Height, clip.Width) ? clip : ClipResampler.WholeClip(clip, frames, height, width);
    }

    private static byte[] Sheet(VideoClip clip)
    {
        int rowBytes = clip.Width * 3;
        byte[] sheet = new byte[clip.Pixels.Length];
        for (int frame = 0; frame < clip.Frames; frame++)
        {
            for (int row = 0; row < clip.Height; row++)
            {
                clip.Frame(frame).Slice(row * rowBytes, rowBytes).CopyTo(sheet.AsSpan(((row * clip.Frames) + frame) * rowBytes));
            }
        }

        return Apng.EncodeStill(sheet, clip.Height, clip.Frames * clip.Width);
    }

    /// <summary>The overlay, laid out as the frames are; small clips get a finer one, so that cells have straight edges at any size.</summary>
    private static byte[] HeatSheet(PatchHeat heat, VideoClip clip)
    {
        int finer = Math.Max(1, 128 / Math.Max(clip.Width, clip.Height));
        (int height, int width) = (clip.Height * finer, clip.Width * finer);
        byte[] sheet = new byte[height * width * clip.Frames * 4];
        int[] layers = Layers(heat, clip.Frames);
        for (int frame = 0; frame < clip.Frames; frame++)
        {
            int column = frame * width;
            heat.Paint(layers[frame], height, width, (y, x, colour) =>
            {
                int at = ((y * width * clip.Frames) + column + x) * 4;
                (sheet[at], sheet[at + 1], sheet[at + 2], sheet[at + 3]) = colour;
            });
        }

        return Apng.EncodeStill(sheet, height, clip.Frames * width, channels: 4);
    }

    /// <summary>The cell layer of each shown frame.</summary>
    private static int[] Layers(PatchHeat heat, int frames) => [.. Enumerable.Range(0, frames).Select(frame => PatchHeat.CellAt(heat.Edges.Time, frame, frames))];

    private static HtmlFragment Legends(PatchHeat[] heats) =>
        HtmlFragment.Concat(heats
            .GroupBy(heat => (heat.Label, heat.Scale.Lowest, heat.Scale.Highest))
            .Select(group => group.First().Scale.Legend(group.Key.Label, group.Any(heat => heat.HasMissing))));

    private static HtmlFragment ValueTable(PlayerClip clip, PatchHeat heat) =>
        HtmlFragment.Of($"<details><summary>Values: {clip.Title}{(clip.Caption.Length > 0 ? ", " : "")}{clip.Caption}</summary>{new HeatTable(heat.Label, heat.Grid, heat.Values, heat.Scale, withLegend: false).ToHtml()}</details>\n");

    private static string Data(byte[] png) => "data:image/png;base64," + Convert.ToBase64String(png);

    private static string List(IEnumerable<double> values) => string.Join(' ', values.Select(value => value.ToString("0.#####", CultureInfo.InvariantCulture)));

    private static string List(int[] values) => string.Join(' ', values);
}
