using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>x / max(‖x‖, 10⁻¹²) · √C · γ, the length taken over the channels at each place.</summary>
public sealed class WanChannelNorm : Module<Tensor, Tensor>
{
    private const double LeastLength = 1e-12;

    public readonly Parameter gamma;

    /// <param name="channels">C, dimension 1 of the input.</param>
    /// <param name="placeDimensions">Dimensions behind the channels: 3 for video, 2 for pictures.</param>
    public WanChannelNorm(long channels, int placeDimensions = 3)
        : base(nameof(WanChannelNorm))
    {
        gamma = Parameter(ones([channels, .. Enumerable.Repeat(1L, placeDimensions)]));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor length = input.square().sum(1, keepdim: true).sqrt().clamp_min(LeastLength);
        return (input / length * Math.Sqrt(input.shape[1]) * gamma).MoveToOuterDisposeScope();
    }
}
