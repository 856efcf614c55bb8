using static TorchSharp.torch;

namespace HaloLab.Evaluation.VBench;

/// <summary>
/// The formulas of VBench's dimensions (Huang et al. 2024, arXiv 2311.17982) that need no network, or begin where one ends, as its published code
/// has them. A clip too short for a dimension has no value there.
/// </summary>
public static class VBenchFormulas
{
    private const double LargestFlows = 0.05;
    private const double FlowThreshold = 6;
    private const double FlowThresholdSide = 256;
    private const double MovingPairs = 4;
    private const double MovingPairsOf = 16;
    private const double FlowFramesPerSecond = 8;
    private const double MostGrey = 255;
    private const double AestheticScale = 10;

    /// <summary>Subject (DINO) and background (CLIP) consistency: each frame's likeness to the one before and to the first, negative ones as 0.</summary>
    /// <param name="features_TD">Features of the frames.</param>
    public static ClipTerms Consistency(Tensor features_TD)
    {
        using var scope = NewDisposeScope();
        long frames = features_TD.shape[0];
        if (frames < 2)
        {
            return default;
        }

        Tensor unit_TD = nn.functional.normalize(features_TD.to(ScalarType.Float32), dim: -1);
        Tensor later_SD = unit_TD.narrow(0, 1, frames - 1);
        Tensor toBefore_S = (later_SD * unit_TD.narrow(0, 0, frames - 1)).sum(1).clamp_min(0);
        Tensor toFirst_S = (later_SD * unit_TD[0]).sum(1).clamp_min(0);
        return new ClipTerms(((toBefore_S + toFirst_S) / 2).to(ScalarType.Float64).sum().item<double>(), (int)frames - 1);
    }

    /// <summary>Temporal flickering: 1 where consecutive frames are equal, less by their mean difference in grey levels.</summary>
    /// <param name="frames_TX">Grey levels 0 to 255, whatever follows the frames.</param>
    public static double Flickering(Tensor frames_TX)
    {
        using var scope = NewDisposeScope();
        long frames = frames_TX.shape[0];
        return frames < 2 ? double.NaN : OneWithoutDifference(frames_TX.narrow(0, 1, frames - 1), frames_TX.narrow(0, 0, frames - 1));
    }

    /// <summary>Motion smoothness: likeness of every second frame to what an interpolator puts between its neighbours.</summary>
    /// <param name="frames_TX">Grey levels 0 to 255; with an even number of frames the last has no neighbour after it and does not count.</param>
    /// <param name="interpolated_UX">Frames whose odd ones were interpolated from the even ones.</param>
    public static double Smoothness(Tensor frames_TX, Tensor interpolated_UX)
    {
        using var scope = NewDisposeScope();
        long odd = (frames_TX.shape[0] - 1) / 2;
        if (odd < 1)
        {
            return double.NaN;
        }

        Tensor places = arange(odd, device: frames_TX.device) * 2 + 1;
        return OneWithoutDifference(frames_TX.index_select(0, places), interpolated_UX.index_select(0, places));
    }

    /// <summary>Aesthetic quality of each frame by LAION's head, which reads CLIP's features scaled to length 1; a tenth of its grade, not cut off.</summary>
    /// <param name="features_TD">CLIP features of the frames.</param>
    /// <param name="weight_1D">Weight of the head.</param>
    /// <param name="bias_1">Bias of the head.</param>
    public static ClipTerms Aesthetic(Tensor features_TD, Tensor weight_1D, Tensor bias_1)
    {
        using var scope = NewDisposeScope();
        Tensor grades_T1 = nn.functional.linear(nn.functional.normalize(features_TD, dim: -1), weight_1D, bias_1) / AestheticScale;
        return new ClipTerms(grades_T1.to(ScalarType.Float64).sum().item<double>(), (int)features_TD.shape[0]);
    }

    /// <summary>A pair of frames moves as much as the largest twentieth of its flow vectors, on average.</summary>
    /// <param name="flow_2HW">Flow in pixels.</param>
    public static double FlowScore(Tensor flow_2HW)
    {
        using var scope = NewDisposeScope();
        Tensor lengths_N = flow_2HW.to(ScalarType.Float64).square().sum([0]).sqrt().flatten();
        return lengths_N.topk((int)(LargestFlows * lengths_N.NumberOfElements)).values.mean().item<double>();
    }

    /// <summary>Dynamic degree: whether enough pairs of frames move enough. It depends on size, rate and length of the clip.</summary>
    /// <param name="flowScores">Of the pairs of frames, in any order.</param>
    /// <param name="frames">Frames of the clip after <see cref="FlowStride"/>.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    public static bool IsDynamic(IEnumerable<double> flowScores, int frames, int height, int width) =>
        flowScores.Count(score => score > ThresholdOf(height, width)) >= PairsNeeded(frames);

    /// <summary>What a pair's <see cref="FlowScore"/> must exceed.</summary>
    public static double ThresholdOf(int height, int width) => FlowThreshold * Math.Min(height, width) / FlowThresholdSide;

    /// <summary>How many pairs must exceed it.</summary>
    public static int PairsNeeded(int frames) => (int)Math.Round(MovingPairs * frames / MovingPairsOf);

    /// <summary>Every so many frames are looked at for the dynamic degree, so that about eight a second remain.</summary>
    public static int FlowStride(double framesPerSecond) => Math.Max(1, (int)Math.Round(framesPerSecond / FlowFramesPerSecond));

    /// <summary>The frames in the middle of equal intervals, as ViCLIP is shown them; of too few, all, and the last again and again.</summary>
    /// <param name="frames">Frames of the clip.</param>
    /// <param name="wanted">How many are looked at.</param>
    public static IReadOnlyList<int> MiddleFrames(int frames, int wanted)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        if (frames <= wanted)
        {
            return [.. Enumerable.Range(0, wanted).Select(i => Math.Min(i, frames - 1))];
        }

        // As numpy's linspace(0, frames, wanted + 1) cut to whole numbers; an interval's last frame is the one before the next interval.
        int[] edges = [.. Enumerable.Range(0, wanted + 1).Select(i => (int)((double)frames / wanted * i))];
        return [.. Enumerable.Range(0, wanted).Select(i => (edges[i] + edges[i + 1] - 1) / 2)];
    }

    private static double OneWithoutDifference(Tensor a_TX, Tensor b_TX) =>
        (MostGrey - (a_TX.to(ScalarType.Float64) - b_TX.to(ScalarType.Float64)).abs().mean().item<double>()) / MostGrey;
}
