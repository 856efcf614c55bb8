using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>The encoder's norm: over the channels of a group, all frames of the piece and all places. It does not look at latents.</summary>
internal sealed class CogVideoXGroupNorm : Module<Tensor, Tensor?, Tensor>
{
    public readonly Parameter weight;
    public readonly Parameter bias;
    private readonly CogVideoXVaeConfig _config;

    public CogVideoXGroupNorm(int channels, CogVideoXVaeConfig config)
        : base(nameof(CogVideoXGroupNorm))
    {
        _config = config;
        weight = Parameter(ones(channels));
        bias = Parameter(zeros(channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, Tensor? latents_BCTHW) =>
        functional.group_norm(frames_BCTHW, _config.NormNumGroups, weight, bias, _config.NormEps);
}
