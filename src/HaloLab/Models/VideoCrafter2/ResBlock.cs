using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Residual block on frames with the timestep embedding added between its convolutions, then the convolutions over time.</summary>
public sealed class ResBlock : Module<Tensor, Tensor, Tensor>
{
    public readonly Sequential in_layers;
    public readonly Sequential emb_layers;
    public readonly Sequential out_layers;
    public readonly Layers.Conv2d? skip_connection;

    /// <summary>The published keys spell it so.</summary>
    public readonly TemporalConvolutions? temopral_conv;

    private readonly bool _scales;

    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="embeddingChannels">Width of the timestep embedding.</param>
    /// <param name="options">The model's options.</param>
    public ResBlock(int inChannels, int outChannels, int embeddingChannels, UNet3DOptions options)
        : base(nameof(ResBlock))
    {
        ArgumentNullException.ThrowIfNull(options);
        _scales = options.ScaleShiftNorm;
        in_layers = Sequential(
            ("0", new GroupNorm32(options.NormGroups, inChannels)), ("1", SiLU()), ("2", new Layers.Conv2d(inChannels, outChannels, [3, 3], padding: [1, 1])));
        emb_layers = Sequential(("0", SiLU()), ("1", new Layers.Linear(embeddingChannels, options.ScaleShiftNorm ? 2 * outChannels : outChannels)));
        out_layers = Sequential(
            ("0", new GroupNorm32(options.NormGroups, outChannels)),
            ("1", SiLU()),
            ("2", Dropout(options.Dropout)),
            ("3", new Layers.Conv2d(outChannels, outChannels, [3, 3], padding: [1, 1]) { StartsAtZero = true }));
        skip_connection = inChannels == outChannels ? null : new Layers.Conv2d(inChannels, outChannels, [1, 1]);
        temopral_conv = options.TemporalConvolutions ? new TemporalConvolutions(outChannels, options) : null;
        RegisterComponents();
    }

    /// <param name="frames_NCHW">Frames, N = B·T.</param>
    /// <param name="embedding_BE">Timestep embedding of each clip.</param>
    public override Tensor forward(Tensor frames_NCHW, Tensor embedding_BE)
    {
        using var scope = NewDisposeScope();
        long batch = embedding_BE.shape[0];
        Tensor hidden_NCHW = in_layers.call(frames_NCHW);
        Tensor embedded_NC11 = emb_layers.call(embedding_BE).repeat_interleave(frames_NCHW.shape[0] / batch, 0).unsqueeze(2).unsqueeze(3);
        hidden_NCHW = _scales ? ScaledAndShifted(hidden_NCHW, embedded_NC11) : out_layers.call(hidden_NCHW.add(embedded_NC11));
        hidden_NCHW = hidden_NCHW.add(skip_connection?.call(frames_NCHW) ?? frames_NCHW);
        if (temopral_conv is not null)
        {
            hidden_NCHW = FrameFolding.FramesOf(temopral_conv.call(FrameFolding.ClipsOf(hidden_NCHW, batch)));
        }

        return hidden_NCHW.MoveToOuterDisposeScope();
    }

    private Tensor ScaledAndShifted(Tensor hidden_NCHW, Tensor embedded_NC11)
    {
        Tensor[] scaleAndShift_NC11 = embedded_NC11.chunk(2, 1);
        Tensor scaled_NCHW = (out_layers[0].call(hidden_NCHW) * (scaleAndShift_NC11[0] + 1)).add(scaleAndShift_NC11[1]);
        return out_layers[3].call(out_layers[2].call(out_layers[1].call(scaled_NCHW)));
    }
}
