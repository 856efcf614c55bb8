using HaloLab.Models.Layers;
using HaloLab.Rewards;
using HaloLab.Statistics;
using HaloLab.Videos;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv1d = HaloLab.Models.Layers.Conv1d;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Evaluation;

/// <summary>
/// A learned judge of whole clips in the manner of VideoScore: five dimensions, regressed on clip-level labels. It is held out: nothing is ever
/// tuned towards it. Its architecture is not the reward model's: frames are read one by one by a 2-D network, the prompt by a convolution over
/// its words, whose mean gates the frames' tokens and starts one query per dimension, and one transformer over all tokens puts them together.
/// </summary>
public sealed class LearnedScorer : Module<Tensor, Tensor, Tensor>, IInitialised
{
    private const string Format = "halolab learned scorer 1";
    private const int Heads = 4;
    private const int ScoringBatch = 32;

    private readonly FrameEncoder _frames;
    private readonly Conv1d _phrases;
    private readonly Linear _gates;
    private readonly ModuleList<TransformerLayer> _layers;
    private readonly LayerNorm _norm;
    private readonly ModuleList<Linear> _heads;

    private LearnedScorer(LearnedScorerOptions options)
        : base(nameof(LearnedScorer))
    {
        Options = options;
        long frameTokens = (long)options.Frames * (options.Size / FrameEncoder.Stride) * (options.Size / FrameEncoder.Stride);
        _frames = new FrameEncoder(options.FrameChannels, options.Channels);
        _phrases = new(options.Channels, options.Channels, [5], padding: [2]);
        _gates = new(options.Channels, 2 * options.Channels);
        _layers = ModuleList(Enumerable.Range(0, options.Layers).Select(_ => new TransformerLayer(options.Channels, Heads, 2 * options.Channels)).ToArray());
        _norm = LayerNorm(options.Channels);
        _heads = ModuleList(Dimensions.Select(_ => new Linear(options.Channels, 1)).ToArray());
        register_module("frames", _frames);
        register_parameter("words", Parameter(zeros(options.VocabularySize, options.Channels)));
        register_module("phrases", _phrases);
        register_module("gates", _gates);
        register_parameter("positions", Parameter(zeros(frameTokens + Dimensions.Count, options.Channels)));
        register_module("layers", _layers);
        register_module("norm", _norm);
        register_module("heads", _heads);
    }

    /// <summary>The columns of every score and label.</summary>
    public static IReadOnlyList<QualityDimension> Dimensions { get; } = Enum.GetValues<QualityDimension>();

    public LearnedScorerOptions Options { get; }

    /// <summary>Units of the labels of each dimension, set by training.</summary>
    public IReadOnlyList<LabelScale>? Scales { get; internal set; }

    /// <summary>A fresh scorer with weights drawn from the seed's streams, on <see cref="Compute.Device"/>.</summary>
    public static LearnedScorer Create(LearnedScorerOptions options, long runSeed)
    {
        ArgumentNullException.ThrowIfNull(options);
        LearnedScorer scorer = new(options);
        Initialisation.Draw(scorer, runSeed);
        return scorer.to(Compute.Device);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InputException">Not a learned scorer, or a key is missing, unexpected or of another shape.</exception>
    public static LearnedScorer Load(string path)
    {
        using ModelFile file = new(path, Format);
        LearnedScorer scorer = file.Fill((LearnedScorerOptions options) => new LearnedScorer(options));
        scorer.Scales = file.Value<LabelScale[]?>("scales");
        return scorer;
    }

    /// <summary>Writes weights, sizes and scales as one safetensors file.</summary>
    public void Save(string path) => ModelFile.Write(path, Format, this, ("options", Options), ("scales", Scales));

    // By name: a module that is moved gets new parameters, and a field of another name would keep the old ones.
    private Parameter Words => get_parameter("words")!;

    private Parameter Positions => get_parameter("positions")!;

    public void Initialise(Func<string, RandomStream> streamOf)
    {
        ArgumentNullException.ThrowIfNull(streamOf);
        Initialisation.Normal(Words, 1, streamOf("words"));
        Initialisation.Normal(Positions, 0.2, streamOf("positions"));
    }

    /// <summary>Scores in the heads' own units, with gradients.</summary>
    /// <param name="frames_BCTHW">RGB frames in [−1, 1] of the options' size.</param>
    /// <param name="tokens_BL">Prompts as token ids.</param>
    /// <returns>[B, 5], see <see cref="Dimensions"/>.</returns>
    public override Tensor forward(Tensor frames_BCTHW, Tensor tokens_BL)
    {
        RequireSizes(frames_BCTHW, tokens_BL);
        using var scope = NewDisposeScope();
        long batch = frames_BCTHW.shape[0];
        Tensor words_BLC = Words.index_select(0, tokens_BL.flatten()).unflatten(0, tokens_BL.shape);
        Tensor prompt_B1C = functional.silu(_phrases.call(words_BLC.transpose(1, 2))).mean([2], keepdim: true).transpose(1, 2);
        Tensor[] gates_B1C = _gates.call(prompt_B1C).chunk(2, -1);
        Tensor frames_BNC = (_frames.call(frames_BCTHW) * (gates_B1C[0] + 1)) + gates_B1C[1];
        Tensor hidden_BNC = cat([frames_BNC, prompt_B1C.expand(batch, Dimensions.Count, -1)], 1) + Positions;
        foreach (TransformerLayer layer in _layers)
        {
            hidden_BNC = layer.call(hidden_BNC);
        }

        Tensor[] answers_BC = _norm.call(hidden_BNC.narrow(1, hidden_BNC.shape[1] - Dimensions.Count, Dimensions.Count)).unbind(1);
        return cat([.. answers_BC.Select((answer_BC, i) => _heads[i].call(answer_BC))], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Scores clips without gradients, in the units of the labels.</summary>
    /// <returns>[B, 5] float32 on the CPU, see <see cref="Dimensions"/>.</returns>
    public Tensor Score(Tensor frames_BCTHW, Tensor tokens_BL)
    {
        RequireSizes(frames_BCTHW, tokens_BL);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        List<Tensor> scores = [];
        for (long start = 0; start < frames_BCTHW.shape[0]; start += ScoringBatch)
        {
            using var batchScope = NewDisposeScope();
            long length = Math.Min(ScoringBatch, frames_BCTHW.shape[0] - start);
            Tensor raw_BD = call(frames_BCTHW.narrow(0, start, length).to(Compute.Device), tokens_BL.narrow(0, start, length).to(Compute.Device));
            scores.Add(raw_BD.cpu().MoveToOuterDisposeScope());
        }

        (Tensor mean_D, Tensor deviation_D) = ScaleTensors(CPU);
        return cat(scores).mul(deviation_D).add(mean_D).MoveToOuterDisposeScope();
    }

    /// <summary>Scores clips of one size; one row per clip, one column per dimension.</summary>
    public double[][] Score(IReadOnlyList<VideoClip> clips, IReadOnlyList<long[]> tokens)
    {
        using var scope = NewDisposeScope();
        Tensor scores_BD = Score(ClipBatch.ToUnitRange(ClipBatch.ToPixels(clips)), ClipSet.TokensOf(tokens));
        return [.. scores_BD.to(ScalarType.Float64).contiguous().data<double>().ToArray().Chunk(Dimensions.Count)];
    }

    /// <summary>Mean and deviation of each dimension's labels, float32 [5]; 0 and 1 before training.</summary>
    internal (Tensor Mean_D, Tensor Deviation_D) ScaleTensors(Device device)
    {
        LabelScale[] scales = [.. Scales ?? Enumerable.Repeat(LabelScale.Identity, Dimensions.Count)];
        return (tensor(scales.Select(scale => (float)scale.Mean).ToArray(), device: device),
            tensor(scales.Select(scale => (float)scale.Deviation).ToArray(), device: device));
    }

    private void RequireSizes(Tensor frames_BCTHW, Tensor tokens_BL)
    {
        ArgumentNullException.ThrowIfNull(frames_BCTHW);
        ArgumentNullException.ThrowIfNull(tokens_BL);
        long batch = frames_BCTHW.shape[0];
        long[] frames = [batch, 3, Options.Frames, Options.Size, Options.Size];
        long[] tokens = [batch, Options.ContextLength];
        if (!frames_BCTHW.shape.SequenceEqual(frames) || !tokens_BL.shape.SequenceEqual(tokens))
        {
            throw new InputException(
                $"The learned scorer got frames [{string.Join(", ", frames_BCTHW.shape)}] and tokens [{string.Join(", ", tokens_BL.shape)}], "
                + $"expected [{string.Join(", ", frames)}] and [{string.Join(", ", tokens)}]. Resample the clips first.");
        }
    }
}
