using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>VideoCrafter2 as it is published: one checkpoint with all three networks, and beside it, in the same folder, the YAML file of its code.</summary>
public sealed class VideoCrafter2Folder
{
    private const string DenoiserPrefix = "model.diffusion_model.";
    private const string AutoencoderPrefix = "first_stage_model.";
    private const string TextPrefix = "cond_stage_model.model.";
    private const string GuidanceKey = "time_cond_proj.weight";
    private const string MotionKey = "motion_cond_proj.weight";

    // ViT-H-14: 16 heads of 1,024 channels.
    private const int HeadWidth = 64;

    private readonly string _checkpoint;
    private readonly string _yaml;

    private VideoCrafter2Folder(string path, string checkpoint, string yaml)
    {
        (Path, _checkpoint, _yaml) = (path, checkpoint, yaml);
        VideoCrafter2Config config = VideoCrafter2Config.Load(yaml);
        using IWeightFile file = WeightFiles.Open(checkpoint);
        long[] table = Shape("token_embedding.weight");
        const string Blocks = TextPrefix + "transformer.resblocks.";
        Config = config;
        Text = new TextTowerOptions
        {
            VocabularySize = (int)table[0],
            Width = (int)table[1],
            ContextLength = (int)Shape("positional_embedding")[0],
            Layers = file.Entries.Keys.Where(key => key.StartsWith(Blocks, StringComparison.Ordinal)).Select(key => key[Blocks.Length..].Split('.')[0]).Distinct().Count(),
            Heads = config.TextHeads ?? Math.Max(1, (int)table[1] / HeadWidth),
            SkippedLayers = config.SkippedTextLayers,
        };
        UNet = config.UNet with
        {
            GuidanceEmbeddingSize = (int?)file.Entries.GetValueOrDefault(DenoiserPrefix + GuidanceKey)?.Shape[1],
            MotionEmbeddingSize = (int?)file.Entries.GetValueOrDefault(DenoiserPrefix + MotionKey)?.Shape[1],
        };
        if (Text.Width != UNet.ContextChannels)
        {
            throw new InputException($"{checkpoint}: its text tower is {Text.Width} wide, context_dim of {yaml} is {UNet.ContextChannels}. The files are of different models.");
        }

        long[] Shape(string key) => file.Entries.TryGetValue(TextPrefix + key, out WeightEntry? entry) && entry.Shape.Count == 2
            ? [.. entry.Shape]
            : throw new InputException($"{checkpoint}: has no matrix '{TextPrefix + key}', so it is no whole checkpoint of VideoCrafter2. Expected model.ckpt as it is published.");
    }

    public string Path { get; }

    /// <summary>What the YAML file says.</summary>
    public VideoCrafter2Config Config { get; }

    /// <summary>Sizes of the denoiser, with the guidance embedding of T2V-Turbo where the checkpoint has one.</summary>
    public UNet3DOptions UNet { get; }

    /// <summary>Sizes of the text tower.</summary>
    public TextTowerOptions Text { get; }

    /// <summary>Whether a folder holds one YAML file and one checkpoint.</summary>
    public static bool IsOne(string path) => Directory.Exists(path) && Single(path, "*.yaml") is not null && Checkpoint(path) is not null;

    /// <exception cref="InputException">The files are missing, broken, or of different models.</exception>
    public static VideoCrafter2Folder Open(string path) => IsOne(path)
        ? new VideoCrafter2Folder(path, Checkpoint(path)!, Single(path, "*.yaml")!)
        : throw new InputException($"{path}: expected one .yaml and one checkpoint (.ckpt or .safetensors) of VideoCrafter2.");

    /// <summary>The text tower.</summary>
    /// <exception cref="InputException">The weights do not fit.</exception>
    public TextTower LoadText() => Fill(new TextTower(Text).InComputePrecision(), TextPrefix, TextTower.UnusedKeys);

    /// <summary>The autoencoder.</summary>
    /// <exception cref="InputException">The weights do not fit.</exception>
    public AutoencoderKL LoadAutoencoder() => Fill(new AutoencoderKL(Config.Autoencoder), AutoencoderPrefix);

    /// <summary>The denoiser.</summary>
    /// <param name="turbo">
    /// Width of a guidance embedding that the checkpoint has no weights for and T2V-Turbo's adapter brings; they are 0 then. Null for the checkpoint's own.
    /// </param>
    /// <exception cref="InputException">The weights do not fit.</exception>
    public UNet3D LoadDenoiser(int? turbo = null)
    {
        if (turbo is null || UNet.GuidanceEmbeddingSize is not null)
        {
            return Fill(new UNet3D(UNet).InComputePrecision(), DenoiserPrefix);
        }

        UNet3D denoiser = Fill(new UNet3D(UNet with { GuidanceEmbeddingSize = turbo }).InComputePrecision(), DenoiserPrefix, [], [GuidanceKey]);
        using var noGradient = no_grad();
        denoiser.time_cond_proj!.weight.zero_();
        return denoiser;
    }

    /// <summary>SHA-256 of both files by their names.</summary>
    public SortedDictionary<string, string> Hashes() => new(StringComparer.Ordinal)
    {
        [System.IO.Path.GetFileName(_checkpoint)] = FileHash.Of(_checkpoint),
        [System.IO.Path.GetFileName(_yaml)] = FileHash.Of(_yaml),
    };

    /// <summary>Number of values of each network: text tower, denoiser, autoencoder.</summary>
    public (long Text, long Denoiser, long Autoencoder) Values()
    {
        using IWeightFile file = WeightFiles.Open(_checkpoint);
        long Sum(string prefix) => file.Entries.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(entry => entry.Value.Elements);
        return (Sum(TextPrefix), Sum(DenoiserPrefix), Sum(AutoencoderPrefix));
    }

    private static string? Checkpoint(string folder) => Single(folder, "*.ckpt", "*.safetensors");

    private static string? Single(string folder, params string[] patterns)
    {
        string[] found = [.. patterns.SelectMany(pattern => Directory.GetFiles(folder, pattern))];
        return found.Length == 1 ? found[0] : null;
    }

    private T Fill<T>(T module, string prefix, IReadOnlyCollection<string>? unused = null, IReadOnlyCollection<string>? others = null)
        where T : Module
    {
        using (IWeightFile file = WeightFiles.Open(_checkpoint))
        using (RenamedWeights part = new(file, name => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null))
        {
            StateLoader.Load(module, part, unused, others);
        }

        return module.ReadyForUse();
    }
}
