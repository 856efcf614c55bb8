using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Puts a video and an instruction into the form of Qwen2-VL's chat: the default system turn, the user's turn, the beginning of the answer.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="config">The model's configuration.</param>
public sealed class Qwen2VlChat(Qwen2Tokenizer tokenizer, Qwen2VlConfig config)
{
    private const string VideoToken = "<|video_pad|>";
    private const string BeforeVideo = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>";
    private const string BeforeInstruction = "<|vision_end|>";
    private const string AfterInstruction = "<|im_end|>\n<|im_start|>assistant\n";

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

    /// <summary>The ids of the chat.</summary>
    /// <param name="videoTokens">Number of tokens that the video becomes.</param>
    /// <param name="instruction">What is asked.</param>
    /// <exception cref="InputException">The tokenizer is another model's.</exception>
    public IReadOnlyList<int> Ids(int videoTokens, string instruction)
    {
        IReadOnlyList<int> ids =
        [
            .. tokenizer.Encode(BeforeVideo), .. Enumerable.Repeat(config.VideoTokenId, videoTokens), .. tokenizer.Encode(BeforeInstruction + instruction + AfterInstruction),
        ];
        return tokenizer.Special.GetValueOrDefault(VideoToken, -1) == config.VideoTokenId
            ? ids
            : throw new InputException($"The tokenizer has {VideoToken} at {tokenizer.Special.GetValueOrDefault(VideoToken, -1)}, the model's configuration at {config.VideoTokenId}: they do not belong together. Take tokenizer.json and config.json from the same folder.");
    }
}
