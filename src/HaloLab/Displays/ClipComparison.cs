using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>
/// Two clips in one picture, in step, with a slider between them: left of it the first, right of it the second. They may carry heat maps. Without JavaScript the line stands
/// in the middle; without style one frame of each is shown.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class ClipComparison : IDisplay
{
    private readonly PlayerClip _before;
    private readonly PlayerClip _after;

    /// <param name="before">At the left.</param>
    /// <param name="after">At the right; of the same shape of picture.</param>
    /// <param name="width">Width of the picture on the page in CSS pixels, 16 to 384.</param>
    /// <exception cref="ArgumentException">The pictures have different shapes.</exception>
    public ClipComparison(PlayerClip before, PlayerClip after, int width = 320)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, ClipMarkup.MaximumWidth);
        if ((long)before.Clip.Width * after.Clip.Height != (long)after.Clip.Width * before.Clip.Height)
        {
            throw new ArgumentException($"'{before.Title}' is {before.Clip.Height}x{before.Clip.Width} and '{after.Title}' {after.Clip.Height}x{after.Clip.Width}: pictures of different shapes do not lie over each other. Show them side by side with ClipPlayer.", nameof(after));
        }

        (_before, _after, Width) = (before, after, width);
    }

    public ClipComparison(VideoClip before, VideoClip after, int width = 320)
        : this(new PlayerClip("before", before), new PlayerClip("after", after), width)
    {
    }

    public int Width { get; }

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PlayerClip[] both = [_before, _after];
        HtmlFragment captions = both.All(clip => clip.Caption.Length == 0)
            ? HtmlFragment.Empty
            : _before.Caption == _after.Caption ? HtmlFragment.Of($"<p class=\"halo-caption\">{_before.Caption}</p>\n")
            : HtmlFragment.Of($"<div class=\"halo-ends\">{both.Select(clip => HtmlFragment.Of($"<p class=\"halo-caption\">{clip.Caption}</p>"))}</div>\n");
        return HtmlFragment.Of($"""
            <figure class="halo-player">
            <div class="halo-compare" style="width:{Width}px">
            <div class="halo-ends">{both.Select(clip => HtmlFragment.Of($"<p class=\"halo-title\" title=\"{clip.Title}\">{clip.Title}</p>"))}</div>
            <div class="halo-stack" style="--split:50">{both.Select(Picture)}<div class="halo-divider"></div></div>
            <input class="halo-split" hidden="" type="range" min="0" max="100" value="50" aria-label="how much of {_before.Title} is shown">
            {captions}</div>
            {ClipMarkup.Controls(both)}{ClipMarkup.Legends(both)}{both.Select(ClipMarkup.Values)}</figure>

            """);
    }

    /// <inheritdoc/>
    public string ToText() => ClipMarkup.Text(_before) + Environment.NewLine + ClipMarkup.Text(_after);

    private HtmlFragment Picture(PlayerClip item)
    {
        VideoClip shown = ClipMarkup.Fit(item.Clip, ClipPlayer.MaximumFrames, ClipPlayer.MaximumPixels);
        return HtmlFragment.Of($"""
            <div{ClipMarkup.Attributes(item, shown, Width)}>{ClipMarkup.Screen(item, shown, Width)}</div>
            """);
    }
}
