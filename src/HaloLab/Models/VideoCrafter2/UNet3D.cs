using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>
/// The denoiser of VideoCrafter2 (Chen et al. 2024, arXiv 2401.09047) and T2V-Turbo (Li et al. 2024, arXiv 2405.18750): a U-Net whose levels
/// mix frames by convolutions and attention over time. Keys of the state are those of the published checkpoints after
/// <c>model.diffusion_model.</c>
/// </summary>
public sealed class UNet3D : Module<Tensor, Tensor, UNet3DConditioning, Tensor>, IRecomputing
{
    private const int InitialHeads = 8;

    public readonly Sequential time_embed;
    public readonly Sequential? fps_embedding;
    public readonly Layers.Linear? time_cond_proj;
    public readonly Layers.Linear? motion_cond_proj;
    public readonly Layers.Linear? combine_proj;
    public readonly ModuleList<UNetStage> input_blocks;
    public readonly UNetStage? init_attn;
    public readonly UNetStage middle_block;
    public readonly ModuleList<UNetStage> output_blocks;
    public readonly Sequential @out;

    public UNet3D(UNet3DOptions options)
        : base(nameof(UNet3D))
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.MotionEmbeddingSize is not null && options.GuidanceEmbeddingSize is null)
        {
            throw new ArgumentException("A motion embedding needs a guidance embedding.", nameof(options));
        }

        Options = options;
        int width = options.ModelChannels;
        int embedding = 4 * width;
        time_embed = Sequential(("0", new Layers.Linear(width, embedding) { StaysFloat32 = true }), ("1", SiLU()), ("2", new Layers.Linear(embedding, embedding) { StaysFloat32 = true }));
        if (options.FrameRateEmbedding)
        {
            fps_embedding = Sequential(
                ("0", new Layers.Linear(width, embedding) { StaysFloat32 = true }), ("1", SiLU()), ("2", new Layers.Linear(embedding, embedding) { StartsAtZero = true, StaysFloat32 = true }));
        }

        if (options.GuidanceEmbeddingSize is int guidanceSize)
        {
            time_cond_proj = new(guidanceSize, width, hasBias: false) { StaysFloat32 = true };
        }

        if (options.MotionEmbeddingSize is int motionSize)
        {
            motion_cond_proj = new(motionSize, width, hasBias: false) { StaysFloat32 = true };
            combine_proj = new(2 * width, width, hasBias: false) { StaysFloat32 = true };
        }

        // On the way down; the channels of each stage's output wait for the way up.
        List<UNetStage> stages = [new UNetStage(new Layers.Conv2d(options.InChannels, width, [3, 3], padding: [1, 1]))];
        Stack<int> skips = new([width]);
        int channels = width;
        int levels = options.ChannelMultipliers.Count;
        for (int level = 0; level < levels; level++)
        {
            int levelChannels = width * options.ChannelMultipliers[level];
            for (int i = 0; i < options.ResBlocks; i++)
            {
                stages.Add(new UNetStage([new ResBlock(channels, levelChannels, embedding, options), .. TransformersAt(level, levelChannels)]));
                channels = levelChannels;
                skips.Push(channels);
            }

            if (level < levels - 1)
            {
                stages.Add(new UNetStage(new Downsample(channels)));
                skips.Push(channels);
            }
        }

        input_blocks = ModuleList(stages.ToArray());
        if (options.InitialTemporalAttention)
        {
            init_attn = new UNetStage(new TemporalTransformer(width, InitialHeads, linear: false, options));
        }

        middle_block = new UNetStage(
            [new ResBlock(channels, channels, embedding, options), .. Transformers(channels), new ResBlock(channels, channels, embedding, options)]);

        stages = [];
        for (int level = levels - 1; level >= 0; level--)
        {
            int levelChannels = width * options.ChannelMultipliers[level];
            for (int i = 0; i <= options.ResBlocks; i++)
            {
                List<Module> layers = [new ResBlock(channels + skips.Pop(), levelChannels, embedding, options), .. TransformersAt(level, levelChannels)];
                channels = levelChannels;
                if (level > 0 && i == options.ResBlocks)
                {
                    layers.Add(new Upsample(channels));
                }

                stages.Add(new UNetStage([.. layers]));
            }
        }

        output_blocks = ModuleList(stages.ToArray());
        @out = Sequential(
            ("0", new GroupNorm32(options.NormGroups, channels)), ("1", SiLU()), ("2", new Layers.Conv2d(channels, options.OutChannels, [3, 3], padding: [1, 1]) { StartsAtZero = true }));
        RegisterComponents();
    }

    /// <summary>What the model was built from.</summary>
    public UNet3DOptions Options { get; }

    /// <inheritdoc/>
    public bool Recomputes { get; set; }

    /// <summary>Predicts the noise (or whatever the model was trained to) in the latents.</summary>
    /// <param name="latents_BCTHW">Noisy latents; height and width multiples of 2^(levels − 1).</param>
    /// <param name="timesteps_B">Timesteps 0 to 999, of any type.</param>
    /// <param name="conditioning">Text and the rest.</param>
    /// <returns>Prediction of the latents' shape, contiguous.</returns>
    public override Tensor forward(Tensor latents_BCTHW, Tensor timesteps_B, UNet3DConditioning conditioning)
    {
        ArgumentNullException.ThrowIfNull(conditioning);
        Check(latents_BCTHW, timesteps_B, conditioning);
        using var scope = NewDisposeScope();
        long batch = latents_BCTHW.shape[0];
        Tensor embedding_BE = Embed(timesteps_B, conditioning);
        Tensor context_BLD = conditioning.Context_BLD;
        Tensor frames_NCHW = FrameFolding.FramesOf(latents_BCTHW);
        Stack<Tensor> skips = [];
        for (int i = 0; i < input_blocks.Count; i++)
        {
            frames_NCHW = Run(input_blocks[i], frames_NCHW);
            if (i == 0 && init_attn is not null)
            {
                frames_NCHW = Run(init_attn, frames_NCHW);
            }

            skips.Push(frames_NCHW);
        }

        frames_NCHW = Run(middle_block, frames_NCHW);
        foreach (UNetStage stage in output_blocks)
        {
            frames_NCHW = Run(stage, frames_NCHW, skips.Pop());
        }

        return FrameFolding.ClipsOf(@out.call(frames_NCHW), batch).MoveToOuterDisposeScope();

        Tensor Run(UNetStage stage, params Tensor[] frames_NCHW) =>
            Recomputation.Run(Recomputes, inputs => [stage.call(inputs.Count > 3 ? cat([inputs[2], inputs[3]], 1) : inputs[2], inputs[0], inputs[1])], [embedding_BE, context_BLD, .. frames_NCHW])[0];
    }

    private Tensor Embed(Tensor timesteps_B, UNet3DConditioning conditioning)
    {
        Tensor sinusoid_BC = SinusoidalEmbedding.OfPositions(timesteps_B, Options.ModelChannels);
        if (conditioning.GuidanceEmbedding_BE is Tensor guidance_BE)
        {
            Tensor projected_BC = time_cond_proj!.call(guidance_BE);
            if (conditioning.MotionEmbedding_BE is Tensor motion_BE)
            {
                projected_BC = combine_proj!.call(cat([projected_BC, motion_cond_proj!.call(motion_BE)], 1));
            }

            sinusoid_BC = sinusoid_BC.add(projected_BC);
        }

        Tensor embedding_BE = time_embed.call(sinusoid_BC);
        if (fps_embedding is not null)
        {
            using Tensor rates_B = full_like(timesteps_B, conditioning.FramesPerSecond, dtype: ScalarType.Float32);
            embedding_BE = embedding_BE.add(fps_embedding.call(SinusoidalEmbedding.OfPositions(rates_B, Options.ModelChannels)));
        }

        return embedding_BE;
    }

    private void Check(Tensor latents_BCTHW, Tensor timesteps_B, UNet3DConditioning conditioning)
    {
        long multiple = 1L << (Options.ChannelMultipliers.Count - 1);
        long[] shape = latents_BCTHW.shape;
        if (shape.Length != 5 || shape[1] != Options.InChannels || shape[3] % multiple != 0 || shape[4] % multiple != 0)
        {
            throw new ArgumentException(
                $"Latents are [{string.Join(", ", shape)}]; expected [B, {Options.InChannels}, T, H, W] with H and W multiples of {multiple}.", nameof(latents_BCTHW));
        }

        if (!timesteps_B.shape.SequenceEqual([shape[0]]))
        {
            throw new ArgumentException($"Timesteps are [{string.Join(", ", timesteps_B.shape)}]; expected one for each of {shape[0]} clips.", nameof(timesteps_B));
        }

        long[] context = conditioning.Context_BLD.shape;
        if (context.Length != 3 || context[0] != shape[0] || context[2] != Options.ContextChannels)
        {
            throw new ArgumentException(
                $"The text condition is [{string.Join(", ", context)}]; expected [{shape[0]}, tokens, {Options.ContextChannels}].", nameof(conditioning));
        }

        if (conditioning.GuidanceEmbedding_BE is not null && time_cond_proj is null)
        {
            throw new ArgumentException("This model takes no guidance embedding.", nameof(conditioning));
        }

        bool needsMotion = motion_cond_proj is not null && conditioning.GuidanceEmbedding_BE is not null;
        if (needsMotion != conditioning.MotionEmbedding_BE is not null)
        {
            throw new ArgumentException(
                motion_cond_proj is null ? "This model takes no motion embedding." : "Guidance and motion embedding are given together or not at all.", nameof(conditioning));
        }
    }

    private IEnumerable<Module> TransformersAt(int level, int channels) =>
        Options.AttentionResolutions.Contains(1 << level)
            ? Transformers(channels, Options.TemporalAttentionResolutions?.Contains(1 << level) ?? true) : [];

    private IEnumerable<Module> Transformers(int channels, bool temporal = true)
    {
        yield return new SpatialTransformer(channels, Options);
        if (Options.TemporalAttention && temporal)
        {
            yield return new TemporalTransformer(channels, channels / Options.HeadChannels, Options.LinearProjections, Options);
        }
    }
}
