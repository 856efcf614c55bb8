using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>
/// Qwen2-VL (Wang et al. 2024, arXiv 2409.12191): images and videos as tokens among the words of a prompt. Keys of the state are those of the published
/// checkpoints.
/// </summary>
public class Qwen2VlModel : Module
{
    public readonly Qwen2VisionTower visual;
    public readonly Qwen2Decoder model;
    public readonly Linear? lm_head;

    public Qwen2VlModel(Qwen2VlConfig config)
        : base(nameof(Qwen2VlModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        visual = new(config.VisionConfig);
        model = new(config);
        lm_head = config.TieWordEmbeddings ? null : new(config.HiddenSize, config.VocabSize, hasBias: false);
        RegisterComponents();
    }

    /// <summary>What the model was built from.</summary>
    public Qwen2VlConfig Config { get; }

    /// <summary>Embedded words, with the items' tokens in their places in order of appearance.</summary>
    /// <param name="ids_BL">Token ids, int64.</param>
    /// <param name="images">Tokens of all images from <see cref="visual"/>, or null.</param>
    /// <param name="videos">Tokens of all videos, or null.</param>
    /// <exception cref="ArgumentException">There are more or fewer places than tokens.</exception>
    public Tensor Embed(Tensor ids_BL, Tensor? images, Tensor? videos)
    {
        ArgumentNullException.ThrowIfNull(ids_BL);
        using var scope = NewDisposeScope();
        Tensor embedded_BLC = model.embed_tokens.call(ids_BL);
        foreach ((int id, Tensor? tokens_NC) in new[] { (Config.ImageTokenId, images), (Config.VideoTokenId, videos) })
        {
            Tensor places_BL = ids_BL.eq(id);
            long places = places_BL.sum().item<long>();
            if (places != (tokens_NC?.shape[0] ?? 0))
            {
                throw new ArgumentException($"The prompts have {places} places with id {id}, and there are {tokens_NC?.shape[0] ?? 0} tokens to go there.", nameof(ids_BL));
            }

            if (tokens_NC is not null)
            {
                embedded_BLC = embedded_BLC.masked_scatter(places_BL.unsqueeze(-1).expand(embedded_BLC.shape), tokens_NC.to(embedded_BLC.dtype));
            }
        }

        return embedded_BLC.MoveToOuterDisposeScope();
    }

    /// <summary>States after the final norm where every position counts up by one on all axes, videos too: how both published reward models run.</summary>
    public Tensor States(Qwen2VlInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        Tensor embedded_BLC = Embed(input.Ids_BL, null, visual.Tokens(input.Patches_NV, input.Videos));
        return model.States(embedded_BLC, input.Mask_BL, Qwen2VlPositions.Plain(input.Ids_BL)).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of the next word from states after the final norm.</summary>
    public Tensor Logits(Tensor states_BLC) => lm_head is null ? functional.linear(states_BLC, model.embed_tokens.weight) : lm_head.call(states_BLC);
}
