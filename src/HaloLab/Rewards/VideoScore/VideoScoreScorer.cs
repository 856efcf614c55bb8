using HaloLab.Checkpoints;
using HaloLab.Models;
using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.VideoScore;

/// <summary>
/// Scores videos with a folder of VideoScore on Qwen2-VL as it is published (<c>config.json</c>, <c>tokenizer.json</c>, weights), with the
/// instruction beside it (<see cref="RewardInstruction"/>).
/// </summary>
public sealed class VideoScoreScorer : IVideoScorer
{
    /// <summary>8 frames a second, sharing Qwen2-VL's budget of pixels.</summary>
    private static readonly Qwen2VlViewing Viewing = new(Rate: 8);

    private readonly VideoScoreModel _model;
    private readonly Qwen2Tokenizer _tokenizer;
    private readonly RewardInstruction _instruction;
    private readonly Qwen2VlChat _chat;

    private VideoScoreScorer(string folder)
    {
        (string configPath, string tokenizerPath, string instructionPath) = (Path.Combine(folder, "config.json"), Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, RewardInstruction.File));
        VideoScoreModel model = new VideoScoreModel(Qwen2VlConfig.FromJson(ConfigurationFile.Open(configPath), configPath)).InComputePrecision();
        _tokenizer = Qwen2Tokenizer.Load(tokenizerPath);
        _instruction = RewardInstruction.Load(instructionPath);
        using (IWeightFile file = WeightFiles.Open(folder))
        {
            if (file.Entries.ContainsKey("score.0.weight"))
            {
                throw new InputException($"{file.Source}: has a head for each dimension at tokens of its own (score_type special_token). Expected the form with one head of five rows, score.weight.");
            }

            StateLoader.Load(model, file);
            Hashes = WeightFiles.HashesWith(file, folder, configPath, tokenizerPath, instructionPath);
        }

        _model = model.ReadyForUse();
        _chat = new Qwen2VlChat(_tokenizer, _model.Config);
    }

    /// <inheritdoc/>
    public string Name => "videoscore";

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions => VideoScoreModel.Dimensions;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public static VideoScoreScorer Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Directory.Exists(folder) ? new VideoScoreScorer(folder) : throw new InputException($"{folder}: no such folder. Expected VideoScore's folder.");
    }

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(VideoClip clip, string prompt)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return _model.Scores(Show(clip, prompt).Input.To(Compute.Device))[0].cpu().to(ScalarType.Float64).data<double>().ToArray();
    }

    internal VideoScoreModel Model => _model;

    /// <summary>The prompt with the video, on the CPU, and which of the clip's frames it holds.</summary>
    internal (Qwen2VlInput Input, IReadOnlyList<int> Frames) Show(VideoClip clip, string prompt)
    {
        Qwen2VlView view = Viewing.Of(clip, _model.Config);
        return (_chat.Of(view, _instruction.For(prompt, _tokenizer)), view.Frames);
    }

    public void Dispose() => _model.Dispose();
}
