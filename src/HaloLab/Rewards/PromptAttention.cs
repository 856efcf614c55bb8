using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Rewards;

/// <summary>
/// Every place of the features attends to the prompt's tokens, so that a place that shows something red can ask what was to be red; two linear layers then
/// compare what it shows with the answer, and what they find is added to the features.
/// </summary>
internal sealed class PromptAttention : Module<Tensor, Tensor, Tensor>
{
    private const int Heads = 4;

    private readonly GroupNorm _norm;
    private readonly Linear _query;
    private readonly Linear _keyValue;
    private readonly LayerNorm _pairNorm;
    private readonly Linear _fc1;
    private readonly Linear _fc2;

    public PromptAttention(int channels, int promptChannels)
        : base(nameof(PromptAttention))
    {
        _norm = GroupNorm(8, channels);
        _query = new(channels, channels);
        _keyValue = new(promptChannels, 2 * channels);
        _pairNorm = LayerNorm(2 * channels);
        _fc1 = new(2 * channels, 2 * channels);
        _fc2 = new(2 * channels, channels) { StartsAtZero = true };
        register_module("norm", _norm);
        register_module("query", _query);
        register_module("key_value", _keyValue);
        register_module("pair_norm", _pairNorm);
        register_module("fc1", _fc1);
        register_module("fc2", _fc2);
    }

    /// <param name="features_BCthw">Features.</param>
    /// <param name="prompt_BLE">Features of the prompt's tokens.</param>
    public override Tensor forward(Tensor features_BCthw, Tensor prompt_BLE)
    {
        using var scope = NewDisposeScope();
        Tensor shown_BNC = _norm.call(features_BCthw).flatten(2).transpose(1, 2);
        Tensor query_BHND = Split(_query.call(shown_BNC));
        Tensor[] keyAndValue_BHLD = [.. _keyValue.call(prompt_BLE).chunk(2, 2).Select(Split)];
        Tensor attended_BHND = functional.scaled_dot_product_attention(query_BHND, keyAndValue_BHLD[0], keyAndValue_BHLD[1]);
        Tensor pair_BNC = _pairNorm.call(cat([shown_BNC, attended_BHND.transpose(1, 2).flatten(2)], 2));
        Tensor change_BNC = _fc2.call(functional.silu(_fc1.call(pair_BNC)));
        return features_BCthw.add(change_BNC.transpose(1, 2).reshape(features_BCthw.shape)).MoveToOuterDisposeScope();
    }

    private static Tensor Split(Tensor tokens_BNC) => tokens_BNC.unflatten(2, Heads, tokens_BNC.shape[2] / Heads).transpose(1, 2);
}
