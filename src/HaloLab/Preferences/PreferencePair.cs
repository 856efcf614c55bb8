using System.Security.Cryptography;
using System.Text;

namespace HaloLab.Preferences;

/// <summary>
/// Two clips of one prompt. Which of them is better, as a whole and at each place, is read from the rewards when it is needed: the
/// thresholds for ties belong to the objective.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed record PreferencePair
{
    /// <param name="prompt">What both clips were generated from.</param>
    /// <param name="a">One clip.</param>
    /// <param name="b">The other, with patch rewards on the same grid or, like the first, without.</param>
    /// <param name="provenance">Where clips and rewards come from: generator, reward model, dimension, or a file and row.</param>
    /// <exception cref="InputException">A reward is not finite, or the patch rewards do not match; the message names the pair.</exception>
    public PreferencePair(string prompt, Candidate a, Candidate b, string provenance)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentNullException.ThrowIfNull(provenance);
        Prompt = prompt;
        A = a;
        B = b;
        Provenance = provenance;
        Id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{prompt}\n{a.Id}\n{b.Id}")))[..16];
        Require(a, "A");
        Require(b, "B");
        if (a.Patches?.Grid != b.Patches?.Grid)
        {
            throw new InputException($"{this}: its clips have patch rewards on different grids ({a.Patches?.Grid.ToString() ?? "none"} and {b.Patches?.Grid.ToString() ?? "none"}). Score both on one grid.");
        }
    }

    /// <summary>Hash of prompt and clips, so that it names the same pair in every run.</summary>
    public string Id { get; }

    public string Prompt { get; }

    public Candidate A { get; }

    public Candidate B { get; }

    public string Provenance { get; }

    /// <summary>
    /// The same pair with the mean of each clip's patch rewards as its video reward, over the cells that both have: patch-mean DPO, which
    /// tells granularity from extra supervision (DESIGN D3).
    /// </summary>
    /// <exception cref="InputException">No cell has rewards on both sides.</exception>
    public PreferencePair WithPatchMeans()
    {
        if (A.Patches is null || B.Patches is null)
        {
            throw new InputException($"{this}: has no patch rewards, so their mean cannot be its video reward.");
        }

        int[] cells = [.. Enumerable.Range(0, A.Patches.Grid.Count).Where(cell => A.Patches.Values[cell] is not null && B.Patches.Values[cell] is not null)];
        if (cells.Length == 0)
        {
            throw new InputException($"{this}: no cell has a patch reward on both sides, so their mean cannot be its video reward.");
        }

        return new PreferencePair(
            Prompt,
            A with { VideoReward = cells.Average(cell => A.Patches.Values[cell]!.Value) },
            B with { VideoReward = cells.Average(cell => B.Patches.Values[cell]!.Value) },
            Provenance + "; video reward = mean of patch rewards");
    }

    public override string ToString() => $"Pair {Id} of \"{Prompt}\" ({Provenance})";

    private void Require(Candidate clip, string side)
    {
        if (!double.IsFinite(clip.VideoReward))
        {
            throw new InputException($"{this}: the video reward of clip {side} ({clip.Id}) is {clip.VideoReward}, expected a finite number. Correct it or leave the pair out.");
        }

        if (clip.Patches is not { } patches)
        {
            return;
        }

        if (patches.Values.Count != patches.Grid.Count)
        {
            throw new InputException($"{this}: clip {side} ({clip.Id}) has {patches.Values.Count} patch rewards, expected {patches.Grid.Count} for grid {patches.Grid}.");
        }

        for (int cell = 0; cell < patches.Values.Count; cell++)
        {
            if (patches.Values[cell] is { } value && !double.IsFinite(value))
            {
                (int t, int h, int w) = patches.Grid.Cell(cell);
                throw new InputException($"{this}: the patch reward of clip {side} ({clip.Id}) at cell ({t}, {h}, {w}) is {value}, expected a finite number, or nothing where it is missing.");
            }
        }
    }
}
