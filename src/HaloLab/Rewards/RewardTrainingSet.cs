using System.Security.Cryptography;
using System.Text;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>
/// Clips with the labels that a reward model learns from. A label may be missing (NaN): it is left out of the loss, never taken as 0
/// (DESIGN D5). Clips are kept as bytes.
/// </summary>
public sealed class RewardTrainingSet : IDisposable
{
    private readonly ClipSet _clips;
    private readonly double[] _videoLabels;
    private readonly double[][] _patchLabels;

    /// <param name="clips">Clips of one size.</param>
    /// <param name="tokens">The prompt of each, as token ids.</param>
    /// <param name="videoLabels">A grade per clip, NaN where there is none.</param>
    /// <param name="patchLabels">Grades per clip and cell in the order t, h, w; an empty row where the clip has none, NaN where a cell has none.</param>
    /// <param name="cells">The cells that the patch labels are for.</param>
    /// <param name="patchGrades">The scale of the patch labels where they are whole grades, null where they are any numbers.</param>
    /// <param name="pairs">Comparisons, for the pairwise video losses; null when there are none.</param>
    /// <exception cref="InputException">Lengths do not agree, a label is infinite, or a patch label is outside its scale.</exception>
    public RewardTrainingSet(
        IReadOnlyList<VideoClip> clips,
        IReadOnlyList<long[]> tokens,
        IReadOnlyList<double> videoLabels,
        IReadOnlyList<double[]> patchLabels,
        LatticeEdges cells,
        GradeRange? patchGrades = null,
        IReadOnlyList<LabelledPair>? pairs = null)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(videoLabels);
        ArgumentNullException.ThrowIfNull(patchLabels);
        ArgumentNullException.ThrowIfNull(cells);
        ClipSet.RequireOnePerClip("video labels", videoLabels.Count, clips.Count);
        ClipSet.RequireOnePerClip("rows of patch labels", patchLabels.Count, clips.Count);
        Cells = cells;
        CellShape = [cells.Time.Length - 1, cells.Height.Length - 1, cells.Width.Length - 1];
        long cellCount = CellShape.Aggregate(1L, (product, length) => product * length);
        _videoLabels = [.. videoLabels];
        _patchLabels = [.. patchLabels.Select(row => row.Length == 0 ? Missing(cellCount) : row)];
        for (int i = 0; i < clips.Count; i++)
        {
            if (_patchLabels[i].Length != cellCount)
            {
                throw new InputException($"Clip {i}: {_patchLabels[i].Length} patch labels for {cellCount} cells. Give one per cell, NaN where one is missing, or none.");
            }

            if (double.IsInfinity(_videoLabels[i]) || _patchLabels[i].Any(double.IsInfinity))
            {
                throw new InputException($"Clip {i}: a label is infinite. Give a finite number, or NaN where it is missing.");
            }

            if (patchGrades is { } grades)
            {
                foreach (double label in _patchLabels[i].Where(label => label < grades.Worst || label > grades.Best))
                {
                    throw new InputException($"Clip {i}: a patch label is {label}, expected a grade from {grades.Worst} to {grades.Best}.");
                }
            }
        }

        PatchGrades = patchGrades;
        Pairs = pairs ?? [];
        if (Pairs.FirstOrDefault(pair => pair.A < 0 || pair.B < 0 || pair.A >= clips.Count || pair.B >= clips.Count) is { } outside)
        {
            throw new InputException($"The pair {outside} names a clip outside 0 .. {clips.Count - 1}.");
        }

        _clips = new ClipSet(clips, tokens);
    }

    public int Count => _videoLabels.Length;

    public LatticeEdges Cells { get; }

    /// <summary>t, h, w.</summary>
    public IReadOnlyList<long> CellShape { get; }

    /// <summary>The scale of the patch labels where they are whole grades.</summary>
    public GradeRange? PatchGrades { get; }

    public IReadOnlyList<LabelledPair> Pairs { get; }

    public IReadOnlyList<double> VideoLabels => _videoLabels;

    public IReadOnlyList<double[]> PatchLabels => _patchLabels;

    /// <summary>The clips at these places: frames in [−1, 1], tokens, video labels and patch labels, on <see cref="Compute.Device"/>.</summary>
    internal (Tensor Frames_BCTHW, Tensor Tokens_BL, Tensor Video_B, Tensor Patches_Bthw) Batch(IReadOnlyList<int> places)
    {
        using var scope = NewDisposeScope();
        (Tensor frames_BCTHW, Tensor tokens_BL) = _clips.Batch(places);
        Tensor video_B = tensor(places.Select(place => (float)_videoLabels[place]).ToArray()).to(Compute.Device);
        Tensor patches_Bthw = tensor(places.SelectMany(place => _patchLabels[place]).Select(label => (float)label).ToArray(), [places.Count, .. CellShape]).to(Compute.Device);
        return (frames_BCTHW.MoveToOuterDisposeScope(), tokens_BL.MoveToOuterDisposeScope(), video_B.MoveToOuterDisposeScope(), patches_Bthw.MoveToOuterDisposeScope());
    }

    /// <summary>Hash over clips, prompts, labels and cells: training on equal data may go on from each other's checkpoints.</summary>
    internal string ContentHash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _clips.AddTo(hash);
        foreach (double[] numbers in (double[][])[_videoLabels, .. _patchLabels, Cells.Time, Cells.Height, Cells.Width])
        {
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(numbers));
        }

        hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', [PatchGrades.ToString(), .. Pairs.Select(pair => pair.ToString())])));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => _clips.Dispose();

    private static double[] Missing(long count)
    {
        double[] row = new double[count];
        Array.Fill(row, double.NaN);
        return row;
    }
}
