using System.Text.Json;
using HaloLab.Models;

namespace HaloLab.Rewards.VideoReward;

/// <summary>What VideoReward's published <c>model_config.json</c> says about using the model. The defaults are the published values.</summary>
public sealed record VideoRewardConfig
{
    public VideoRewardDataConfig DataConfig { get; init; } = new();

    public VideoRewardLoraConfig PeftLoraConfig { get; init; } = new();

    /// <summary>Where each dimension's scores lie; null gives raw rewards.</summary>
    public VideoRewardNormalisation? InferenceConfig { get; init; }

    /// <summary>Reads the fields that are given; unknown fields are ignored.</summary>
    /// <param name="json">The content of <c>model_config.json</c>.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <exception cref="InputException">A value has the wrong type or cannot be used.</exception>
    public static VideoRewardConfig FromJson(JsonElement json, string source)
    {
        VideoRewardConfig config = ConfigurationFile.Read<VideoRewardConfig>(json, source, "VideoReward", "model's");
        ConfigurationFile.Require(
            source,
            ("data_config.fps", config.DataConfig is { Fps: > 0 } or { NumFrames: > 0 }, "a rate above 0, or num_frames"),
            ("data_config.max_frame_pixels", config.DataConfig.MaxFramePixels > 0, "an area above 0"),
            ("peft_lora_config.lora_r", config.PeftLoraConfig.LoraR > 0, "a rank above 0"),
            ("inference_config", config.InferenceConfig is null or { VisualQualityDeviation: > 0, MotionQualityDeviation: > 0, TextAlignmentDeviation: > 0 }, "standard deviations above 0"));
        return config;
    }
}
