using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>What the YAML file beside VideoCrafter2's code says about its checkpoint, which has no configuration of its own.</summary>
/// <param name="UNet">The denoiser.</param>
/// <param name="Autoencoder">The autoencoder.</param>
/// <param name="TextHeads">Attention heads of the text tower; its other sizes are those of its weights.</param>
/// <param name="SkippedTextLayers">Blocks at the tower's end that are left out.</param>
/// <param name="UsesScale">Whether clean latents are scaled down towards noise.</param>
public sealed record VideoCrafter2Config(UNet3DOptions UNet, AutoencoderKLOptions Autoencoder, int? TextHeads, int SkippedTextLayers, bool UsesScale)
{
    private const double FirstBeta = 0.00085;
    private const double LastBeta = 0.012;
    private const double LastScale = 0.7;

    /// <summary>Reads a file.</summary>
    /// <param name="path">For example <c>inference_t2v_512_v2.0.yaml</c>.</param>
    /// <exception cref="InputException">It cannot be read, or describes a model that is not built; the field is named.</exception>
    public static VideoCrafter2Config Load(string path)
    {
        Parameters model = ConfigurationFile.Read<Root>(ReadYaml(path), path, "VideoCrafter2", "model's").Model?.Params ?? throw Missing("model.params");
        UNetParameters unet = model.UnetConfig?.Params ?? throw Missing("model.params.unet_config.params");
        AutoencoderParameters autoencoder = model.FirstStageConfig?.Params ?? throw Missing("model.params.first_stage_config.params");
        TextParameters text = model.CondStageConfig?.Params ?? throw Missing("model.params.cond_stage_config.params");
        ConfigurationFile.Require(
            path,
            ("linear_start", model.LinearStart == FirstBeta, $"{FirstBeta}: other schedules are not built"),
            ("linear_end", model.LinearEnd == LastBeta, $"{LastBeta}: other schedules are not built"),
            ("timesteps", model.Timesteps == Diffusion.NoiseSchedule.Timesteps, "1000"),
            ("scale_b", !model.UseScale || model.ScaleB == LastScale, $"{LastScale}: other schedules are not built"),
            ("uncond_type", model.UncondType == "empty_seq", "empty_seq: the negative prompt is a text"),
            ("use_relative_position", !unet.UseRelativePosition, "false: it is not built"),
            ("use_causal_attention", !unet.UseCausalAttention, "false: it is not built"),
            ("temporal_selfatt_only", unet.TemporalSelfattOnly, "true: text in temporal attention is not built"),
            ("double_z", autoencoder.Ddconfig.DoubleZ, "true"),
            ("attn_resolutions", autoencoder.Ddconfig.AttnResolutions.Count == 0, "an empty list: attention in the autoencoder's levels is not built"),
            ("layer", text.Layer is "penultimate" or "last", "penultimate or last"),
            ("channel_mult", unet.ChannelMult.Count > 0, "at least one level"),
            ("ch_mult", autoencoder.Ddconfig.ChMult.Count > 0, "at least one level"),
            ("in_channels", unet.InChannels == autoencoder.EmbedDim && unet.OutChannels == autoencoder.EmbedDim, "the autoencoder's embed_dim, in and out"));
        ConfigurationFile.RequireAtLeast(
            path,
            ("model_channels", unet.ModelChannels, 1),
            ("num_res_blocks", Math.Min(unet.NumResBlocks, autoencoder.Ddconfig.NumResBlocks), 1),
            ("num_head_channels", unet.NumHeadChannels, 1),
            ("transformer_depth", unet.TransformerDepth, 1),
            ("context_dim", unet.ContextDim, 1),
            ("ch", autoencoder.Ddconfig.Ch, 1),
            ("heads", text.Heads ?? 1, 1));
        return new VideoCrafter2Config(
            new UNet3DOptions
            {
                InChannels = unet.InChannels,
                OutChannels = unet.OutChannels,
                ModelChannels = unet.ModelChannels,
                ChannelMultipliers = unet.ChannelMult,
                ResBlocks = unet.NumResBlocks,
                AttentionResolutions = unet.AttentionResolutions,
                HeadChannels = unet.NumHeadChannels,
                TransformerDepth = unet.TransformerDepth,
                ContextChannels = unet.ContextDim,
                LinearProjections = unet.UseLinear,
                TemporalConvolutions = unet.TemporalConv,
                TemporalAttention = unet.TemporalAttention,
                InitialTemporalAttention = unet.AdditionAttention,
                FrameRateEmbedding = unet.FpsCond,
            },
            new AutoencoderKLOptions
            {
                InChannels = autoencoder.Ddconfig.InChannels,
                OutChannels = autoencoder.Ddconfig.OutCh,
                Channels = autoencoder.Ddconfig.Ch,
                ChannelMultipliers = autoencoder.Ddconfig.ChMult,
                ResBlocks = autoencoder.Ddconfig.NumResBlocks,
                CodeChannels = autoencoder.Ddconfig.ZChannels,
                LatentChannels = autoencoder.EmbedDim,
                ScaleFactor = model.ScaleFactor,
            },
            text.Heads,
            text.Layer == "penultimate" ? 1 : 0,
            model.UseScale);

        InputException Missing(string field) => new($"{path}: has no {field}. Expected the configuration of VideoCrafter2's text-to-video model, inference_t2v_512_v2.0.yaml.");
    }

    private static JsonElement ReadYaml(string path)
    {
        try
        {
            using StreamReader text = new(path);
            object? content = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize(text);
            using JsonDocument document = JsonDocument.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(content));
            return document.RootElement.Clone();
        }
        catch (Exception exception) when (exception is YamlException or JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: is no YAML that can be read ({exception.Message}).", exception);
        }
    }

    private sealed record Root(Part<Parameters>? Model);

    private sealed record Part<T>(T? Params);

    private sealed record Parameters
    {
        public double LinearStart { get; init; } = FirstBeta;

        public double LinearEnd { get; init; } = LastBeta;

        public int Timesteps { get; init; } = Diffusion.NoiseSchedule.Timesteps;

        public double ScaleFactor { get; init; } = new AutoencoderKLOptions().ScaleFactor;

        public bool UseScale { get; init; }

        public double ScaleB { get; init; } = LastScale;

        public string UncondType { get; init; } = "empty_seq";

        public Part<UNetParameters>? UnetConfig { get; init; }

        public Part<AutoencoderParameters>? FirstStageConfig { get; init; }

        public Part<TextParameters>? CondStageConfig { get; init; }
    }

    // Where the file is silent, upstream's constructor speaks.
    private sealed record UNetParameters
    {
        public int InChannels { get; init; } = 4;

        public int OutChannels { get; init; } = 4;

        public int ModelChannels { get; init; }

        public IReadOnlyList<int> ChannelMult { get; init; } = [];

        public int NumResBlocks { get; init; }

        public IReadOnlyList<int> AttentionResolutions { get; init; } = [];

        public int NumHeadChannels { get; init; }

        public int TransformerDepth { get; init; } = 1;

        public int ContextDim { get; init; }

        public bool UseLinear { get; init; }

        public bool TemporalConv { get; init; }

        public bool TemporalAttention { get; init; } = true;

        public bool TemporalSelfattOnly { get; init; } = true;

        public bool UseRelativePosition { get; init; } = true;

        public bool UseCausalAttention { get; init; }

        public bool AdditionAttention { get; init; }

        public bool FpsCond { get; init; }
    }

    private sealed record AutoencoderParameters
    {
        public int EmbedDim { get; init; }

        public AutoencoderSizes Ddconfig { get; init; } = new();
    }

    private sealed record AutoencoderSizes
    {
        public bool DoubleZ { get; init; } = true;

        public int ZChannels { get; init; } = 4;

        public int InChannels { get; init; } = 3;

        public int OutCh { get; init; } = 3;

        public int Ch { get; init; }

        public IReadOnlyList<int> ChMult { get; init; } = [];

        public int NumResBlocks { get; init; }

        public IReadOnlyList<int> AttnResolutions { get; init; } = [];
    }

    private sealed record TextParameters
    {
        public string Layer { get; init; } = "last";

        /// <summary>Not upstream's: for towers whose heads are not 64 wide.</summary>
        public int? Heads { get; init; }
    }
}
