using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Models.Wan;
using HaloLab.Tests.Checkpoints;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.UmT5;
using HaloLab.Tests.Models.VideoCrafter2;
using static TorchSharp.torch;

namespace HaloLab.Tests.Generation;

/// <summary>Writes the models of an end-to-end case as a folder in the published layout: configurations, shards with an index, tokenizer.</summary>
internal static class PipelineFolder
{
    /// <summary>The tiny tokenizer has fewer; a case whose ids were drawn has fewer rows than this in its table, which are repeated then.</summary>
    private const int Pieces = 600;

    public static void Write(GoldenCase golden, string folder)
    {
        GoldenCase Part(string name) => golden.Sibling(Path.GetFileNameWithoutExtension(golden.Json.GetProperty("params_from").GetProperty(name).GetString()!));
        bool isWan = golden.Json.GetProperty("kind").GetString() == "wan_e2e";
        WriteJson(Path.Combine(folder, "model_index.json"), new JsonObject { ["_class_name"] = isWan ? "WanPipeline" : "CogVideoXPipeline" });
        WritePart("text_encoder", Part("text_encoder"), "config", "model");
        WritePart("transformer", Part("transformer"), "config", "diffusion_pytorch_model");
        WritePart("vae", Part("vae"), isWan ? "config_full" : "config", "diffusion_pytorch_model");
        Directory.CreateDirectory(Path.Combine(folder, "tokenizer"));
        byte[] pieces = File.ReadAllBytes(Path.Combine(golden.Folder, "..", "wan", "tokenizer_tiny.model"));
        File.WriteAllBytes(Path.Combine(folder, "tokenizer", "spiece.model"), isWan ? pieces : SentencePieceModel.WithoutBytes(pieces));
        JsonElement scheduler = golden.Json.GetProperty("config").GetProperty("scheduler");
        JsonObject arguments = JsonNode.Parse((isWan ? scheduler.GetProperty("args") : scheduler).GetRawText())!.AsObject();
        arguments["_class_name"] = isWan ? scheduler.GetProperty("class").GetString() : "CogVideoXDDIMScheduler";
        WriteJson(Path.Combine(folder, "scheduler", "scheduler_config.json"), arguments);

        void WritePart(string part, GoldenCase source, string configuration, string name)
        {
            JsonObject config = JsonNode.Parse(source.Json.GetProperty(configuration).GetRawText())!.AsObject();
            if (config.ContainsKey("vocab_size"))
            {
                config["vocab_size"] = Math.Max(Pieces, config["vocab_size"]!.GetValue<int>());
            }

            WriteJson(Path.Combine(folder, part, "config.json"), config);
            (string Key, Tensor Value)[] all = [.. source.Parameters().Select(pair => (pair.Key, pair.Key.EndsWith("shared.weight", StringComparison.Ordinal) ? WithRows(pair.Value, Pieces) : pair.Value))];
            JsonObject map = [];
            foreach ((int shard, (string Key, Tensor Value)[] tensors) in all.Chunk((all.Length / 2) + 1).Index())
            {
                string file = $"{name}-{shard + 1:00000}-of-00002.safetensors";
                Safetensors.Save(Path.Combine(folder, part, file), tensors.ToDictionary(pair => pair.Key, pair => pair.Value));
                foreach ((string key, _) in tensors)
                {
                    map[key] = file;
                }
            }

            WriteJson(Path.Combine(folder, part, name + ".safetensors.index.json"), new JsonObject { ["weight_map"] = map });
        }
    }

    /// <summary>Writes Wan2.1's original files beside each other, from a folder that <see cref="Write"/> wrote.</summary>
    public static void WriteOriginal(string diffusers, string folder)
    {
        Dictionary<string, Tensor> Original(string part, KeyMap map)
        {
            using IWeightFile file = WeightFiles.Open(Path.Combine(diffusers, part));
            return file.Entries.Keys.ToDictionary(key => map.ToOriginal(key)!, file.Read);
        }

        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(diffusers, "transformer", "config.json")))!;
        long heads = config["num_attention_heads"]!.GetValue<long>();
        WriteJson(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["model_type"] = "t2v",
            ["dim"] = heads * config["attention_head_dim"]!.GetValue<long>(),
            ["num_heads"] = heads,
            ["in_dim"] = config["in_channels"]!.GetValue<long>(),
            ["out_dim"] = config["out_channels"]!.GetValue<long>(),
            ["freq_dim"] = config["freq_dim"]!.GetValue<long>(),
            ["ffn_dim"] = config["ffn_dim"]!.GetValue<long>(),
            ["num_layers"] = config["num_layers"]!.GetValue<long>(),
            ["eps"] = config["eps"]!.GetValue<double>(),
        });
        Safetensors.Save(Path.Combine(folder, "diffusion_pytorch_model.safetensors"), Original("transformer", WanKeyMaps.Transformer));
        TorchFile.WriteDictionary(Path.Combine(folder, "Wan2.1_VAE.pth"), Original("vae", WanKeyMaps.Autoencoder));
        TorchFile.WriteDictionary(Path.Combine(folder, "models_t5_umt5-xxl-enc-bf16.pth"), Original("text_encoder", WanKeyMaps.TextEncoder));
        string pieces = Path.Combine(folder, "google", "umt5-xxl", "spiece.model");
        Directory.CreateDirectory(Path.GetDirectoryName(pieces)!);
        File.Copy(Path.Combine(diffusers, "tokenizer", "spiece.model"), pieces);
    }

    /// <summary>The case's networks in one checkpoint under the published names, and its sizes as YAML.</summary>
    public static void WriteVideoCrafter2(GoldenCase golden, string folder, bool withGuidance = true)
    {
        Dictionary<string, Tensor> parameters = golden.Parameters();
        JsonElement text = golden.Json.GetProperty("text");
        parameters["cond_stage_model.model.token_embedding.weight"] = TextTowerFromCase.Embedding(golden.Json.GetProperty("token_embedding_formula"), text.GetProperty("vocab_size").GetInt32(), text.GetProperty("width").GetInt32());
        if (!withGuidance)
        {
            parameters.Remove("model.diffusion_model.time_cond_proj.weight");
        }

        Safetensors.Save(Path.Combine(folder, "model.safetensors"), parameters);
        StringBuilder yaml = new();
        yaml.AppendLine(CultureInfo.InvariantCulture, $"""
            model:
              target: lvdm.models.ddpm3d.LatentDiffusion
              params:
                linear_start: 0.00085
                linear_end: 0.012
                timesteps: 1000
                scale_factor: {golden.Json.GetProperty("scale_factor").GetDouble()}
                uncond_type: empty_seq
                use_scale: true
                scale_b: 0.7
                unet_config:
                  params:
            {Lines(golden.Json.GetProperty("unet"), "        ", "time_cond_proj_dim")}
                first_stage_config:
                  params:
                    embed_dim: {golden.Json.GetProperty("embed_dim").GetInt32()}
                    ddconfig:
            {Lines(golden.Json.GetProperty("vae"), "          ")}
                cond_stage_config:
                  params:
                    layer: penultimate
                    heads: {text.GetProperty("heads").GetInt32()}
            """);
        File.WriteAllText(Path.Combine(folder, "inference.yaml"), yaml.ToString());
    }

    private static string Lines(JsonElement fields, string indent, params string[] without) => string.Join(
        '\n', fields.EnumerateObject().Where(field => !without.Contains(field.Name)).Select(field => $"{indent}{field.Name}: {field.Value.GetRawText().ReplaceLineEndings(" ")}"));

    private static Tensor WithRows(Tensor table_ND, long rows) => table_ND.shape[0] >= rows ? table_ND : table_ND.repeat((rows / table_ND.shape[0]) + 1, 1).narrow(0, 0, rows).contiguous();

    private static void WriteJson(string path, JsonNode content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content.ToJsonString());
    }
}
