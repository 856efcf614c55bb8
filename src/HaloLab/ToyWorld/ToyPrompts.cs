namespace HaloLab.ToyWorld;

/// <summary>
/// The captions split by attribute combination, not by wording. An object on its background, (kind, colour, direction, background), has the
/// residue <c>(direction + 4·background + 3·kind + colour) mod 8</c> of the attributes' numbers: 0 is held out for reporting, 3 for
/// development, the rest is for training. A caption belongs to a split when all its objects do; captions that mix splits are never used.
/// </summary>
/// <remarks>
/// Of the 192 combinations 144 are for training, 24 for development, 24 for reporting, and none of a split is ever seen in another, alone or
/// beside a second object. Every (kind, colour) occurs exactly once among the 24 of reporting and of development, every (colour, direction) too;
/// every (kind, colour, direction) keeps at least one background in training: what is held out is how known parts combine.
/// </remarks>
public static class ToyPrompts
{
    /// <summary>The split of one object on its background.</summary>
    public static ToySplit SplitOf(ToyObject item, ToyBackground background)
    {
        ArgumentNullException.ThrowIfNull(item);
        int residue = ((int)item.Direction + (4 * (int)background) + (3 * (int)item.Kind) + (int)item.Colour) % 8;
        return residue switch
        {
            0 => ToySplit.Reporting,
            3 => ToySplit.Development,
            _ => ToySplit.Training,
        };
    }

    /// <summary>The split of a caption, or null when its objects belong to different ones.</summary>
    public static ToySplit? SplitOf(ToyCaption caption)
    {
        ArgumentNullException.ThrowIfNull(caption);
        ToySplit split = SplitOf(caption.First, caption.Background);
        return caption.Second is null || SplitOf(caption.Second, caption.Background) == split ? split : null;
    }

    /// <summary>The captions of a split with <paramref name="objects"/> objects, in a fixed order.</summary>
    /// <param name="split">Which split.</param>
    /// <param name="objects">1 or 2.</param>
    public static IReadOnlyList<ToyCaption> Of(ToySplit split, int objects)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(objects, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(objects, 2);
        return [.. ToyCaption.All().Where(caption => caption.Objects.Count == objects && SplitOf(caption) == split)];
    }
}
