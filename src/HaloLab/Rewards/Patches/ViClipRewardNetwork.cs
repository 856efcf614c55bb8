using HaloLab.Models.Layers;
using HaloLab.Models.ViClip;
using HaloLab.Statistics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Rewards.Patches;

/// <summary>ViCLIP and a video head on the products of its two features, channel by channel.</summary>
internal sealed class ViClipRewardNetwork : Module, IInitialised
{
    public readonly ViClipModel clip;
    public readonly Models.Layers.Linear video_head;

    public ViClipRewardNetwork(ViClipModel model)
        : base(nameof(ViClipRewardNetwork))
    {
        clip = model;
        video_head = new(model.Options.Towers.EmbeddingWidth, 1);
        RegisterComponents();
        StartAtTheCosine();
    }

    /// <summary>What fits is counted alike in every channel: the cosine itself.</summary>
    private void StartAtTheCosine()
    {
        using var noGradient = no_grad();
        video_head.weight.fill_(1);
        video_head.bias!.zero_();
    }

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        ArgumentNullException.ThrowIfNull(streamOf);
        streamOf("video_head.weight");
        StartAtTheCosine();
    }
}
