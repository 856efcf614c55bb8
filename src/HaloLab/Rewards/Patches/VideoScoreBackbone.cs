using HaloLab.Models.Qwen2Vl;
using HaloLab.Rewards.VideoScore;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>VideoScore on Qwen2-VL as a backbone: places are the states at the video's tokens, the video head reads the state at the last token.</summary>
public sealed class VideoScoreBackbone : IRewardBackbone
{
    private readonly VideoScoreScorer _scorer;

    private VideoScoreBackbone(string folder) => (Folder, _scorer) = (folder, VideoScoreScorer.Open(folder));

    /// <inheritdoc/>
    public string Kind => _scorer.Name;

    /// <inheritdoc/>
    public string Folder { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes => _scorer.Hashes;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions => _scorer.Dimensions;

    /// <inheritdoc/>
    public int Channels => _scorer.Model.Config.HiddenSize;

    /// <inheritdoc/>
    public int ClipsAtOnce => 1;

    /// <inheritdoc/>
    public nn.Module Network => _scorer.Model;

    /// <inheritdoc/>
    public string VideoHeadPrefix => "score.";

    /// <summary>Grades as they are.</summary>
    public LabelScale? VideoScale { get; } = LabelScale.Identity;

    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public static VideoScoreBackbone Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new VideoScoreBackbone(folder);
    }

    /// <inheritdoc/>
    public bool IsAdapted(string layer) => Qwen2VlViews.IsAdapted(layer);

    /// <inheritdoc/>
    public void Merge() => Models.Layers.LoraAdapters.MergeAll(Network);

    /// <inheritdoc/>
    public BackboneView See(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        (Qwen2VlInput input, IReadOnlyList<int> frames) = _scorer.Show(clip, prompt);
        return Qwen2VlViews.Of(input, frames, clip.Frames, _scorer.Model.Config);
    }

    /// <inheritdoc/>
    public IReadOnlyList<BackboneFeatures> Read(IReadOnlyList<BackboneView> views)
    {
        ArgumentNullException.ThrowIfNull(views);
        return [.. views.Select(view =>
        {
            using var scope = NewDisposeScope();
            (Tensor states_1LC, Tensor ids_1L, Tensor places_thwC) = Qwen2VlViews.States(_scorer.Model, view);
            Tensor video_1C = _scorer.Model.AtLastToken(states_1LC, ids_1L);
            return new BackboneFeatures(places_thwC.MoveToOuterDisposeScope(), video_1C.MoveToOuterDisposeScope(), view.Lattice);
        })];
    }

    /// <inheritdoc/>
    public Tensor VideoRewards(Tensor video_KC) => _scorer.Model.Head.call(video_KC).squeeze(0);

    /// <inheritdoc/>
    public IReadOnlyList<string> ScoreNames => [.. Dimensions, "mean"];

    /// <summary>The five, and their mean.</summary>
    public IReadOnlyList<double> Scores(IReadOnlyList<double> rewards) => [.. rewards, rewards.Average()];

    public void Dispose() => _scorer.Dispose();
}
