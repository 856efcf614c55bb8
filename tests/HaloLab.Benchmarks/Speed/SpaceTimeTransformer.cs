using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Benchmarks.Speed;

/// <summary>Attention over the places of a frame, to the text, a GEGLU feed-forward, then attention over time at each place; added to the input.</summary>
internal sealed class SpaceTimeTransformer : Module<Tensor, Tensor, Tensor>
{
    public readonly GroupNorm32 norm;
    public readonly LayerNorm32 n1;
    public readonly HeadedAttention self_attn;
    public readonly LayerNorm32 n2;
    public readonly HeadedAttention cross;
    public readonly LayerNorm32 n3;
    public readonly Linear ff1;
    public readonly Linear ff2;
    public readonly LayerNorm32 n4;
    public readonly HeadedAttention temporal;

    public SpaceTimeTransformer(int channels, SpaceTimeUNetOptions options)
        : base(nameof(SpaceTimeTransformer))
    {
        norm = new GroupNorm32(options.Groups, channels, 1e-6);
        n1 = Norm(channels);
        self_attn = new HeadedAttention(channels, channels, options.Heads, isNormalised: false);
        n2 = Norm(channels);
        cross = new HeadedAttention(channels, options.Ctx, options.Heads, isNormalised: false);
        n3 = Norm(channels);
        ff1 = new Linear(channels, 8 * channels);
        ff2 = new Linear(4 * channels, channels);
        n4 = Norm(channels);
        temporal = new HeadedAttention(channels, channels, options.Heads, isNormalised: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        long batch = context_BLD.shape[0];
        long frames = frames_NCHW.shape[0] / batch;
        Tensor tokens_NSC = norm.call(frames_NCHW).flatten(2).transpose(1, 2);
        Tensor normed_NSC = n1.call(tokens_NSC);
        tokens_NSC = tokens_NSC + self_attn.call(normed_NSC, normed_NSC);
        tokens_NSC = tokens_NSC + cross.call(n2.call(tokens_NSC), context_BLD.repeat_interleave(frames, 0));
        Tensor[] halves_NSF = ff1.call(n3.call(tokens_NSC)).chunk(2, -1);
        tokens_NSC = tokens_NSC + ff2.call(halves_NSF[0] * functional.gelu(halves_NSF[1]));

        Tensor places_PTC = tokens_NSC.unflatten(0, batch, -1).transpose(1, 2).flatten(0, 1);
        Tensor normed_PTC = n4.call(places_PTC);
        places_PTC = places_PTC + temporal.call(normed_PTC, normed_PTC);
        Tensor change_NCS = places_PTC.unflatten(0, batch, -1).transpose(1, 2).flatten(0, 1).transpose(1, 2);
        return (frames_NCHW + change_NCS.reshape(frames_NCHW.shape)).MoveToOuterDisposeScope();
    }

    private static LayerNorm32 Norm(int channels) => new(channels, 1e-5, affine: true);
}
