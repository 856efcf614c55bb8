using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using static TorchSharp.torch;

namespace HaloLab.Rewards.VideoReward;

/// <summary>
/// VideoReward (Liu et al. 2025, arXiv 2501.13918): Qwen2-VL with adapters and a linear head that reads the states at three special tokens of the
/// instruction, one for each of visual quality, motion quality and text alignment.
/// </summary>
public sealed class VideoRewardModel : Qwen2VlModel
{
    private const int Count = 3;
    private const string Prefix = "base_model.model.";
    private const string HeadKey = "rm_head.weight";
    private const string TableKey = "model.embed_tokens.weight";

    /// <param name="config">Sizes; the vocabulary includes the three tokens.</param>
    /// <param name="outputs">Rows of the head: 1 that all dimensions share (as published), or one for each.</param>
    public VideoRewardModel(Qwen2VlConfig config, int outputs)
        : base((config ?? throw new ArgumentNullException(nameof(config))) with { TieWordEmbeddings = true })
    {
        if (outputs is not (1 or Count))
        {
            throw new ArgumentOutOfRangeException(nameof(outputs), outputs, $"Expected 1 or {Count}.");
        }

        Head = new(config.HiddenSize, outputs, hasBias: false) { StaysFloat32 = true };
        register_module("rm_head", Head);
    }

    /// <summary>The special tokens, in the order of the dimensions: visual quality, motion quality, text alignment.</summary>
    public static IReadOnlyList<string> RewardTokens { get; } = ["<|VQ_reward|>", "<|MQ_reward|>", "<|TA_reward|>"];

    /// <summary>Rewards of the states at the three tokens, without bias: <c>rm_head</c>.</summary>
    public Linear Head { get; }

    /// <summary>The adapters of the decoder's layers; null before <see cref="Load"/>.</summary>
    public LoraAdapters? Adapters { get; private set; }

    /// <summary>
    /// Reads a checkpoint as published: the base layers and the adapters beside each other, not merged. Every tensor must be there and no other; the
    /// language model's head may be and is not needed. Nothing needs a gradient afterwards but the adapters.
    /// </summary>
    /// <param name="file">The weights.</param>
    /// <param name="config">Configuration of the base model; its vocabulary is the file's, which the three tokens have lengthened.</param>
    /// <param name="loraScale">Factor on the adapters, alpha / rank.</param>
    /// <exception cref="InputException">The file does not fit.</exception>
    public static VideoRewardModel Load(IWeightFile file, Qwen2VlConfig config, double loraScale)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        VideoRewardModel model = new VideoRewardModel(config with { VocabSize = (int)Shape(TableKey)[0] }, (int)Shape(HeadKey)[0]).InComputePrecision();
        using RenamedWeights layers = new(file, name => IsAdapter(name) ? null : KeyOf(name));
        StateLoader.Load(model, layers, ["lm_head.weight"]);
        model.Freeze();
        string[] adapted = [.. file.Entries.Keys.Where(name => name.EndsWith(".lora_A.default.weight", StringComparison.Ordinal))];
        if (adapted.Length > 0)
        {
            using LoraFile adapters = new(adapted.Select(name => KeyValuePair.Create(
                KeyOf(name)[..^".lora_A.default.weight".Length], new LoraLayer(file.Read(name), file.Read(Other(name)), loraScale))));
            model.Adapters = LoraAdapters.Attach(model, adapters, file.Source);
        }

        string? stray = file.Entries.Keys.FirstOrDefault(name => IsAdapter(name) && !adapted.Contains(name) && !adapted.Contains(name.Replace(".lora_B.", ".lora_A.", StringComparison.Ordinal)));
        return stray is null ? model : throw new InputException($"{file.Source}: '{stray}' is no part of an adapter that VideoReward has. Expected lora_A and lora_B of each adapted layer.");

        IReadOnlyList<long> Shape(string key) => file.Entries.TryGetValue(Prefix + key, out WeightEntry? entry) && entry.Shape.Count == 2
            ? entry.Shape
            : throw new InputException($"{file.Source}: has no matrix '{Prefix + key}', so it is no checkpoint of VideoReward. Expected model.pth as it is published, adapters not merged.");

        string Other(string name)
        {
            string other = name.Replace(".lora_A.", ".lora_B.", StringComparison.Ordinal);
            return file.Entries.ContainsKey(other) ? other : throw new InputException($"{file.Source}: '{name}' has no '{other}' beside it.");
        }
    }

    /// <summary>The rewards of a batch of videos, as the model gives them.</summary>
    /// <param name="input">The videos with their instructions.</param>
    /// <param name="rewardTokens">Ids of <see cref="RewardTokens"/>.</param>
    /// <returns>[B, 3]: visual quality, motion quality, text alignment.</returns>
    /// <exception cref="ArgumentException">A row has not each of the tokens once, in that order.</exception>
    public Tensor Rewards(Qwen2VlInput input, IReadOnlyList<int> rewardTokens)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(rewardTokens);
        using var scope = NewDisposeScope();
        Tensor states_B3C = AtRewardTokens(States(input), input.Ids_BL, rewardTokens);
        return Read(states_B3C).MoveToOuterDisposeScope();
    }

    /// <summary>The rewards of states at the three tokens: with one row each has that row, with three each has its own.</summary>
    internal Tensor Read(Tensor states_B3C)
    {
        using var scope = NewDisposeScope();
        Tensor rewards_B3R = Head.call(states_B3C);
        return (rewards_B3R.shape[2] == 1 ? rewards_B3R.squeeze(2) : rewards_B3R.diagonal(0, 1, 2)).MoveToOuterDisposeScope();
    }

    internal static Tensor AtRewardTokens(Tensor states_BLC, Tensor ids_BL, IReadOnlyList<int> rewardTokens)
    {
        using var scope = NewDisposeScope();
        Tensor tokens = tensor(rewardTokens.Select(id => (long)id).ToArray(), device: ids_BL.device);
        Tensor isReward_BL = ids_BL.unsqueeze(-1).eq(tokens).any(-1);
        Tensor found = ids_BL[isReward_BL];
        if (found.shape[0] != ids_BL.shape[0] * tokens.shape[0] || !found.view(-1, tokens.shape[0]).eq(tokens).all().item<bool>() || !isReward_BL.sum(1).eq(tokens.shape[0]).all().item<bool>())
        {
            throw new ArgumentException($"Every row must have the reward tokens {string.Join(", ", rewardTokens)} once each, in that order.", nameof(ids_BL));
        }

        return states_BLC[isReward_BL].view(ids_BL.shape[0], tokens.shape[0], states_BLC.shape[2]).MoveToOuterDisposeScope();
    }

    private static bool IsAdapter(string name) => name.Contains(".lora_", StringComparison.Ordinal);

    /// <summary>The name in the model of a tensor in the file.</summary>
    private static string KeyOf(string name) =>
        (name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name).Replace(".base_layer.", ".", StringComparison.Ordinal);
}
