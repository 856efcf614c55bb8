using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.ViClip;

/// <summary>ViCLIP's text tower: CLIP's, under names of its own.</summary>
public sealed class ViClipText : Module<Tensor, Tensor>, IInitialised
{
    public readonly Embedding token_embedding;
    public readonly Parameter positional_embedding;
    public readonly ClipTransformer transformer;
    public readonly LayerNorm ln_final;
    public readonly Parameter text_projection;

    public ViClipText(ClipOptions options)
        : base(nameof(ViClipText))
    {
        ArgumentNullException.ThrowIfNull(options);
        token_embedding = Embedding(options.VocabularySize, options.TextWidth);
        positional_embedding = Parameter(empty(options.ContextLength, options.TextWidth));
        transformer = new(options.TextLayers, options.TextWidth, options.TextHeads, isCausal: true, options.QuickGelu);
        ln_final = LayerNorm(options.TextWidth);
        text_projection = Parameter(empty(options.TextWidth, options.EmbeddingWidth));
        RegisterComponents();
    }

    /// <summary>Features of texts, not normalised.</summary>
    /// <param name="ids_BL">Rows of <see cref="ClipTokenizer.OpenAi"/>.</param>
    public override Tensor forward(Tensor ids_BL) => ClipText.Encode(ids_BL, token_embedding, positional_embedding, transformer, ln_final, text_projection);

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        Initialisation.Normal(token_embedding.weight!, 0.02, streamOf("token_embedding.weight"));
        Initialisation.Normal(positional_embedding, 0.01, streamOf(nameof(positional_embedding)));
        Initialisation.Normal(text_projection, 1 / Math.Sqrt(text_projection.shape[0]), streamOf(nameof(text_projection)));
    }
}
