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
    internal const string GuidanceKey = "time_cond_proj.weight";
    private const string MotionKey = "motion_cond_proj.weight";

    // torch.save of a training run wraps the tensors; upstream takes both.
    private const string Wrapper = "state_dict.";

    // ViT-H-14: 16 heads of 1,024 channels.
    private const int HeadWidth = 64;

    // Buffers that a whole checkpoint holds beside its networks: what the schedule of the YAML file says.
    private static readonly string[] Schedule =
    [
        "betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_alphas_cumprod", "sqrt_one_minus_alphas_cumprod", "log_one_minus_alphas_cumprod",
        "sqrt_recip_alphas_cumprod", "sqrt_recipm1_alphas_cumprod", "posterior_variance", "posterior_log_variance_clipped", "posterior_mean_coef1",
        "posterior_mean_coef2", "scale_arr", "scale_factor",
    ];

    private readonly string _checkpoint;
    private readonly string _yaml;

    // The denoiser's own file and what its names begin with.
    private readonly string _denoiser;
    private readonly string _denoiserPrefix;

    private VideoCrafter2Folder(string path, string checkpoint, string yaml, string? denoiser = null)
    {
        (Path, _checkpoint, _yaml) = (path, checkpoint, yaml);
        (_denoiser, _denoiserPrefix) = denoiser is null ? (checkpoint, DenoiserPrefix) : (denoiser, "");
        VideoCrafter2Config config = VideoCrafter2Config.Load(yaml);
        using IWeightFile opened = WeightFiles.Open(checkpoint);
        using RenamedWeights file = Part(opened, "");
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
        using IWeightFile network = WeightFiles.Open(_denoiser);
        using RenamedWeights named = Part(network, _denoiserPrefix);
        UNet = WithEmbeddings(config.UNet, named, prefix: "");
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

    /// <summary>The same with the denoiser of another file, which holds that alone: T2V-Turbo-v2's <c>unet_mg.pt</c>.</summary>
    /// <exception cref="InputException">The file is broken.</exception>
    public VideoCrafter2Folder WithDenoiser(string file) => new(Path, _checkpoint, _yaml, file);

    /// <summary>The only YAML file of a folder.</summary>
    /// <exception cref="InputException">There is none, or more than one.</exception>
    internal static string YamlIn(string folder) => Single(folder, "*.yaml")
        ?? throw new InputException($"{folder}: expected one .yaml beside the checkpoint, the configuration of VideoCrafter2's code (inference_t2v_512_v2.0.yaml). Name it with --config.");

    /// <summary>Sizes of a denoiser with the embeddings that T2V-Turbo's files have weights for.</summary>
    internal static UNet3DOptions WithEmbeddings(UNet3DOptions options, IWeightFile file, string prefix) => options with
    {
        GuidanceEmbeddingSize = Inputs(file, prefix + GuidanceKey),
        MotionEmbeddingSize = Inputs(file, prefix + MotionKey),
    };

    /// <summary>Checks that a checkpoint has every tensor of the three networks and no other but its schedule's.</summary>
    /// <param name="file">The checkpoint.</param>
    /// <param name="yaml">The configuration.</param>
    /// <exception cref="InputException">Something does not fit; everything is named.</exception>
    internal static void Check(IWeightFile file, string yaml)
    {
        VideoCrafter2Folder folder = new(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file.Source))!, file.Source, yaml);
        using UNet3D denoiser = new(folder.UNet);
        using AutoencoderKL autoencoder = new(folder.Config.Autoencoder);
        using TextTower text = new(folder.Text);
        List<string> misfits = [];
        foreach ((Module module, string prefix, IReadOnlyCollection<string> unused) in new (Module, string, IReadOnlyCollection<string>)[]
        {
            (denoiser, DenoiserPrefix, []), (autoencoder, AutoencoderPrefix, []), (text, TextPrefix, TextTower.UnusedKeys),
        })
        {
            using RenamedWeights part = Part(file, prefix);
            try
            {
                StateLoader.Check(module, part.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Shape), $"{file.Source} with {yaml}, {prefix}*", unused);
            }
            catch (InputException misfit)
            {
                misfits.Add(misfit.Message);
            }
        }

        using RenamedWeights whole = Part(file, "");
        string[] strange = [.. whole.Entries.Keys.Where(name => !Schedule.Contains(name) && !new[] { DenoiserPrefix, AutoencoderPrefix, TextPrefix }.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))];
        if (strange.Length > 0)
        {
            misfits.Add($"{file.Source}: {strange.Length} tensors are of none of its networks: {string.Join("; ", strange.Take(8))}. Take the checkpoint as it was published.");
        }

        if (misfits.Count > 0)
        {
            throw new InputException(string.Join(Environment.NewLine, misfits));
        }
    }

    /// <summary>The text tower.</summary>
    /// <exception cref="InputException">The weights do not fit.</exception>
    public TextTower LoadText() => Fill(new TextTower(Text).InComputePrecision(), _checkpoint, TextPrefix, TextTower.UnusedKeys);

    /// <summary>The autoencoder.</summary>
    /// <exception cref="InputException">The weights do not fit.</exception>
    public AutoencoderKL LoadAutoencoder() => Fill(new AutoencoderKL(Config.Autoencoder), _checkpoint, AutoencoderPrefix);

    /// <summary>The denoiser.</summary>
    /// <param name="turbo">
    /// Width of a guidance embedding that the checkpoint has no weights for and T2V-Turbo's adapter brings; they are 0 then. Null for the checkpoint's own.
    /// </param>
    /// <exception cref="InputException">The weights do not fit.</exception>
    public UNet3D LoadDenoiser(int? turbo = null)
    {
        if (turbo is null || UNet.GuidanceEmbeddingSize is not null)
        {
            return Fill(new UNet3D(UNet).InComputePrecision(), _denoiser, _denoiserPrefix);
        }

        UNet3D denoiser = Fill(new UNet3D(UNet with { GuidanceEmbeddingSize = turbo }).InComputePrecision(), _denoiser, _denoiserPrefix, [], [GuidanceKey]);
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
        return (Sum(_checkpoint, TextPrefix), Sum(_denoiser, _denoiserPrefix), Sum(_checkpoint, AutoencoderPrefix));

        static long Sum(string path, string prefix)
        {
            using IWeightFile file = WeightFiles.Open(path);
            using RenamedWeights part = Part(file, prefix);
            return part.Entries.Values.Sum(entry => entry.Elements);
        }
    }

    private static string? Checkpoint(string folder) => Single(folder, "*.ckpt", "*.safetensors");

    private static string? Single(string folder, params string[] patterns)
    {
        string[] found = [.. patterns.SelectMany(pattern => Directory.GetFiles(folder, pattern))];
        return found.Length == 1 ? found[0] : null;
    }

    private static int? Inputs(IWeightFile file, string key) => file.Entries.GetValueOrDefault(key) is { Shape.Count: 2 } entry ? (int)entry.Shape[1] : null;

    private static RenamedWeights Part(IWeightFile file, string prefix) => new(file, name =>
    {
        string inner = name.StartsWith(Wrapper, StringComparison.Ordinal) ? name[Wrapper.Length..] : name;
        return inner.StartsWith(prefix, StringComparison.Ordinal) ? inner[prefix.Length..] : null;
    });

    private static T Fill<T>(T module, string path, string prefix, IReadOnlyCollection<string>? unused = null, IReadOnlyCollection<string>? others = null)
        where T : Module
    {
        using (IWeightFile file = WeightFiles.Open(path))
        using (RenamedWeights part = Part(file, prefix))
        {
            StateLoader.Load(module, part, unused, others);
        }

        return module.ReadyForUse();
    }
}
