using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>
/// The text encoder of VideoCrafter2, OpenCLIP's ViT-H-14 text tower (Cherti et al. 2022, arXiv 2212.07143): the condition is every position
/// of the last but one block after the final norm, without projection; padding positions are kept. Keys of the state are those of the
/// published checkpoints after <c>cond_stage_model.model.</c>
/// </summary>
public sealed class TextTower : Module<Tensor, Tensor>, IInitialised
{
    public readonly Embedding token_embedding;
    public readonly Parameter positional_embedding;
    public readonly ClipTransformer transformer;
    public readonly LayerNorm32 ln_final;

    public TextTower(TextTowerOptions options)
        : base(nameof(TextTower))
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        token_embedding = Embedding(options.VocabularySize, options.Width);
        positional_embedding = Parameter(empty(options.ContextLength, options.Width));
        transformer = new(options.Layers, options.Width, options.Heads, isCausal: true, quickGelu: false, options.SkippedLayers);
        ln_final = new(options.Width, 1e-5, affine: true);
        RegisterComponents();
    }

    /// <summary>Keys in the published checkpoints that the condition does not need.</summary>
    public static IReadOnlyCollection<string> UnusedKeys { get; } = ["text_projection", "logit_scale", "attn_mask"];

    /// <summary>What the tower was built from.</summary>
    public TextTowerOptions Options { get; }

    /// <summary>Text condition.</summary>
    /// <param name="ids_BL">Token ids (int64), at most <see cref="TextTowerOptions.ContextLength"/> a prompt, zeros after the end-of-text id.</param>
    /// <returns>B × L × <see cref="TextTowerOptions.Width"/>.</returns>
    public override Tensor forward(Tensor ids_BL)
    {
        if (ids_BL.dim() != 2 || ids_BL.shape[1] > Options.ContextLength)
        {
            throw new ArgumentException(
                $"Token ids are [{string.Join(", ", ids_BL.shape)}]; expected [B, L] with L at most {Options.ContextLength}.", nameof(ids_BL));
        }

        using var scope = NewDisposeScope();
        Tensor tokens_BLC = token_embedding.call(ids_BL).add(positional_embedding.narrow(0, 0, ids_BL.shape[1]));
        return ln_final.call(transformer.call(tokens_BLC)).MoveToOuterDisposeScope();
    }

    /// <summary>OpenCLIP's first values: all normal, the projections into the residual stream smaller the deeper the tower.</summary>
    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        double width = Options.Width;
        double intoStream = 1 / Math.Sqrt(width * 2 * Options.Layers);
        Initialisation.Normal(token_embedding.weight!, 0.02, streamOf("token_embedding.weight"));
        Initialisation.Normal(positional_embedding, 0.01, streamOf(nameof(positional_embedding)));
        foreach ((string name, Parameter parameter) in transformer.named_parameters())
        {
            double? deviation = name switch
            {
                _ when name.EndsWith("c_fc.weight", StringComparison.Ordinal) => 1 / Math.Sqrt(2 * width),
                _ when name.EndsWith("c_proj.weight", StringComparison.Ordinal) || name.EndsWith("out_proj.weight", StringComparison.Ordinal) => intoStream,
                _ => null,
            };
            if (deviation is double value)
            {
                Initialisation.Normal(parameter, value, streamOf("transformer." + name));
            }
        }
    }
}
