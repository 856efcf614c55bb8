using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Puts a video and an instruction into the form of Qwen2-VL's chat: the default system turn, the user's turn, the beginning of the answer.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="config">The model's configuration.</param>
public sealed class Qwen2VlChat(Qwen2Tokenizer tokenizer, Qwen2VlConfig config)
{
    /// <summary>What ends the user's turn and begins the model's.</summary>
    internal const string AnswerTurn = "<|im_end|>\n<|im_start|>assistant\n";

    private const string VideoToken = "<|video_pad|>";
    private const string ImageToken = "<|image_pad|>";
    private const string BeforeItem = "<|vision_start|>";
    private const string AfterItem = "<|vision_end|>";
    private const string DefaultSystem = "You are a helpful assistant.";

    /// <summary>The prompt of one video.</summary>
    /// <param name="view">What is shown of it.</param>
    /// <param name="instruction">What is asked.</param>
    public Qwen2VlInput Of(Qwen2VlView view, string instruction)
    {
        ArgumentNullException.ThrowIfNull(view);
        long[] ids = [.. Ids(view.Grid.Tokens(config.VisionConfig.SpatialMergeSize), instruction).Select(id => (long)id)];
        Tensor ids_1L = tensor(ids, [1, ids.Length]);
        return new Qwen2VlInput(ids_1L, ones_like(ids_1L), view.Patches_NV, [view.Grid]);
    }

    /// <summary>The system turn and the beginning of the user's.</summary>
    internal static string UserTurn(string system) => $"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n";

    /// <summary>The ids of an image among a text.</summary>
    /// <param name="imageTokens">Number of tokens that the image becomes.</param>
    /// <exception cref="InputException">The tokenizer is another model's.</exception>
    internal IReadOnlyList<int> Image(int imageTokens)
    {
        RequireSame(ImageToken, config.ImageTokenId);
        return [.. tokenizer.Encode(BeforeItem), .. Enumerable.Repeat(config.ImageTokenId, imageTokens), .. tokenizer.Encode(AfterItem)];
    }

    /// <summary>The ids of the chat.</summary>
    /// <param name="videoTokens">Number of tokens that the video becomes.</param>
    /// <param name="instruction">What is asked.</param>
    /// <exception cref="InputException">The tokenizer is another model's.</exception>
    public IReadOnlyList<int> Ids(int videoTokens, string instruction)
    {
        RequireSame(VideoToken, config.VideoTokenId);
        return
        [
            .. tokenizer.Encode(UserTurn(DefaultSystem) + BeforeItem), .. Enumerable.Repeat(config.VideoTokenId, videoTokens), .. tokenizer.Encode(AfterItem + instruction + AnswerTurn),
        ];
    }

    private void RequireSame(string token, int expected)
    {
        int found = tokenizer.Special.GetValueOrDefault(token, -1);
        if (found != expected)
        {
            throw new InputException($"The tokenizer has {token} at {found}, the model's configuration at {expected}: they do not belong together. Take tokenizer.json and config.json from the same folder.");
        }
    }
}
