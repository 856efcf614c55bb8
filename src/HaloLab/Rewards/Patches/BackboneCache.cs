using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>
/// What a backbone makes of each clip, one file a clip, made once: its features where it stays as it is, else what it is shown; and the video rewards that it gives before any
/// training. A file says which clip, prompt and backbone it is of and holds a hash of its values. What does not agree is refused, never used and never overwritten.
/// </summary>
public sealed class BackboneCache
{
    private const string DescriptionFile = "cache.json";
    private const string Places = "features.places";
    private const string Video = "features.video";
    private const string ViewPrefix = "view.";
    private const string LatticePrefix = "lattice.";
    private const string Size = "size";
    private const string Rewards = "rewards";
    private const int NameDigits = 16;

    private readonly string _folder;
    private readonly string _backbone;
    private readonly bool _holdsFeatures;

    private BackboneCache(string folder, string backbone, bool holdsFeatures) => (_folder, _backbone, _holdsFeatures) = (folder, backbone, holdsFeatures);

    /// <summary>Hash of the backbone's kind and files.</summary>
    public string BackboneHash => _backbone;

    /// <summary>Takes a folder for a backbone.</summary>
    /// <param name="folder">Made when needed.</param>
    /// <param name="backbone">Whose features they are.</param>
    /// <param name="holdsFeatures">Whether features are kept, or what the backbone is shown.</param>
    /// <exception cref="InputException">The folder was begun with another backbone, or cannot be written.</exception>
    public static BackboneCache Open(string folder, IRewardBackbone backbone, bool holdsFeatures)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(backbone);
        string path = Path.Combine(folder, DescriptionFile);
        Dictionary<string, string> files = backbone.Hashes.ToDictionary(item => item.Key.Replace('\\', '/'), item => item.Value);
        Description own = new(Compute.Precision == ScalarType.Float32 ? backbone.Kind : $"{backbone.Kind} in {Compute.PrecisionName}", new SortedDictionary<string, string>(files, StringComparer.Ordinal));
        if (File.Exists(path))
        {
            Description begun = ReadDescription(path);
            string? changed = begun.Files.Keys.Union(own.Files.Keys).FirstOrDefault(name => begun.Files.GetValueOrDefault(name) != own.Files.GetValueOrDefault(name));
            if (begun.Backbone != own.Backbone || changed is not null)
            {
                throw new InputException($"{folder}: is stale: it was made by another backbone ({(begun.Backbone != own.Backbone ? $"{begun.Backbone}, not {own.Backbone}" : $"{changed} has changed since")}). Delete the folder, or give another --out.");
            }
        }
        else
        {
            AtomicFile.WriteAllText(path, JsonSerializer.Serialize(own));
        }

        return new BackboneCache(folder, FileHash.OfAll(new Dictionary<string, string>(own.Files) { ["kind"] = own.Backbone }), holdsFeatures);
    }

    /// <summary>Makes what is missing and checks what is there.</summary>
    /// <param name="clips">The clips.</param>
    /// <param name="read">Decodes a clip.</param>
    /// <param name="backbone">The backbone, untrained.</param>
    /// <param name="report">Told the number of clips done; may throw <see cref="OperationCanceledException"/>: what was made stays.</param>
    /// <exception cref="InputException">A file is stale or broken, or a clip cannot be shown to the backbone.</exception>
    public void Fill(IReadOnlyList<LabelledClip> clips, Func<string, VideoClip> read, IRewardBackbone backbone, Action<int> report)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(backbone);
        ArgumentNullException.ThrowIfNull(report);
        using var noGradient = no_grad();
        for (int i = 0; i < clips.Count; i++)
        {
            using var scope = NewDisposeScope();
            string path = PathOf(clips[i]);
            if (File.Exists(path))
            {
                Check(path, clips[i]);
            }
            else
            {
                VideoClip clip = read(clips[i].Clip);
                Write(path, clips[i], clip, backbone);
            }

            report(i + 1);
        }
    }

    /// <summary>The features of a clip, on <see cref="Compute.Device"/>, for the caller's dispose scope.</summary>
    public BackboneFeatures Features(LabelledClip clip)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Safetensors.Load(PathOf(clip));
        return new BackboneFeatures(tensors[Places].to(Compute.Device).MoveToOuterDisposeScope(), tensors[Video].to(Compute.Device).MoveToOuterDisposeScope(), Lattice(tensors));
    }

    /// <summary>What the backbone is shown of a clip, for the caller's dispose scope.</summary>
    public BackboneView View(LabelledClip clip)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Safetensors.Load(PathOf(clip));
        Dictionary<string, Tensor> view = tensors.Where(item => item.Key.StartsWith(ViewPrefix, StringComparison.Ordinal))
            .ToDictionary(item => item.Key[ViewPrefix.Length..], item => item.Value.MoveToOuterDisposeScope());
        return new BackboneView(view, Lattice(tensors));
    }

    /// <summary>Frames, height and width of a clip, and the video rewards of the untrained backbone in its head's units.</summary>
    public (int Frames, int Height, int Width, IReadOnlyList<double> Rewards) Known(LabelledClip clip)
    {
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(PathOf(clip));
        long[] size = file.Read(Size).data<long>().ToArray();
        return ((int)size[0], (int)size[1], (int)size[2], file.Read(Rewards).data<double>().ToArray());
    }

    private string PathOf(LabelledClip clip) => Path.Combine(_folder, $"{clip.Clip.Replace(':', '-')[..Math.Min(NameDigits, clip.Clip.Length)]}-{HashOf(clip.Prompt)[..NameDigits]}-{(_holdsFeatures ? "features" : "view")}.safetensors");

    private void Write(string path, LabelledClip clip, VideoClip video, IRewardBackbone backbone)
    {
        BackboneView view;
        try
        {
            view = backbone.See(video, clip.Prompt);
        }
        catch (InputException exception)
        {
            throw new InputException($"The clip {clip.Clip} ({clip.Prompt}): {exception.Message}", exception);
        }

        BackboneFeatures features = backbone.Read([view])[0];
        Dictionary<string, Tensor> tensors = new()
        {
            [LatticePrefix + nameof(LatticeEdges.Time)] = tensor(view.Lattice.Time),
            [LatticePrefix + nameof(LatticeEdges.Height)] = tensor(view.Lattice.Height),
            [LatticePrefix + nameof(LatticeEdges.Width)] = tensor(view.Lattice.Width),
            [Size] = tensor(new long[] { video.Frames, video.Height, video.Width }),
            [Rewards] = backbone.VideoRewards(features.Video_KC).cpu().to(ScalarType.Float64),
        };
        if (_holdsFeatures)
        {
            tensors[Places] = features.Places_thwC;
            tensors[Video] = features.Video_KC;
        }
        else
        {
            foreach ((string name, Tensor value) in view.Tensors)
            {
                tensors[ViewPrefix + name] = value;
            }
        }

        Safetensors.Save(path, tensors, new Dictionary<string, string>
        {
            ["clip"] = clip.Clip,
            ["prompt"] = HashOf(clip.Prompt),
            ["backbone"] = _backbone,
            ["values"] = TensorHash.Compute(tensors.Select(item => (item.Key, item.Value))),
        });
    }

    private void Check(string path, LabelledClip clip)
    {
        Dictionary<string, Tensor> tensors = Safetensors.Load(path, out Dictionary<string, string> metadata);
        bool isOfClip = metadata.GetValueOrDefault("clip") == clip.Clip && metadata.GetValueOrDefault("prompt") == HashOf(clip.Prompt);
        bool isOfBackbone = metadata.GetValueOrDefault("backbone") == _backbone;
        if (!isOfClip || !isOfBackbone || metadata.GetValueOrDefault("values") != TensorHash.Compute(tensors.Select(item => (item.Key, item.Value))))
        {
            throw new InputException($"{path}: is stale: {(!isOfClip ? "it is of another clip or prompt" : !isOfBackbone ? "it was made by another backbone" : "its values are not those that were written")}. Delete it, or give another --out.");
        }
    }

    private static LatticeEdges Lattice(Dictionary<string, Tensor> tensors) => new(
        tensors[LatticePrefix + nameof(LatticeEdges.Time)].data<double>().ToArray(),
        tensors[LatticePrefix + nameof(LatticeEdges.Height)].data<double>().ToArray(),
        tensors[LatticePrefix + nameof(LatticeEdges.Width)].data<double>().ToArray());

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static Description ReadDescription(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Description>(File.ReadAllBytes(path)) is { Backbone: not null, Files: not null } read ? read : throw new JsonException("a field is missing");
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Delete the folder, or give another --out.", exception);
        }
    }

    private sealed record Description(string Backbone, SortedDictionary<string, string> Files);
}
