using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>
/// Trains a denoiser on preference pairs. The model holds the reference's weights when it is given and the tuned ones at the end. Order,
/// noise and levels depend on seed, step and pair alone, so a run that was killed goes on to the same bytes, and several ranks that share every
/// batch take the same steps as one process, to rounding.
/// </summary>
public sealed class GranDpoTrainer : IDisposable
{
    private static readonly TimeSpan CacheSaveInterval = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions IdentityOptions = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly GranDpoTrainerOptions _options;
    private readonly TrainingPairs _pairs;
    private readonly IDenoiser _denoiser;
    private readonly ITrainingTarget _target;
    private readonly PairRewards _rewards;
    private readonly PairSampler _sampler;
    private readonly bool[] _hasTerm;
    private readonly Communicator _ranks;
    private readonly StepProfile? _profile;
    private readonly CellSums _cells;
    private readonly ReferenceEnergies? _reference;
    private readonly LoraAdapters? _adapters;
    private readonly FlatParameters _parameters;
    private readonly GradientReducer _reducer;
    private readonly AdamW _optimiser;
    private readonly ExponentialMovingAverage? _average;
    private readonly TrainingState _state;
    private bool _started;

    /// <param name="model">The module to train, holding the reference's weights and no adapters; its mode (train or eval) is left as it is.</param>
    /// <param name="denoiser">Calls the module.</param>
    /// <param name="target">The forward process it was trained with.</param>
    /// <param name="pairs">What to train on; stays the caller's.</param>
    /// <param name="options">Settings.</param>
    /// <param name="cacheFolder">Where reference energies are kept; arms that share reference, seed and pairs share it.</param>
    /// <param name="ranks">Ranks that train together, each holding the same model, pairs and options and seeing the same folders; null: this process alone.</param>
    /// <param name="profile">Records a few steps, or null.</param>
    /// <exception cref="InputException">A setting does not fit; the message names it.</exception>
    public GranDpoTrainer(nn.Module model, IDenoiser denoiser, ITrainingTarget target, TrainingPairs pairs, GranDpoTrainerOptions options, string cacheFolder, Communicator? ranks = null, StepProfile? profile = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_ranks, _profile) = (ranks ?? Communicator.Alone, profile);
        if (options.BatchPairs < _ranks.Size)
        {
            throw new InputException(FormattableString.Invariant($"Training setting BatchPairs is {options.BatchPairs}: expected at least 1 for each of {_ranks.Size} ranks. It is the batch of all ranks together."));
        }

        (_denoiser, _target, _pairs, _options) = (denoiser, target, pairs, options);
        LatentLattice lattice = pairs.Lattice;
        _cells = new CellSums(options.Grid, lattice.Frames, lattice.Height, lattice.Width);
        _rewards = pairs.Rewards(options.Grid, options.VideoReward);
        using (NewDisposeScope())
        {
            _hasTerm = [.. GranDpoObjective.HasTerm(_rewards, options.Objective).data<double>().ToArray().Select(has => has > 0)];
        }

        _sampler = new PairSampler(options.Seed, pairs.Pairs.Count, options.BatchPairs, options.DrawsPerPair);
        string draws = $"seed {options.Seed}, {target.Description}, {pairs.LatentsA_NCTHW.dtype}";
        string key = ReferenceEnergies.KeyOf(model.state_dict().Select(item => (item.Key, item.Value)), draws);
        if (options.Reference == ReferenceMode.Cached)
        {
            int channels = (int)pairs.LatentsA_NCTHW.shape[1];
            _reference = ReferenceEnergies.Open(Path.Combine(cacheFolder, $"reference-{key[..16]}.safetensors"), key, lattice, channels, options.ReferencePartition ?? options.Grid);
        }

        _adapters = options.AttachTo(model);
        _parameters = new FlatParameters(_adapters?.Parameters ?? model.named_parameters().Select(item => (item.name, item.parameter)));
        _reducer = new GradientReducer(model, _parameters, _ranks);
        _optimiser = new AdamW(_parameters, options.Optimiser, options.ShardsOptimiser ? _ranks : null);
        _average = options.AverageDecay is double decay ? new ExponentialMovingAverage(_parameters, decay) : null;
        _state = new TrainingState(_parameters, _optimiser, _average, Identity(key));
    }

    /// <summary>The adapters in training, or null where all parameters are trained.</summary>
    public LoraAdapters? Adapters => _adapters;

    /// <summary>Adds up the gradients of all ranks.</summary>
    internal GradientReducer Reducer => _reducer;

    /// <summary>Bytes of the optimiser's state that this rank keeps.</summary>
    public long OptimiserBytes => _optimiser.StateBytes;

    /// <summary>Number of (pair, draw) whose reference energies are known.</summary>
    public int ReferenceCount => _reference?.Count ?? 0;

    /// <summary>
    /// Trains to the end, going on from the checkpoint in <paramref name="folder"/> where there is one, and writes <c>metrics.jsonl</c> and
    /// the adapters in peft's form or <c>weights.safetensors</c> there. Can be called once.
    /// </summary>
    /// <param name="folder">Where to write.</param>
    /// <param name="advanced">Told the number of steps done, or null.</param>
    /// <param name="cancellation">Observed at every step; the state is saved first.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="InputException">The folder holds other training, or cannot be written.</exception>
    public void Run(string folder, Action<long>? advanced = null, CancellationToken cancellation = default) => Run(folder, advanced, watching: null, cancellation);

    /// <inheritdoc cref="Run(string, Action{long}, CancellationToken)"/>
    /// <param name="folder">Where to write.</param>
    /// <param name="advanced">Told the number of steps done, or null.</param>
    /// <param name="watching">Called before every step, the first after a resumption too, with the number of steps done: it may look at the model (<see cref="SaveWeights"/>) and must not change it. Null: nobody looks.</param>
    /// <param name="cancellation">Observed at every step; the state is saved first.</param>
    public void Run(string folder, Action<long>? advanced, Action<long>? watching, CancellationToken cancellation)
    {
        if (_started)
        {
            throw new InvalidOperationException("A trainer trains once: afterwards its model no longer is the reference.");
        }

        _started = true;

        // Before the checkpoint is read, while the model still is the reference.
        PrepareReference(advanced: null, cancellation);
        TrainingLoop loop = new(folder, _state, _optimiser, new GranDpoGuard(_options.Objective, _pairs.Pairs.Count), _ranks, _profile);
        JsonObject Watched(long step)
        {
            watching?.Invoke(step);
            return Line(Step(step));
        }

        loop.Run(_options.Steps, Watched, done =>
        {
            _ranks.LookForStop();
            advanced?.Invoke(done);
            cancellation.ThrowIfCancellationRequested();
        });
        if (_average is not null)
        {
            _parameters.Become(_average.Values);
        }

        if (_ranks.IsFirst)
        {
            SaveWeights(folder);
        }
    }

    public void Dispose()
    {
        _rewards.Dispose();
        _average?.Dispose();
        _optimiser.Dispose();
        _reducer.Dispose();
        _parameters.Dispose();
    }

    /// <summary>One step: both clips of every pair of this rank through the denoiser, with the same noise at the same level, all at once or one by one.</summary>
    internal GranDpoStep Step(long step)
    {
        // Every step begins with the same memory, however many came before it.
        FreedMemory.CloseGaps();
        using var scope = NewDisposeScope();
        _profile?.Phase("batch");
        (int Pair, int Draw)[] ofAllRanks = _sampler.Batch(step);
        (int Pair, int Draw)[] batch = ofAllRanks[_ranks.PartOf(ofAllRanks.Length)];
        int B = batch.Length;
        (TrainingExample example, Tensor context_2BLD) = Examples(batch);
        _profile?.Phase("reference");
        (PatchEnergies referenceA, PatchEnergies referenceB) = Reference(batch, example, context_2BLD);

        _profile?.Phase(_options.TwoPass ? "first pass" : "forward");
        PatchEnergies OfClip(int clip) => Energies(example.Rows(clip, 1), context_2BLD.narrow(0, clip, 1));
        PatchEnergies SendingWithTheLast(int clip)
        {
            if (clip == (2 * B) - 1)
            {
                _reducer.BeginPass();
            }

            return OfClip(clip);
        }

        if (!_options.TwoPass)
        {
            _reducer.BeginPass();
        }

        PatchEnergies policy = _options.TwoPass ? ClipByClip.Energies(2 * B, OfClip) : Energies(example, context_2BLD);
        _profile?.Phase("loss");
        (PatchEnergies policyA, PatchEnergies policyB) = (policy.Rows(0, B), policy.Rows(B, B));
        PairRewards rewards = _rewards.Rows([.. batch.Select(item => (long)item.Pair)]);
        Tensor cells_thw = _cells.Counts(channels: 1, policyA.Cells_Bthw.dtype, policyA.Cells_Bthw.device);
        GranDpoLoss loss = GranDpoObjective.Compute(policyA, policyB, referenceA, referenceB, rewards, _options.Objective, cells_thw, ofAllRanks.Count(item => _hasTerm[item.Pair]));

        _profile?.Phase("backward");
        loss.Loss.backward();
        if (_options.TwoPass)
        {
            _profile?.Phase("second pass");
            ClipByClip.Backward(policy, SendingWithTheLast, _profile);
        }

        _profile?.Phase("all-reduce");
        _reducer.EndPass();
        _profile?.Phase("metrics");
        GranDpoMetrics metrics = GranDpoMetrics.Measure(loss, policyA, policyB, referenceA, referenceB, _options.Objective, _ranks);
        double rate = LearningRateSchedule.WarmUp(_options.LearningRate, _options.WarmUpSteps, step);
        double norm = _optimiser.Step(rate, _profile);
        if (_average is not null)
        {
            _profile?.Phase("moving average");
            _average.Update();
        }

        return new GranDpoStep(metrics, norm, rate);
    }

    private (TrainingExample Example, Tensor Context_2BLD) Examples((int Pair, int Draw)[] batch)
    {
        Device device = _pairs.LatentsA_NCTHW.device;
        long[] shape = _pairs.LatentsA_NCTHW.shape[1..];
        float[] noise = new float[batch.Length * shape.Aggregate(1L, (product, length) => product * length)];
        float[] levels = new float[batch.Length];
        int size = noise.Length / batch.Length;
        for (int i = 0; i < batch.Length; i++)
        {
            RandomStream stream = new(_options.Seed, "training noise " + _pairs.Pairs[batch[i].Pair].Id, batch[i].Draw);
            levels[i] = (float)_target.DrawLevel(stream);
            foreach (ref float value in noise.AsSpan(i * size, size))
            {
                value = (float)stream.NextGaussian();
            }
        }

        Tensor rows_B = tensor(batch.Select(item => (long)item.Pair).ToArray(), device: device);
        Tensor contextRows_B = tensor(batch.Select(item => (long)_pairs.ContextOf[item.Pair]).ToArray(), device: device);
        Tensor clean_2BCTHW = cat([_pairs.LatentsA_NCTHW.index_select(0, rows_B), _pairs.LatentsB_NCTHW.index_select(0, rows_B)]);
        Tensor noise_BCTHW = tensor(noise, [batch.Length, .. shape], device: device).to(clean_2BCTHW.dtype);
        Tensor level_B = tensor(levels, device: device);
        Tensor context_BLD = _pairs.Context_PLD.index_select(0, contextRows_B);
        return (_target.Example(clean_2BCTHW, cat([noise_BCTHW, noise_BCTHW]), cat([level_B, level_B])), cat([context_BLD, context_BLD]));
    }

    private (PatchEnergies A, PatchEnergies B) Reference((int Pair, int Draw)[] batch, TrainingExample example, Tensor context_2BLD)
    {
        if (_reference is not null)
        {
            return _reference.Get([.. batch.Select(Entry)], _options.Grid, example.Noisy_BCTHW.device);
        }

        using var noGradient = no_grad();
        PatchEnergies energies = PatchEnergies.FromSums(ReferenceSums(example, context_2BLD, _cells), example.Target_BCTHW.shape[1], _cells);
        return (energies.Rows(0, batch.Length), energies.Rows(batch.Length, batch.Length));
    }

    private Tensor ReferenceSums(TrainingExample example, Tensor context_2BLD, CellSums cells)
    {
        _adapters?.Enable(false);
        try
        {
            return _options.TwoPass
                ? cat([.. Enumerable.Range(0, (int)context_2BLD.shape[0]).Select(clip => ErrorSums(example.Rows(clip, 1), context_2BLD.narrow(0, clip, 1), cells))])
                : ErrorSums(example, context_2BLD, cells);
        }
        finally
        {
            _adapters?.Enable(true);
        }
    }

    private PatchEnergies Energies(TrainingExample example, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        return PatchEnergies.FromSums(ErrorSums(example, context_BLD, _cells), example.Target_BCTHW.shape[1], _cells).MoveToOuterDisposeScope();
    }

    private Tensor ErrorSums(TrainingExample example, Tensor context_BLD, CellSums cells)
    {
        using var scope = NewDisposeScope();
        Tensor prediction_BCTHW = _denoiser.Predict(example.Noisy_BCTHW, example.Timestep_B, context_BLD);
        return PatchEnergies.SquaredErrorSums(prediction_BCTHW, example.Target_BCTHW, cells).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Fills the cache with what the steps will ask for, step by step with the batches of training: at step 0 the policy then does the same
    /// arithmetic as the reference did, and its present terms are ln 2 exactly.
    /// </summary>
    /// <param name="advanced">Told the number of steps whose reference is known, or null.</param>
    /// <param name="cancellation">Observed at every step; the cache is saved first.</param>
    internal void PrepareReference(Action<long>? advanced, CancellationToken cancellation)
    {
        if (_reference is not { } cache)
        {
            return;
        }

        CellSums cells = new(cache.Partition, cache.Lattice.Frames, cache.Lattice.Height, cache.Lattice.Width);
        int before = cache.Count;
        Stopwatch sinceSave = Stopwatch.StartNew();
        using var noGradient = no_grad();
        try
        {
            for (long step = 0; step < _options.Steps; step++)
            {
                (int Pair, int Draw)[] batch = _sampler.Batch(step);
                if (batch.All(item => cache.Contains(Entry(item).Pair, item.Draw)))
                {
                    continue;
                }

                _ranks.LookForStop();
                cancellation.ThrowIfCancellationRequested();
                AddReference(batch, cache, cells);
                advanced?.Invoke(step + 1);
                if (_ranks.IsFirst && sinceSave.Elapsed > CacheSaveInterval)
                {
                    cache.Save();
                    sinceSave.Restart();
                }
            }
        }
        finally
        {
            if (_ranks.IsFirst && cache.Count > before)
            {
                cache.Save();
            }
        }

        // A training step does not fit into the gaps that these passes leave: at its peak it would have them beside it.
        FreedMemory.GiveBack();
    }

    private void AddReference((int Pair, int Draw)[] batch, ReferenceEnergies cache, CellSums cells)
    {
        FreedMemory.CloseGaps();
        using var scope = NewDisposeScope();
        (int start, int count) = _ranks.PartOf(batch.Length).GetOffsetAndLength(batch.Length);
        (TrainingExample example, Tensor context_2BLD) = Examples(batch[start..(start + count)]);
        int size = cache.Partition.Count;

        // Every rank does its part and gets to know the others', zeros that theirs are added to.
        Tensor sums_B2N = zeros(batch.Length, 2, size);
        sums_B2N.narrow(0, start, count).copy_(ReferenceSums(example, context_2BLD, cells).reshape(2, count, size).transpose(0, 1));
        _ranks.Sum(sums_B2N);
        float[] sums = sums_B2N.data<float>().ToArray();
        for (int i = 0; i < batch.Length; i++)
        {
            cache.Add(Entry(batch[i]).Pair, batch[i].Draw, sums.AsSpan(2 * i * size, size), sums.AsSpan(((2 * i) + 1) * size, size));
        }
    }

    private (string Pair, int Draw) Entry((int Pair, int Draw) item) => (_pairs.ContentIds[item.Pair], item.Draw);

    /// <summary>Writes the weights as they are: the adapters in peft's form, or <c>weights.safetensors</c>.</summary>
    public void SaveWeights(string folder)
    {
        if (_adapters is not null)
        {
            _adapters.ToFile().SavePeft(folder);
            return;
        }

        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> weights = _parameters.ByName(_average?.Values ?? _parameters.Values);
        Safetensors.Save(Path.Combine(folder, "weights.safetensors"), weights);
    }

    /// <summary>Hash of everything that decides the trained weights: a checkpoint of anything else is refused.</summary>
    private string Identity(string referenceKey)
    {
        using var scope = NewDisposeScope();
        string rewards = TensorHash.Compute([("va", _rewards.VideoA_B), ("vb", _rewards.VideoB_B), ("pa", _rewards.PatchA_Bthw), ("pb", _rewards.PatchB_Bthw)]);
        string text = string.Join('\n', [JsonSerializer.Serialize(_options, IdentityOptions), referenceKey, rewards, .. _pairs.Pairs.Select(pair => pair.Id), .. _pairs.ContentIds]);
        return Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    private static JsonObject Line(GranDpoStep step)
    {
        GranDpoMetrics metrics = step.Metrics;
        JsonObject line = new()
        {
            ["loss"] = metrics.Loss,
            ["video_accuracy"] = metrics.VideoAccuracy,
            ["patch_accuracy"] = metrics.PatchAccuracy,
            ["video_saturated"] = metrics.VideoSaturated,
            ["patch_saturated"] = metrics.PatchSaturated,
            ["untied_pairs"] = metrics.UntiedPairs,
            ["untied_patches"] = metrics.UntiedPatches,
            ["gradient_norm"] = step.GradientNorm,
            ["learning_rate"] = step.LearningRate,
        };
        foreach ((string name, SideErrors errors) in new[] { ("video", metrics.Video), ("patch", metrics.Patch) })
        {
            line[name + "_error_better"] = errors.PolicyBetter;
            line[name + "_error_worse"] = errors.PolicyWorse;
            line[name + "_reference_error_better"] = errors.ReferenceBetter;
            line[name + "_reference_error_worse"] = errors.ReferenceWorse;
        }

        return line;
    }
}
