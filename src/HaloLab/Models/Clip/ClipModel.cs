using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Clip;

/// <summary>
/// CLIP (Radford et al. 2021, arXiv 2103.00020): pictures and texts to features whose cosine says how well they fit. Keys of the state are those of
/// OpenAI's and open_clip's checkpoints.
/// </summary>
public sealed class ClipModel : Module, IInitialised
{
    public readonly ClipVision visual;
    public readonly Embedding token_embedding;
    public readonly Parameter positional_embedding;
    public readonly ClipTransformer transformer;
    public readonly LayerNorm ln_final;
    public readonly Parameter text_projection;
    public readonly Parameter logit_scale;

    public ClipModel(ClipOptions options)
        : base(nameof(ClipModel))
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        visual = new(options);
        token_embedding = Embedding(options.VocabularySize, options.TextWidth);
        positional_embedding = Parameter(empty(options.ContextLength, options.TextWidth));
        transformer = new(options.TextLayers, options.TextWidth, options.TextHeads, isCausal: true, options.QuickGelu);
        ln_final = LayerNorm(options.TextWidth);
        text_projection = Parameter(empty(options.TextWidth, options.EmbeddingWidth));
        logit_scale = Parameter(empty(Array.Empty<long>()));
        RegisterComponents();
    }

    /// <summary>What the model was built from.</summary>
    public ClipOptions Options { get; }

    /// <summary>Features of pictures, not normalised, N × <see cref="ClipOptions.EmbeddingWidth"/>.</summary>
    /// <param name="pixels_NCHW">Normalised pictures: <see cref="ClipPixels"/>.</param>
    public Tensor EncodeImages(Tensor pixels_NCHW) => visual.call(pixels_NCHW);

    /// <summary>Features of texts, not normalised, B × <see cref="ClipOptions.EmbeddingWidth"/>.</summary>
    /// <param name="ids_BL">Rows of <see cref="ClipTokenizer"/>. The end of the text has the largest id; the state there is the feature.</param>
    public Tensor EncodeTexts(Tensor ids_BL) => ClipText.Encode(ids_BL, token_embedding, positional_embedding, transformer, ln_final, text_projection);

    /// <summary>Cosine of every picture with every text, N × B.</summary>
    /// <param name="images_ND">Features of pictures.</param>
    /// <param name="texts_BD">Features of texts.</param>
    public static Tensor Cosine(Tensor images_ND, Tensor texts_BD)
    {
        using var scope = NewDisposeScope();
        return functional.normalize(images_ND, dim: -1).matmul(functional.normalize(texts_BD, dim: -1).t()).MoveToOuterDisposeScope();
    }

    /// <summary>exp(logit scale) · cosine: what the softmax of training sees.</summary>
    public Tensor Logits(Tensor images_ND, Tensor texts_BD)
    {
        using var scope = NewDisposeScope();
        return Cosine(images_ND, texts_BD).mul(logit_scale.exp()).MoveToOuterDisposeScope();
    }

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        Initialisation.Normal(token_embedding.weight!, 0.02, streamOf("token_embedding.weight"));
        Initialisation.Normal(positional_embedding, 0.01, streamOf(nameof(positional_embedding)));
        Initialisation.Normal(text_projection, 1 / Math.Sqrt(text_projection.shape[0]), streamOf(nameof(text_projection)));
        streamOf(nameof(logit_scale));
        logit_scale.fill_(Math.Log(1 / 0.07));
    }
}
