using HaloLab.Models.Qwen2Vl;
using HaloLab.Rewards.VideoReward;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>VideoReward as a backbone: places are the states at the video's tokens, the video head reads those at the three reward tokens.</summary>
public sealed class VideoRewardBackbone : IRewardBackbone
{
    private readonly VideoRewardScorer _scorer;

    private VideoRewardBackbone(string folder) => (Folder, _scorer) = (folder, VideoRewardScorer.OpenUnmerged(folder));

    /// <inheritdoc/>
    public string Kind => _scorer.Name;

    /// <inheritdoc/>
    public string Folder { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes => _scorer.Hashes;

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; } = ["VQ", "MQ", "TA"];

    /// <inheritdoc/>
    public int Channels => _scorer.Model.Config.HiddenSize;

    /// <inheritdoc/>
    public int ClipsAtOnce => 1;

    /// <inheritdoc/>
    public nn.Module Network => _scorer.Model;

    /// <inheritdoc/>
    public string VideoHeadPrefix => "rm_head.";

    /// <summary>Five-point scores are centred on 3, as the publishers' own regression does.</summary>
    public LabelScale? VideoScale { get; } = new LabelScale(3, 1);

    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public static VideoRewardBackbone Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new VideoRewardBackbone(folder);
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
            Tensor video_KC = VideoRewardModel.AtRewardTokens(states_1LC, ids_1L, _scorer.RewardTokens)[0];
            return new BackboneFeatures(places_thwC.MoveToOuterDisposeScope(), video_KC.MoveToOuterDisposeScope(), view.Lattice);
        })];
    }

    /// <inheritdoc/>
    public Tensor VideoRewards(Tensor video_KC)
    {
        ArgumentNullException.ThrowIfNull(video_KC);
        using var scope = NewDisposeScope();
        return _scorer.Model.Read(video_KC.unsqueeze(0))[0].MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ScoreNames => _scorer.Dimensions;

    /// <summary>The three in the publishers' standard deviations, and their sum.</summary>
    public IReadOnlyList<double> Scores(IReadOnlyList<double> rewards)
    {
        IReadOnlyList<double> scores = _scorer.Normalise(rewards);
        return [.. scores, scores.Sum()];
    }

    public void Dispose() => _scorer.Dispose();
}
