using System.Globalization;
using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Layers one after the other, each given what it takes: frames, timestep embedding, text.</summary>
public sealed class UNetStage : Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly Module[] _layers;

    public UNetStage(params Module[] layers)
        : base(nameof(UNetStage))
    {
        _layers = layers;
        for (int i = 0; i < layers.Length; i++)
        {
            register_module(i.ToString(CultureInfo.InvariantCulture), layers[i]);
        }
    }

    /// <param name="frames_NCHW">Frames, N = B·T.</param>
    /// <param name="embedding_BE">Timestep embedding of each clip.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    public override Tensor forward(Tensor frames_NCHW, Tensor embedding_BE, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_NCHW = frames_NCHW;
        foreach (Module layer in _layers)
        {
            hidden_NCHW = layer switch
            {
                ResBlock block => block.call(hidden_NCHW, embedding_BE),
                SpatialTransformer transformer => transformer.call(hidden_NCHW, context_BLD),
                TemporalTransformer transformer => FrameFolding.FramesOf(transformer.call(FrameFolding.ClipsOf(hidden_NCHW, embedding_BE.shape[0]))),
                Module<Tensor, Tensor> plain => plain.call(hidden_NCHW),
                _ => throw new InvalidOperationException($"A stage cannot hold a {layer.GetName()}."),
            };
        }

        return hidden_NCHW.MoveToOuterDisposeScope();
    }
}
