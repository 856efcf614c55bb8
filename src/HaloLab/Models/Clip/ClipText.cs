using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Models.Clip;

/// <summary>What CLIP's text towers have in common, wherever their parts are kept.</summary>
internal static class ClipText
{
    /// <summary>Features of texts: the state at the end of the text, which has the largest id, projected.</summary>
    /// <param name="ids_BL">Token ids.</param>
    /// <param name="embedding">Of the ids.</param>
    /// <param name="positions_LC">Of the places.</param>
    /// <param name="transformer">Causal blocks.</param>
    /// <param name="norm">The last norm.</param>
    /// <param name="projection_CD">To the features.</param>
    public static Tensor Encode(Tensor ids_BL, Embedding embedding, Tensor positions_LC, ClipTransformer transformer, LayerNorm norm, Tensor projection_CD)
    {
        using var scope = NewDisposeScope();
        Tensor states_BLC = norm.call(transformer.call(embedding.call(ids_BL).add(positions_LC.narrow(0, 0, ids_BL.shape[1]))));
        Tensor end_B1C = ids_BL.argmax(1).view(-1, 1, 1).expand(-1, 1, states_BLC.shape[2]);
        return states_BLC.gather(1, end_B1C).squeeze(1).matmul(projection_CD).MoveToOuterDisposeScope();
    }
}
