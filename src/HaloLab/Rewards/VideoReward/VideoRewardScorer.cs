using System.Globalization;
using HaloLab.Checkpoints;
using HaloLab.Models;
using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.VideoReward;

/// <summary>
/// Scores videos with a VideoReward folder: the published <c>model_config.json</c> and <c>checkpoint-STEP/model.pth</c> (of several the last), and
/// beside them <c>config.json</c> and <c>tokenizer.json</c> of the Qwen2-VL that it was trained from, and the instruction
/// (<see cref="RewardInstruction"/>).
/// </summary>
public sealed class VideoRewardScorer : IVideoScorer
{
    private readonly VideoRewardModel _model;
    private readonly Qwen2Tokenizer _tokenizer;
    private readonly RewardInstruction _instruction;
    private readonly VideoRewardConfig _config;
    private readonly Qwen2VlChat _chat;
    private readonly int[] _rewardTokens;

    private VideoRewardScorer(string folder, bool merges)
    {
        string configPath = Path.Combine(folder, "model_config.json");
        _config = VideoRewardConfig.FromJson(ConfigurationFile.Open(configPath), configPath);
        (string backbonePath, string tokenizerPath, string instructionPath) = (Path.Combine(folder, "config.json"), Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, RewardInstruction.File));
        Qwen2VlConfig backbone = Qwen2VlConfig.FromJson(ConfigurationFile.Open(backbonePath), backbonePath);
        _tokenizer = Qwen2Tokenizer.Load(tokenizerPath);
        _tokenizer.AddSpecial(VideoRewardModel.RewardTokens);
        _rewardTokens = [.. VideoRewardModel.RewardTokens.Select(token => _tokenizer.Special[token])];
        _instruction = RewardInstruction.Load(instructionPath);
        string weights = LastCheckpoint(folder);
        using (IWeightFile file = WeightFiles.Open(weights))
        {
            VideoRewardModel model = VideoRewardModel.Load(file, backbone, _config.PeftLoraConfig.LoraAlpha / _config.PeftLoraConfig.LoraR);
            if (model.Config.VocabSize != _tokenizer.VocabularySize)
            {
                throw new InputException($"{file.Source}: embeds {model.Config.VocabSize} tokens, {tokenizerPath} with the reward tokens has {_tokenizer.VocabularySize}. Take the tokenizer of the Qwen2-VL that the checkpoint was trained from.");
            }

            if (merges)
            {
                model.Adapters?.Merge();
            }

            _model = model.ReadyForUse();
            Hashes = WeightFiles.HashesWith(file, folder, configPath, backbonePath, tokenizerPath, instructionPath);
        }

        _chat = new Qwen2VlChat(_tokenizer, _model.Config);
    }

    /// <inheritdoc/>
    public string Name => "videoreward";

    /// <summary>Visual quality, motion quality, text alignment, each in the publishers' standard deviations, and their sum.</summary>
    public IReadOnlyList<string> Dimensions { get; } = ["VQ", "MQ", "TA", "Overall"];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public static VideoRewardScorer Open(string folder) => Open(folder, merges: true);

    /// <summary>The same with the adapters beside the base layers, so that others can be trained beside them.</summary>
    internal static VideoRewardScorer OpenUnmerged(string folder) => Open(folder, merges: false);

    internal VideoRewardModel Model => _model;

    internal IReadOnlyList<int> RewardTokens => _rewardTokens;

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        double[] raw = _model.Rewards(Show(clip, prompt).Input.To(Compute.Device), _rewardTokens)[0].cpu().to(ScalarType.Float64).data<double>().ToArray();
        IReadOnlyList<double> scores = Normalise(raw);
        return [.. scores, scores.Sum()];
    }

    /// <summary>The prompt with the video, on the CPU, and which of the clip's frames it holds.</summary>
    internal (Qwen2VlInput Input, IReadOnlyList<int> Frames) Show(VideoClip clip, string prompt)
    {
        Qwen2VlView view = _config.DataConfig.Viewing.Of(clip, _model.Config);
        return (_chat.Of(view, _instruction.For(prompt, _tokenizer)), view.Frames);
    }

    /// <summary>Raw rewards in the publishers' standard deviations, where the folder says what these are.</summary>
    internal IReadOnlyList<double> Normalise(IReadOnlyList<double> raw) => _config.InferenceConfig?.Apply(raw) ?? raw;

    public void Dispose() => _model.Dispose();

    private static VideoRewardScorer Open(string folder, bool merges)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Directory.Exists(folder) ? new VideoRewardScorer(folder, merges) : throw new InputException($"{folder}: no such folder. Expected VideoReward's folder.");
    }

    private static string LastCheckpoint(string folder)
    {
        const string Prefix = "checkpoint-";
        int Step(string path) => int.TryParse(Path.GetFileName(path)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1;
        return Directory.GetDirectories(folder, Prefix + "*").Where(path => Step(path) >= 0).MaxBy(Step) ?? folder;
    }
}
