using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.ViClip;

/// <summary>
/// ViCLIP (Wang et al. 2023, InternVid, arXiv 2307.06942): clips and texts to features; <see cref="Clip.ClipModel.Cosine"/> says how well they fit. Keys of the state are
/// those under <c>model</c> of the published checkpoints.
/// </summary>
public sealed class ViClipModel : Module, IInitialised
{
    public readonly ViClipVision vision_encoder;
    public readonly ViClipText text_encoder;

    /// <summary>Temperature of its training; scoring does not use it.</summary>
    public readonly Parameter temp;

    public ViClipModel(ViClipOptions options)
        : base(nameof(ViClipModel))
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        vision_encoder = new(options);
        text_encoder = new(options.Towers);
        temp = Parameter(empty(Array.Empty<long>()));
        RegisterComponents();
    }

    /// <summary>What the model was built from.</summary>
    public ViClipOptions Options { get; }

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        streamOf(nameof(temp));
        temp.fill_(0.01);
    }
}
