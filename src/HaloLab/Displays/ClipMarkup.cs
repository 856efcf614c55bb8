using System.Globalization;
using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>The parts that all players are made of: a clip's screen with its heat map, controls, legends, tables of values.</summary>
/// <remarks>
/// A clip travels as one PNG with its frames side by side, of which a window shows one; no codec is needed. Beside it lies a poster, one frame with its heat map:
/// where style and scripts are stripped it is the only thing to be seen.
/// </remarks>
internal static class ClipMarkup
{
    /// <summary>Width of a clip's pixels at most.</summary>
    public const int MaximumWidth = 384;

    private const double InitialHeat = 0.65;

    /// <summary>The attributes that the script reads, for the element of class <c>halo-clip</c>; it holds <see cref="Screen"/>.</summary>
    /// <param name="item">The clip.</param>
    /// <param name="shown">The same clip as it travels.</param>
    /// <param name="width">Width on the page in CSS pixels.</param>
    public static HtmlFragment Attributes(PlayerClip item, VideoClip shown, int width)
    {
        HtmlFragment data = item.Heat is not { } heat
            ? HtmlFragment.Empty
            : HtmlFragment.Of($" data-layers=\"{List(Layers(heat, shown.Frames))}\" data-rows=\"{List(heat.Edges.Height)}\" data-columns=\"{List(heat.Edges.Width)}\" data-values=\"{List(heat.Values)}\"");
        return HtmlFragment.Of($" class=\"halo-clip\" style=\"width:{width}px;--frames:{shown.Frames};--seconds:{shown.Frames / shown.FramesPerSecond:0.####}s\" data-title=\"{item.Title}\" data-frames=\"{shown.Frames}\" data-rate=\"{shown.FramesPerSecond:0.######}\"{data}");
    }

    /// <summary>The window on the frames, and the poster.</summary>
    /// <inheritdoc cref="Attributes" path="/param"/>
    public static HtmlFragment Screen(PlayerClip item, VideoClip shown, int width)
    {
        HtmlFragment overlay = item.Heat is { } heat ? HtmlFragment.Of($"<img class=\"halo-heat\" alt=\"\" src=\"{Data(HeatSheet(heat, shown))}\">") : HtmlFragment.Empty;
        string moving = shown.Frames > 1 ? "halo-strip halo-moving" : "halo-strip";
        string pixelated = shown.Width < width ? "halo-screen halo-pixelated" : "halo-screen";
        return HtmlFragment.Of($"""
            <div class="{pixelated}" hidden="" style="aspect-ratio:{shown.Width}/{shown.Height}"><div class="{moving}"><img alt="{item.Title}: {shown.Frames} frames" src="{Data(Sheet(shown))}">{overlay}</div></div>
            <img class="halo-poster" width="{width}" alt="{item.Title}: one of {shown.Frames} frames" src="{Data(Poster(item.Heat, shown))}">
            """);
    }

    /// <summary>The clip for the page: at most so many frames and pixels.</summary>
    public static VideoClip Fit(VideoClip clip, int mostFrames, long mostPixels)
    {
        int frames = Math.Min(clip.Frames, mostFrames);
        double scale = Math.Min(1, Math.Min((double)MaximumWidth / clip.Width, Math.Sqrt((double)mostPixels / ((double)frames * clip.Height * clip.Width))));
        int height = Math.Max(1, (int)(clip.Height * scale));
        int width = Math.Max(1, (int)(clip.Width * scale));
        return (frames, height, width) == (clip.Frames, clip.Height, clip.Width) ? clip : ClipResampler.WholeClip(clip, frames, height, width);
    }

    /// <summary>Play button, scrubber and, where there is a heat map, its slider; shown when the script runs.</summary>
    public static HtmlFragment Controls(IEnumerable<PlayerClip> clips)
    {
        HtmlFragment opacity = clips.All(clip => clip.Heat is null)
            ? HtmlFragment.Empty
            : HtmlFragment.Of($"<label>heat <input class=\"halo-opacity\" type=\"range\" min=\"0\" max=\"100\" value=\"{100 * InitialHeat:0}\"></label>");
        return HtmlFragment.Of($"<div class=\"halo-controls\" hidden=\"\"><button type=\"button\" class=\"halo-play\">Pause</button><input class=\"halo-scrubber\" type=\"range\" min=\"0\" max=\"0\" value=\"0\" aria-label=\"frame\"><output class=\"halo-frame\"></output>{opacity}</div>\n");
    }

    /// <summary>One legend per colour scale, and where the value under the pointer is written.</summary>
    public static HtmlFragment Legends(IEnumerable<PlayerClip> clips)
    {
        PatchHeat[] heats = [.. clips.Select(clip => clip.Heat).OfType<PatchHeat>()];
        return heats.Length == 0
            ? HtmlFragment.Empty
            : HtmlFragment.Of($"""
                {heats.GroupBy(heat => (heat.Label, heat.Scale.Lowest, heat.Scale.Highest)).Select(group => group.First().Scale.Legend(group.Key.Label, group.Any(heat => heat.HasMissing)))}<output class="halo-readout">point at a cell for its value</output>
                """);
    }

    /// <summary>The values of a heat map, to be unfolded.</summary>
    public static HtmlFragment Values(PlayerClip clip) => clip.Heat is not { } heat
        ? HtmlFragment.Empty
        : HtmlFragment.Of($"<details><summary>Values: {clip.Title}{(clip.Caption.Length > 0 ? ", " : "")}{clip.Caption}</summary>{new HeatTable(heat.Label, heat.Grid, heat.Values, heat.Scale, withLegend: false).ToHtml()}</details>\n");

    /// <summary>Title, size, caption and values of a clip as text.</summary>
    public static string Text(PlayerClip item)
    {
        VideoClip clip = item.Clip;
        string line = string.Create(CultureInfo.InvariantCulture, $"{item.Title}: {clip.Frames} frames of {clip.Height}x{clip.Width} at {clip.FramesPerSecond:0.###} per second{(item.Caption.Length > 0 ? "; " : "")}{item.Caption}");
        return item.Heat is { } heat ? line + Environment.NewLine + new HeatTable(heat.Label, heat.Grid, heat.Values, heat.Scale).ToText() : line;
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

    /// <summary>The middle frame with its heat map drawn in.</summary>
    private static byte[] Poster(PatchHeat? heat, VideoClip clip)
    {
        int frame = clip.Frames / 2;
        byte[] pixels = clip.Frame(frame).ToArray();
        heat?.Paint(Layers(heat, clip.Frames)[frame], clip.Height, clip.Width, (y, x, colour) =>
        {
            int at = ((y * clip.Width) + x) * 3;
            double opacity = InitialHeat * colour.Opacity / 255;
            pixels[at] = Blend(pixels[at], colour.Red, opacity);
            pixels[at + 1] = Blend(pixels[at + 1], colour.Green, opacity);
            pixels[at + 2] = Blend(pixels[at + 2], colour.Blue, opacity);
        });
        return Apng.EncodeStill(pixels, clip.Height, clip.Width);
    }

    private static byte Blend(byte below, byte above, double opacity) => (byte)Math.Round((below * (1 - opacity)) + (above * opacity));

    /// <summary>The cell layer of each shown frame.</summary>
    private static int[] Layers(PatchHeat heat, int frames) => [.. Enumerable.Range(0, frames).Select(frame => PatchHeat.CellAt(heat.Edges.Time, frame, frames))];

    private static string Data(byte[] png) => "data:image/png;base64," + Convert.ToBase64String(png);

    private static string List(IEnumerable<double> values) => string.Join(' ', values.Select(value => value.ToString("0.#####", CultureInfo.InvariantCulture)));

    private static string List(int[] values) => string.Join(' ', values);
}
