using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Videos;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>
/// A patch reward model on a video reward model (DESIGN D4): backbone → features on its own lattice → patch head → a map that is pooled to any grid; the video head
/// reads the same pass.
/// </summary>
/// <remarks>
/// Its folder holds <c>patch-reward.json</c>, <c>heads.safetensors</c> (patch head and video head), and where they were trained <c>adapter/</c> (peft's form) or
/// <c>network.safetensors</c> (every weight). The backbone is named by folder and by the hashes of its files and is not copied.
/// </remarks>
public sealed class PatchRewardModel : IDisposable
{
    private const string PatchHeadPrefix = "patch_head.";

    private readonly BackboneTraining _training;
    private readonly LoraAdapters? _adapters;

    private PatchRewardModel(IRewardBackbone backbone, PatchHead? patchHead, BackboneTraining training, LoraAdapters? adapters, IReadOnlyList<PatchDimension> dimensions) =>
        (Backbone, PatchHead, _training, _adapters, PatchDimensions) = (backbone, patchHead, training, adapters, dimensions);

    public IRewardBackbone Backbone { get; }

    /// <summary>Null where there are no patch labels: then it is the video reward model alone that is trained on.</summary>
    public PatchHead? PatchHead { get; }

    /// <summary>Scores of the patch head.</summary>
    public IReadOnlyList<PatchDimension> PatchDimensions { get; }

    /// <summary>Units of the ratings that the video head is trained on; null before there are any.</summary>
    public LabelScale? VideoScale { get; internal set; }

    /// <summary>A model with a fresh patch head, to be trained.</summary>
    /// <param name="backbone">Becomes the model's own.</param>
    /// <param name="dimensions">Scores of the patch head.</param>
    /// <param name="start">What is trained, and from where.</param>
    /// <param name="runSeed">Seed of the weights that are drawn.</param>
    /// <exception cref="InputException">The start cannot be trained.</exception>
    public static PatchRewardModel Create(IRewardBackbone backbone, IReadOnlyList<PatchDimension> dimensions, PatchModelStart start, long runSeed)
    {
        ArgumentNullException.ThrowIfNull(backbone);
        ArgumentNullException.ThrowIfNull(dimensions);
        ArgumentNullException.ThrowIfNull(start);
        start.Validate();
        if (start.Training == BackboneTraining.All && Compute.Precision != ScalarType.Float32)
        {
            throw new InputException($"All weights are to be trained, and --precision {Compute.PrecisionName} cannot add steps that small to them. Train adapters (--train lora) or the heads alone, or leave --precision out.");
        }

        PatchHead? head = HeadOf(backbone, dimensions);
        if (head is not null)
        {
            Initialisation.Draw(head, runSeed);
            head = head.ReadyForUse();
        }

        if (start.FromRandom)
        {
            Initialisation.Draw(backbone.Network, runSeed);
        }

        LoraAdapters? adapters = null;
        if (start.Training == BackboneTraining.Adapters)
        {
            adapters = LoraAdapters.Attach(backbone.Network, backbone.IsAdapted, start.LoraRank, start.LoraAlpha, runSeed);
        }
        else if (start.Training == BackboneTraining.Frozen)
        {
            backbone.Merge();
        }

        PatchRewardModel model = new(backbone, head, start.Training, adapters, dimensions) { VideoScale = backbone.VideoScale };
        foreach ((_, Parameter parameter) in model.TrainedParameters())
        {
            parameter.requires_grad = true;
        }

        return model;
    }

    /// <summary>Reads a model for use.</summary>
    /// <param name="folder">What <see cref="Save"/> wrote.</param>
    /// <param name="backbones">The kinds of backbones that may be named in it.</param>
    /// <exception cref="InputException">A file is missing, broken or another one, or the backbone is not the one that the model was trained on.</exception>
    public static PatchRewardModel Open(string folder, RewardBackbones backbones)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(backbones);
        PatchRewardFile file = PatchRewardFile.Read(folder);
        string backboneFolder = Path.GetFullPath(Path.Combine(folder, file.BackboneFolder));
        if (!Directory.Exists(backboneFolder))
        {
            throw new InputException($"{backboneFolder}: no such folder, and {Path.Combine(folder, PatchRewardFile.Name)} stands on the {file.Backbone} there. Put it back, or write where it lies into backboneFolder.");
        }

        IRewardBackbone backbone = backbones.Open(file.Backbone, backboneFolder);
        try
        {
            string? changed = file.BackboneFiles.Keys.Union(backbone.Hashes.Keys).FirstOrDefault(name => file.BackboneFiles.GetValueOrDefault(name) != backbone.Hashes.GetValueOrDefault(name));
            if (changed is not null)
            {
                throw new InputException($"{Path.Combine(backboneFolder, changed)}: is not the file that {folder} was trained on. Give the backbone that it was trained on.");
            }

            PatchHead? head = HeadOf(backbone, file.PatchDimensions);
            LoraAdapters? adapters = null;
            if (file.Training == BackboneTraining.Adapters)
            {
                string path = Path.Combine(folder, PatchRewardFile.AdapterFolder);
                using LoraFile trained = LoraFile.Load(path);
                adapters = LoraAdapters.Attach(backbone.Network, trained, path);
            }
            else if (file.Training == BackboneTraining.All)
            {
                string path = Path.Combine(folder, PatchRewardFile.NetworkFile);
                using IWeightFile weights = WeightFiles.Open(path);
                StateLoader.Load(backbone.Network, weights, others: [.. StateLoader.StateOf(backbone.Network).Keys.Where(name => name.StartsWith(backbone.VideoHeadPrefix, StringComparison.Ordinal))]);
            }

            PatchRewardModel model = new(backbone, head, file.Training, adapters, file.PatchDimensions) { VideoScale = file.VideoScale };
            model.LoadHeads(Path.Combine(folder, PatchRewardFile.HeadsFile));
            backbone.Merge();
            return new PatchRewardModel(backbone, head?.ReadyForUse(), file.Training, adapters, file.PatchDimensions) { VideoScale = file.VideoScale };
        }
        catch
        {
            backbone.Dispose();
            throw;
        }
    }

    /// <summary>Writes the model's folder.</summary>
    public void Save(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        List<string> files = [PatchRewardFile.HeadsFile];
        Safetensors.Save(Path.Combine(folder, PatchRewardFile.HeadsFile), HeadState());
        if (_adapters is not null)
        {
            string path = Path.Combine(folder, PatchRewardFile.AdapterFolder);
            _adapters.ToFile().SavePeft(path);
            files.AddRange(Directory.GetFiles(path).Order(StringComparer.Ordinal).Select(file => Path.GetRelativePath(folder, file)));
        }
        else if (_training == BackboneTraining.All)
        {
            files.Add(PatchRewardFile.NetworkFile);
            Safetensors.Save(
                Path.Combine(folder, PatchRewardFile.NetworkFile),
                StateLoader.StateOf(Backbone.Network).Where(item => !IsVideoHead(item.Key)).ToDictionary(item => item.Key, item => item.Value));
        }

        new PatchRewardFile(
            PatchRewardFile.Current,
            Backbone.Kind,
            Path.GetFullPath(Backbone.Folder),
            Backbone.Hashes,
            _training,
            PatchDimensions,
            VideoScale,
            files.ToDictionary(file => file, file => FileHash.Of(Path.Combine(folder, file)))).Write(folder);
    }

    /// <summary>Everything that is trained, by name: the heads, and adapters or all weights.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> TrainedParameters() =>
    [
        .. PatchHead?.named_parameters().Select(item => (PatchHeadPrefix + item.name, item.parameter)) ?? [],
        .. Backbone.Network.named_parameters().Where(item => IsVideoHead(item.name) || _training == BackboneTraining.All).Select(item => (item.name, item.parameter)),
        .. _adapters?.Parameters ?? [],
    ];

    /// <summary>Whether features of a clip stay as they are while the heads are trained.</summary>
    public bool HasFixedFeatures => _training == BackboneTraining.Frozen;

    /// <summary>The patch head's scores of cells, in its own units, with gradients.</summary>
    /// <param name="features">Of one clip.</param>
    /// <param name="cells">Any cells.</param>
    /// <returns>[D, t, h, w].</returns>
    public Tensor Patches(BackboneFeatures features, LatticeEdges cells)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        Tensor map_Dthw = (PatchHead ?? throw new InvalidOperationException("The model has no patch head.")).call(features.Places_thwC).permute(3, 0, 1, 2);
        return new LatticePooling(features.Lattice, cells).Pool(map_Dthw).MoveToOuterDisposeScope();
    }

    /// <summary>Scores a clip: one pass, whatever the number of cells.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="prompt">What it should show.</param>
    /// <param name="cells">The patches: <see cref="LatentLattice.Edges"/> of a grid on the generator's latents (DESIGN D1), or any others.</param>
    /// <exception cref="InputException">The clip or the prompt cannot be shown to the model.</exception>
    public ScoredPatches Score(VideoClip clip, string prompt, LatticeEdges cells)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return Score(Backbone.Read([Backbone.See(clip, prompt)])[0], cells);
    }

    /// <summary>The same of features.</summary>
    public ScoredPatches Score(BackboneFeatures features, LatticeEdges cells)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        double[] rewards = Numbers(Backbone.VideoRewards(features.Video_KC));
        Tensor? raw_DN = PatchHead is null ? null : Patches(features, cells).flatten(1);
        return new ScoredPatches(rewards, VideoScores(rewards), [.. PatchDimensions.Select((dimension, d) => Numbers(dimension.Scale.ToReward(raw_DN![d])))]);
    }

    /// <summary>Video rewards as the backbone's own scorer gives them.</summary>
    /// <param name="rewards">In the video head's units.</param>
    public IReadOnlyList<double> VideoScores(IReadOnlyList<double> rewards)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        return Backbone.Scores(Backbone.VideoScale is null && VideoScale is { } scale ? [.. rewards.Select(reward => (reward * scale.Deviation) + scale.Mean)] : rewards);
    }

    public void Dispose()
    {
        PatchHead?.Dispose();
        Backbone.Dispose();
    }

    internal static double[] Numbers(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }

    private static PatchHead? HeadOf(IRewardBackbone backbone, IReadOnlyList<PatchDimension> dimensions) => dimensions.Count == 0 ? null : new PatchHead(backbone.Channels, dimensions.Count);

    private bool IsVideoHead(string name) => name.StartsWith(Backbone.VideoHeadPrefix, StringComparison.Ordinal);

    private Dictionary<string, Tensor> HeadState() => (PatchHead is null ? [] : StateLoader.StateOf(PatchHead)).Select(item => KeyValuePair.Create(PatchHeadPrefix + item.Key, item.Value))
        .Concat(StateLoader.StateOf(Backbone.Network).Where(item => IsVideoHead(item.Key))).ToDictionary();

    private void LoadHeads(string path)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Dictionary<string, Tensor> given = Safetensors.Load(path);
        Dictionary<string, Tensor> own = HeadState();
        string? misfit = given.Keys.Union(own.Keys).FirstOrDefault(name => !given.TryGetValue(name, out Tensor? value) || !own.TryGetValue(name, out Tensor? expected) || !value.shape.SequenceEqual(expected.shape));
        if (misfit is not null)
        {
            string expected = own.TryGetValue(misfit, out Tensor? tensor) ? $"[{string.Join(", ", tensor.shape)}]" : "nothing of that name";
            throw new InputException($"{path}: '{misfit}' does not fit the model, which has {expected} there. Give the folder that `halolab reward train` wrote, whole.");
        }

        foreach ((string name, Tensor tensor) in own)
        {
            tensor.copy_(given[name]);
        }
    }
}
