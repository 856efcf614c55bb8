using System.Text.Json;
using HaloLab.Models.VideoCrafter2;

namespace HaloLab.Tests.Models.VideoCrafter2;

/// <summary>Options from a case's JSON, which uses the upstream names. A name or value that is not understood fails.</summary>
internal static class OptionsReader
{
    public static UNet3DOptions UNet(JsonElement json)
    {
        UNet3DOptions options = new();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            JsonElement value = property.Value;
            options = property.Name switch
            {
                "in_channels" => options with { InChannels = value.GetInt32() },
                "model_channels" => options with { ModelChannels = value.GetInt32() },
                "out_channels" => options with { OutChannels = value.GetInt32() },
                "num_res_blocks" => options with { ResBlocks = value.GetInt32() },
                "attention_resolutions" => options with { AttentionResolutions = Integers(value) },
                "channel_mult" => options with { ChannelMultipliers = Integers(value) },
                "num_head_channels" => options with { HeadChannels = value.GetInt32() },
                "transformer_depth" => options with { TransformerDepth = value.GetInt32() },
                "context_dim" => options with { ContextChannels = value.GetInt32() },
                "use_linear" => options with { LinearProjections = value.GetBoolean() },
                "temporal_conv" => options with { TemporalConvolutions = value.GetBoolean() },
                "temporal_attention" => options with { TemporalAttention = value.GetBoolean() },
                "addition_attention" => options with { InitialTemporalAttention = value.GetBoolean() },
                "fps_cond" => options with { FrameRateEmbedding = value.GetBoolean() },
                "time_cond_proj_dim" => options with { GuidanceEmbeddingSize = OptionalInt32(value) },
                "motion_cond_proj_dim" => options with { MotionEmbeddingSize = OptionalInt32(value) },
                "dropout" => options with { Dropout = value.GetDouble() },
                "temporal_selfatt_only" when value.GetBoolean() => options,
                "use_relative_position" or "use_causal_attention" when !value.GetBoolean() => options,
                "temporal_length" or "use_checkpoint" => options,
                _ => throw new NotSupportedException($"unet.{property.Name} = {value}"),
            };
        }

        return options;
    }

    public static AutoencoderKLOptions Autoencoder(JsonElement root)
    {
        AutoencoderKLOptions options = new()
        {
            LatentChannels = root.GetProperty("embed_dim").GetInt32(),
            ScaleFactor = root.GetProperty("scale_factor").GetDouble(),
        };
        foreach (JsonProperty property in root.GetProperty("vae").EnumerateObject())
        {
            JsonElement value = property.Value;
            options = property.Name switch
            {
                "z_channels" => options with { CodeChannels = value.GetInt32() },
                "in_channels" => options with { InChannels = value.GetInt32() },
                "out_ch" => options with { OutChannels = value.GetInt32() },
                "ch" => options with { Channels = value.GetInt32() },
                "ch_mult" => options with { ChannelMultipliers = Integers(value) },
                "num_res_blocks" => options with { ResBlocks = value.GetInt32() },
                "double_z" when value.GetBoolean() => options,
                "attn_resolutions" when value.GetArrayLength() == 0 => options,
                "dropout" when value.GetDouble() == 0 => options,
                "resolution" => options,
                _ => throw new NotSupportedException($"vae.{property.Name} = {value}"),
            };
        }

        return options;
    }

    public static TextTowerOptions Text(JsonElement json)
    {
        TextTowerOptions options = new();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            int value = property.Value.GetInt32();
            options = property.Name switch
            {
                "width" => options with { Width = value },
                "heads" => options with { Heads = value },
                "layers" => options with { Layers = value },
                "vocab_size" => options with { VocabularySize = value },
                "context_length" => options with { ContextLength = value },
                "embed_dim" => options,
                _ => throw new NotSupportedException($"text.{property.Name} = {value}"),
            };
        }

        return options;
    }

    private static int[] Integers(JsonElement json) => [.. json.EnumerateArray().Select(item => item.GetInt32())];

    private static int? OptionalInt32(JsonElement json) => json.ValueKind == JsonValueKind.Null ? null : json.GetInt32();
}
