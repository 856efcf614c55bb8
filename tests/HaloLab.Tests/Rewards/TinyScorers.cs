using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Models;
using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Models.ViClip;
using HaloLab.Rewards;
using HaloLab.Rewards.VideoReward;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

/// <summary>Tiny reward models in the published layouts.</summary>
internal static class TinyScorers
{
    public static VideoClip NoiseClip(int seed)
    {
        byte[] pixels = new byte[8 * 56 * 84 * 3];
        new Random(seed).NextBytes(pixels);
        return new VideoClip(pixels, 8, 56, 84, 8);
    }

    /// <summary>A folder as VideoReward is published; of several checkpoints the last counts, and the first is broken.</summary>
    public static string VideoReward(string root)
    {
        string folder = Layout(root, "videoreward", "reward_short", Path.Combine("checkpoint-20", "model.safetensors"));
        Directory.CreateDirectory(Path.Combine(folder, "checkpoint-3"));
        File.WriteAllText(Path.Combine(folder, "checkpoint-3", "model.safetensors"), "broken");
        File.WriteAllText(Path.Combine(folder, "model_config.json"), """
            {"data_config": {"fps": 2.0, "num_frames": null, "max_frame_pixels": 200704, "prompt_template_type": "detailed_special"},
             "model_config": {"output_dim": 1, "use_special_tokens": true}, "peft_lora_config": {"lora_r": 4, "lora_alpha": 8},
             "inference_config": {"VQ_mean": 3.6757, "VQ_std": 2.2476, "MQ_mean": 1.1646, "MQ_std": 1.3811, "TA_mean": 2.8105, "TA_std": 2.5121}}
            """);
        return folder;
    }

    public static string VideoScore(string root) => Layout(root, "videoscore", "score_short", "model.safetensors");

    /// <summary>A folder with a random Qwen2-VL.</summary>
    public static string Qwen2Vl(string root)
    {
        string folder = Layout(root, "videoscore", "score_short", "model.safetensors");
        using DisposeScope scope = NewDisposeScope();
        string config = Path.Combine(folder, "config.json");
        Qwen2VlModel model = new(Qwen2VlConfig.FromJson(ConfigurationFile.Open(config), config));
        Initialisation.Draw(model, 1);
        Safetensors.Save(Path.Combine(folder, "model.safetensors"), StateLoader.StateOf(model));
        return folder;
    }

    /// <summary>The same with a wording of a few tokens, which makes a pass some times faster.</summary>
    public static string WithShortWording(string folder)
    {
        File.WriteAllText(Path.Combine(folder, RewardInstruction.File), $$$"""{"template": "Rate {prompt}: {{{string.Join(' ', VideoRewardModel.RewardTokens)}}}", "placeholder": "{prompt}"}""");
        return folder;
    }

    /// <summary>A folder with a random ViCLIP whose heads are narrower than published.</summary>
    public static string ViClip(string root)
    {
        string folder = Path.Combine(root, "viclip");
        Directory.CreateDirectory(folder);
        using DisposeScope scope = NewDisposeScope();
        ClipOptions towers = new()
        {
            EmbeddingWidth = 24,
            ImageSize = 32,
            PatchSize = 8,
            VisionLayers = 2,
            VisionWidth = 32,
            VisionHeads = 4,
            TextLayers = 2,
            TextWidth = 32,
            TextHeads = 4,
            ContextLength = 32,
        };
        ViClipModel model = new(new ViClipOptions { Towers = towers });
        Initialisation.Draw(model, 1);
        Safetensors.Save(Path.Combine(folder, "viclip.safetensors"), StateLoader.StateOf(model).ToDictionary(item => "model." + item.Key, item => item.Value));
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"vision_heads": 4, "text_heads": 4}""");
        return folder;
    }

    /// <summary>A tiny model of the goldens under the published names, with its tokenizer and the published wording.</summary>
    private static string Layout(string parent, string goldens, string name, string weights)
    {
        string root = Path.Combine(RepositoryRoot.Path, "tests", "goldens");
        string folder = Path.Combine(parent, goldens);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, weights))!);
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Safetensors.Load(Path.Combine(root, goldens, name + ".safetensors"));
        const string Parameter = "param.";
        Safetensors.Save(
            Path.Combine(folder, weights),
            tensors.Where(item => item.Key.StartsWith(Parameter, StringComparison.Ordinal)).ToDictionary(item => item.Key[Parameter.Length..], item => item.Value));
        JsonNode golden = JsonNode.Parse(File.ReadAllText(Path.Combine(root, goldens, name + ".json")))!;
        File.WriteAllText(Path.Combine(folder, "config.json"), golden["config"]!.ToJsonString());
        File.Copy(Path.Combine(root, "qwen2vl", "tokenizer", "tokenizer.json"), Path.Combine(folder, "tokenizer.json"), overwrite: true);
        File.Copy(Path.Combine(root, goldens, RewardInstruction.File), Path.Combine(folder, RewardInstruction.File), overwrite: true);
        return folder;
    }
}
