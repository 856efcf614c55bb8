using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards.Patches;

/// <summary>A backbone that counts its passes.</summary>
internal sealed class CountingBackbone(IRewardBackbone own) : IRewardBackbone
{
    /// <summary>Clips that it passed over.</summary>
    public int Passes { get; private set; }

    public string Kind => own.Kind;

    public string Folder => own.Folder;

    public IReadOnlyDictionary<string, string> Hashes { get; init; } = own.Hashes;

    public IReadOnlyList<string> Dimensions => own.Dimensions;

    public IReadOnlyList<string> ScoreNames => own.ScoreNames;

    public int Channels => own.Channels;

    public int ClipsAtOnce { get; init; } = own.ClipsAtOnce;

    public nn.Module Network => own.Network;

    public string VideoHeadPrefix => own.VideoHeadPrefix;

    public LabelScale? VideoScale => own.VideoScale;

    public bool IsAdapted(string layer) => own.IsAdapted(layer);

    public void Merge() => own.Merge();

    public BackboneView See(VideoClip clip, string prompt) => own.See(clip, prompt);

    public IReadOnlyList<BackboneFeatures> Read(IReadOnlyList<BackboneView> views)
    {
        Passes += views.Count;
        return own.Read(views);
    }

    public Tensor VideoRewards(Tensor video_KC) => own.VideoRewards(video_KC);

    public IReadOnlyList<double> Scores(IReadOnlyList<double> rewards) => own.Scores(rewards);

    public void Dispose() => own.Dispose();
}
