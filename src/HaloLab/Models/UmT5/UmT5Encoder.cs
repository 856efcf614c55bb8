using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.UmT5;

/// <summary>
/// The encoder of umT5 (Chung et al. 2023, arXiv 2304.09151), and of T5 v1.1 (Raffel et al. 2020, arXiv 1910.10683), which CogVideoX reads with. Keys of the state are those of transformers' <c>UMT5EncoderModel</c>; the tied copy
/// <c>encoder.embed_tokens.weight</c> that some files hold is not needed (<see cref="UnusedKeys"/>).
/// </summary>
public sealed class UmT5Encoder : Module<Tensor, Tensor, Tensor>
{
    public readonly TokenEmbedding shared;
    public readonly UmT5Stack encoder;

    public UmT5Encoder(UmT5Config config)
        : base(nameof(UmT5Encoder))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        shared = new TokenEmbedding(config.VocabSize, config.DModel);
        encoder = new UmT5Stack(config);
        RegisterComponents();
    }

    /// <summary>Keys in published files that repeat another.</summary>
    public static IReadOnlyCollection<string> UnusedKeys { get; } = ["encoder.embed_tokens.weight"];

    /// <summary>What the encoder was built from.</summary>
    public UmT5Config Config { get; }

    /// <summary>States of all positions.</summary>
    /// <param name="ids_BL">Token ids, int64.</param>
    /// <param name="mask_BL">1 where there is a token, 0 for padding, int64. Padding is not attended to; its own states mean nothing.</param>
    /// <returns>B × L × width.</returns>
    public override Tensor forward(Tensor ids_BL, Tensor mask_BL)
    {
        if (ids_BL.dim() != 2 || !ids_BL.shape.SequenceEqual(mask_BL.shape))
        {
            throw new ArgumentException($"Token ids are [{string.Join(", ", ids_BL.shape)}] and their mask [{string.Join(", ", mask_BL.shape)}]; expected [B, L] for both.", nameof(ids_BL));
        }

        using var scope = NewDisposeScope();
        return encoder.call(shared.call(ids_BL), mask_BL).MoveToOuterDisposeScope();
    }

    /// <summary>The condition of Wan2.1's transformer: the states, zeros where there is padding.</summary>
    public Tensor Condition(Tensor ids_BL, Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        Tensor states_BLC = call(ids_BL, mask_BL);
        return states_BLC.masked_fill(mask_BL.eq(0).unsqueeze(-1), 0).MoveToOuterDisposeScope();
    }
}
