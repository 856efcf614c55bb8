using System.Globalization;
using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>
/// Clips side by side that play in step, with a scrubber, and heat maps over them with a slider for their opacity and the value under the
/// pointer. Without JavaScript the clips play by themselves and the values are in a table; without style, too, one frame of each stands still.
/// </summary>
/// <remarks>
/// At most <see cref="MaximumClips"/> clips are shown, of each at most <see cref="MaximumFrames"/> frames and <see cref="MaximumPixels"/> pixels, of all together
/// <see cref="MaximumPixelsTogether"/>. Larger clips are picked from and shrunk for the page; the clip itself is not touched.
/// </remarks>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class ClipPlayer : IDisplay
{
    public const int MaximumClips = 64;

    public const int MaximumFrames = 32;

    public const int MaximumPixels = 1_500_000;

    public const int MaximumPixelsTogether = 4_000_000;

    private readonly IReadOnlyList<PlayerClip> _clips;

    /// <param name="clips">At least one.</param>
    /// <param name="width">Width of each picture on the page in CSS pixels, 16 to 384.</param>
    public ClipPlayer(IReadOnlyList<PlayerClip> clips, int width = 224)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentOutOfRangeException.ThrowIfZero(clips.Count, nameof(clips));
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, ClipMarkup.MaximumWidth);
        _clips = clips;
        Width = width;
        PixelBudget = MaximumPixelsTogether;
    }

    public int Width { get; }

    /// <summary>Pixels of all clips together; less where several players share a page.</summary>
    internal long PixelBudget { get; init; }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PlayerClip[] shown = [.. _clips.Take(MaximumClips)];
        HtmlFragment cut = Cut.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{Cut}</p>\n");
        return HtmlFragment.Of($"""
            <figure class="halo-player">
            <div class="halo-clips">{shown.Select(item => Picture(item, PixelBudget / shown.Length))}</div>
            {cut}{ClipMarkup.Controls(shown)}{ClipMarkup.Legends(shown)}{shown.Select(ClipMarkup.Values)}</figure>

            """);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        IEnumerable<string> lines = _clips.Take(MaximumClips).Select(ClipMarkup.Text);
        return string.Join(Environment.NewLine, Cut.Length == 0 ? lines : lines.Append(Cut));
    }

    private string Cut => _clips.Count > MaximumClips ? string.Create(CultureInfo.InvariantCulture, $"{_clips.Count - MaximumClips} more clips are not shown.") : "";

    private HtmlFragment Picture(PlayerClip item, long budget)
    {
        VideoClip shown = ClipMarkup.Fit(item.Clip, MaximumFrames, Math.Min(MaximumPixels, budget));
        HtmlFragment caption = item.Caption.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{item.Caption}</p>");
        return HtmlFragment.Of($"""
            <div{ClipMarkup.Attributes(item, shown, Width)}>
            <p class="halo-title" title="{item.Title}">{item.Title}</p>
            {ClipMarkup.Screen(item, shown, Width)}
            {caption}</div>
            """);
    }
}
