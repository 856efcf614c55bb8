using HaloLab.Checkpoints;

namespace HaloLab.Models.Wan;

/// <summary>Names of Wan2.1's tensors in its original files and in diffusers' (read off the published files' key lists).</summary>
public static class WanKeyMaps
{
    private static readonly string[] WeightAndBias = ["weight", "bias"];

    // A residual block's parts: norm, convolution, norm, convolution, with activations at the places between.
    private static readonly (string Original, string Diffusers)[] ResidualParts =
    [
        ("residual.0.gamma", "norm1.gamma"),
        ("residual.2.weight", "conv1.weight"),
        ("residual.2.bias", "conv1.bias"),
        ("residual.3.gamma", "norm2.gamma"),
        ("residual.6.weight", "conv2.weight"),
        ("residual.6.bias", "conv2.bias"),
    ];

    /// <summary>The transformer.</summary>
    public static KeyMap Transformer { get; } = new([
        .. Both("patch_embedding", "patch_embedding"),
        .. Both("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
        .. Both("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
        .. Both("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
        .. Both("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
        .. Both("time_projection.1", "condition_embedder.time_proj"),
        ("blocks.{i}.modulation", "blocks.{i}.scale_shift_table"),
        .. Attention("self_attn", "attn1"),
        .. Attention("cross_attn", "attn2"),
        .. Both("blocks.{i}.norm3", "blocks.{i}.norm2"),
        .. Both("blocks.{i}.ffn.0", "blocks.{i}.ffn.net.0.proj"),
        .. Both("blocks.{i}.ffn.2", "blocks.{i}.ffn.net.2"),
        ("head.modulation", "scale_shift_table"),
        .. Both("head.head", "proj_out"),
    ]);

    /// <summary>The autoencoder. The decoder's levels are one list of steps in the original and blocks of three with an upsampler in diffusers.</summary>
    public static KeyMap Autoencoder { get; } = new([
        .. Both("conv1", "quant_conv"),
        .. Both("conv2", "post_quant_conv"),
        .. Coder("encoder"),
        .. Coder("decoder"),
        .. Parts("encoder.downsamples.{i}", "encoder.down_blocks.{i}"),
        .. Both("encoder.downsamples.{i}.shortcut", "encoder.down_blocks.{i}.conv_shortcut"),
        .. Both("encoder.downsamples.{i}.resample.1", "encoder.down_blocks.{i}.resample.1"),
        .. Both("encoder.downsamples.{i}.time_conv", "encoder.down_blocks.{i}.time_conv"),
        .. Enumerable.Range(0, 4).SelectMany(DecoderLevel),
    ]);

    /// <summary>The umT5 encoder; its other layout is transformers'.</summary>
    public static KeyMap TextEncoder { get; } = new([
        ("token_embedding.weight", "shared.weight"),
        ("norm.weight", "encoder.final_layer_norm.weight"),
        ("blocks.{i}.norm1.weight", "encoder.block.{i}.layer.0.layer_norm.weight"),
        ("blocks.{i}.norm2.weight", "encoder.block.{i}.layer.1.layer_norm.weight"),
        ("blocks.{i}.pos_embedding.embedding.weight", "encoder.block.{i}.layer.0.SelfAttention.relative_attention_bias.weight"),
        ("blocks.{i}.ffn.gate.0.weight", "encoder.block.{i}.layer.1.DenseReluDense.wi_0.weight"),
        ("blocks.{i}.ffn.fc1.weight", "encoder.block.{i}.layer.1.DenseReluDense.wi_1.weight"),
        ("blocks.{i}.ffn.fc2.weight", "encoder.block.{i}.layer.1.DenseReluDense.wo.weight"),
        .. new[] { "q", "k", "v", "o" }.Select(name => ($"blocks.{{i}}.attn.{name}.weight", $"encoder.block.{{i}}.layer.0.SelfAttention.{name}.weight")),
    ]);

    private static IEnumerable<(string, string)> Both(string original, string diffusers) =>
        WeightAndBias.Select(part => ($"{original}.{part}", $"{diffusers}.{part}"));

    private static IEnumerable<(string, string)> Attention(string original, string diffusers) =>
    [
        .. new[] { ("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("o", "to_out.0") }
            .SelectMany(item => Both($"blocks.{{i}}.{original}.{item.Item1}", $"blocks.{{i}}.{diffusers}.{item.Item2}")),
        ($"blocks.{{i}}.{original}.norm_q.weight", $"blocks.{{i}}.{diffusers}.norm_q.weight"),
        ($"blocks.{{i}}.{original}.norm_k.weight", $"blocks.{{i}}.{diffusers}.norm_k.weight"),
    ];

    private static IEnumerable<(string, string)> Parts(string original, string diffusers) =>
        ResidualParts.Select(part => ($"{original}.{part.Original}", $"{diffusers}.{part.Diffusers}"));

    private static IEnumerable<(string, string)> Coder(string name) =>
    [
        .. Both($"{name}.conv1", $"{name}.conv_in"),
        .. Parts($"{name}.middle.0", $"{name}.mid_block.resnets.0"),
        .. Parts($"{name}.middle.2", $"{name}.mid_block.resnets.1"),
        ($"{name}.middle.1.norm.gamma", $"{name}.mid_block.attentions.0.norm.gamma"),
        .. Both($"{name}.middle.1.to_qkv", $"{name}.mid_block.attentions.0.to_qkv"),
        .. Both($"{name}.middle.1.proj", $"{name}.mid_block.attentions.0.proj"),
        ($"{name}.head.0.gamma", $"{name}.norm_out.gamma"),
        .. Both($"{name}.head.2", $"{name}.conv_out"),
    ];

    private static IEnumerable<(string, string)> DecoderLevel(int level)
    {
        const int StepsPerLevel = 4;
        string block = FormattableString.Invariant($"decoder.up_blocks.{level}");
        string Step(int step) => FormattableString.Invariant($"decoder.upsamples.{(StepsPerLevel * level) + step}");
        return
        [
            .. Enumerable.Range(0, 3).SelectMany(i => Parts(Step(i), FormattableString.Invariant($"{block}.resnets.{i}"))),
            .. level == 1 ? Both($"{Step(0)}.shortcut", $"{block}.resnets.0.conv_shortcut") : [],
            .. level < 3 ? Both($"{Step(3)}.resample.1", $"{block}.upsamplers.0.resample.1") : [],
            .. level < 2 ? Both($"{Step(3)}.time_conv", $"{block}.upsamplers.0.time_conv") : [],
        ];
    }
}
