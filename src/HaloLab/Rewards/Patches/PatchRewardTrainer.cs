using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Videos;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>Trains a <see cref="PatchRewardModel"/> on grades of patches, ratings and comparisons of clips (DESIGN D4).</summary>
public sealed class PatchRewardTrainer
{
    private readonly PatchRewardModel _model;
    private readonly RewardLabels _labels;
    private readonly PatchRewardTrainingOptions _options;
    private readonly BackboneCache _cache;
    private readonly Func<int, PatchGrid, LatticeEdges> _cells;
    private readonly PatchRewardBatches _batches;
    private readonly long _runSeed;
    private readonly Dictionary<(int Clip, int Dimension), double> _meanRating;
    private readonly ILookup<int, PatchGrade> _patches;

    /// <param name="model">Trained in place.</param>
    /// <param name="labels">What it is trained on.</param>
    /// <param name="options">Losses and budget. A loss without a label is left out.</param>
    /// <param name="cache">Features or views of every clip of the labels.</param>
    /// <param name="cells">Where the cells of a grid lie in a clip.</param>
    /// <param name="runSeed">Seed of the order of the labels.</param>
    /// <exception cref="InputException">There is no label for any loss whose weight is above 0.</exception>
    public PatchRewardTrainer(
        PatchRewardModel model, RewardLabels labels, PatchRewardTrainingOptions options, BackboneCache cache, Func<int, PatchGrid, LatticeEdges> cells, long runSeed)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(cells);
        options.Validate();
        (_model, _labels, _options, _cache, _cells, _runSeed) = (model, labels, options, cache, cells, runSeed);
        _meanRating = labels.Ratings.GroupBy(rating => (rating.Clip, rating.Dimension)).ToDictionary(group => group.Key, group => group.Sum(rating => rating.Value * rating.Weight) / group.Sum(rating => rating.Weight));
        _patches = labels.Patches.ToLookup(grade => grade.Clip);
        bool needsRatings = options.PairLoss is PairLossKind.Margin or PairLossKind.Scaled;
        if (needsRatings && labels.Comparisons.Count > 0 && options.VideoWeight > 0 && !labels.Comparisons.Any(HasScores))
        {
            throw new InputException($"The loss {options.PairLoss} needs ratings of the clips that are compared, and no compared pair has them. Choose another with --pair-loss.");
        }

        _batches = new PatchRewardBatches(labels, options, runSeed);
        if (labels.Ratings.Count > 0 && options.VideoWeight > 0)
        {
            model.VideoScale ??= LabelScale.Of(labels.Ratings.Select(rating => rating.Value));
        }
    }

    /// <summary>
    /// Trains. Killed at any moment and called again with the same arguments (the same first weights too) it goes on from its last checkpoint to the same bits. The best
    /// weights by <paramref name="agreement"/> are left in the model.
    /// </summary>
    /// <param name="folder">Gets <c>training.safetensors</c>, <c>metrics.jsonl</c> (one line a step) and <c>evaluations.jsonl</c>.</param>
    /// <param name="agreement">Measures the model on other prompts; higher is better.</param>
    /// <param name="advanced">Told the number of steps done.</param>
    /// <param name="cancellation">Stops after a step, once the state is saved.</param>
    public void Train(string folder, Func<double> agreement, Action<long>? advanced = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(agreement);
        (string Name, Parameter Parameter)[] trained = [.. _model.TrainedParameters()];
        string identity = string.Create(
            CultureInfo.InvariantCulture,
            $"patch reward model; seed {_runSeed}; labels {_labels.ContentHash()}; backbone {_cache.BackboneHash}; {JsonSerializer.Serialize(_options)}; from {TensorHash.Compute(trained.Select(item => (item.Name, (Tensor)item.Parameter)))}");
        EarlyStopping stopping = new(folder, _options.EvaluateEvery, _options.Patience, _ => agreement());
        SupervisedTraining.Run(
            trained,
            _options.Budget,
            identity,
            folder,
            step => Loss(_batches.Of(step)),
            done =>
            {
                advanced?.Invoke(done);
                cancellation.ThrowIfCancellationRequested();
            },
            stopping);
    }

    private (Tensor Loss, JsonObject Metrics) Loss(PatchRewardBatch batch)
    {
        int[] clips = [.. batch.Clips];
        return _model.HasFixedFeatures ? Loss(batch, clips, [.. clips.Select(clip => _cache.Features(_labels.Clips[clip]))])
            : clips.Length <= _model.Backbone.ClipsAtOnce ? Loss(batch, clips, Read(clips))
            : LossClipByClip(batch, clips);
    }

    /// <summary>
    /// The same loss and gradients with the activations of few clips in memory at a time (gradient caching: Gao et al. 2021, arXiv 2101.06983): a pass over all clips without
    /// gradients, the gradients of the loss with respect to their features, and a second pass that carries these on into the backbone. What is returned carries the heads' own.
    /// </summary>
    private (Tensor Loss, JsonObject Metrics) LossClipByClip(PatchRewardBatch batch, int[] clips)
    {
        int[][] chunks = [.. clips.Chunk(_model.Backbone.ClipsAtOnce)];
        List<BackboneFeatures> features = [];
        using (no_grad())
        {
            foreach (int[] chunk in chunks)
            {
                features.AddRange(Read(chunk));
            }
        }

        HashSet<int> graded = [.. batch.Graded];
        HashSet<int> judged = [.. batch.Comparisons.SelectMany(pair => new[] { pair.A, pair.B }), .. batch.Rated.Select(rating => rating.Clip)];
        foreach ((int i, BackboneFeatures own) in features.Index())
        {
            own.Places_thwC.requires_grad = graded.Contains(clips[i]);
            own.Video_KC.requires_grad = judged.Contains(clips[i]);
        }

        (Tensor loss, JsonObject metrics) = Loss(batch, clips, features);
        Tensor[] leaves = [.. features.SelectMany(Parts).Where(part => part.requires_grad)];
        Queue<Tensor> gradients = new(autograd.grad([loss], leaves, retain_graph: true));
        int place = 0;
        foreach (int[] chunk in chunks)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor carried = zeros(1, device: loss.device).sum();
            foreach (BackboneFeatures again in Read(chunk))
            {
                foreach ((Tensor part, Tensor leaf) in Parts(again).Zip(Parts(features[place++])).Where(pair => pair.Second.requires_grad))
                {
                    carried = carried.add(part.mul(gradients.Dequeue()).sum());
                }
            }

            carried.backward();
        }

        return (loss, metrics);

        static Tensor[] Parts(BackboneFeatures of) => [of.Places_thwC, of.Video_KC];
    }

    private IReadOnlyList<BackboneFeatures> Read(int[] clips) => _model.Backbone.Read([.. clips.Select(clip => _cache.View(_labels.Clips[clip]))]);

    private (Tensor Loss, JsonObject Metrics) Loss(PatchRewardBatch batch, int[] clips, IReadOnlyList<BackboneFeatures> given)
    {
        Dictionary<int, BackboneFeatures> features = clips.Zip(given).ToDictionary(item => item.First, item => item.Second);
        JsonObject metrics = [];
        Tensor loss = zeros(1, device: Compute.Device).sum();
        if (batch.Comparisons.Count + batch.Rated.Count > 0)
        {
            Dictionary<int, Tensor> rewards_D = batch.Comparisons.SelectMany(pair => new[] { pair.A, pair.B }).Concat(batch.Rated.Select(rating => rating.Clip)).Distinct()
                .ToDictionary(clip => clip, clip => _model.Backbone.VideoRewards(features[clip].Video_KC));
            if (batch.Comparisons.Count > 0)
            {
                loss += Add("pair_loss", _options.VideoWeight, PairLoss(batch.Comparisons, rewards_D));
            }

            if (batch.Rated.Count > 0)
            {
                loss += Add("rating_loss", _options.VideoWeight, RatingLoss(batch.Rated, rewards_D));
            }
        }

        if (batch.Graded.Count > 0)
        {
            loss += Add("patch_loss", _options.PatchWeight, PatchLoss(batch.Graded, features));
        }

        return (loss, metrics);

        Tensor Add(string name, double weight, Tensor value)
        {
            metrics[name] = value.item<float>();
            return weight * value;
        }
    }

    private Tensor PairLoss(IReadOnlyList<ClipComparison> pairs, Dictionary<int, Tensor> rewards_D)
    {
        Tensor a_N = stack([.. pairs.Select(pair => rewards_D[pair.A][pair.Dimension])]);
        Tensor b_N = stack([.. pairs.Select(pair => rewards_D[pair.B][pair.Dimension])]);
        bool needsRatings = _options.PairLoss is PairLossKind.Margin or PairLossKind.Scaled;
        PairLabel[] labels = [.. pairs.Select(pair => needsRatings && !HasScores(pair) ? PairLabel.Invalid : pair.Label)];
        RewardLoss loss = _options.PairLoss switch
        {
            PairLossKind.BradleyTerry => RewardLosses.BradleyTerry(a_N, b_N, labels),
            PairLossKind.BradleyTerryWithTies => RewardLosses.BradleyTerryWithTies(a_N, b_N, _options.TieParameter, labels),
            PairLossKind.Margin => RewardLosses.Margin(a_N, b_N, Ratings(pair => pair.A), Ratings(pair => pair.B), labels),
            PairLossKind.ConstantMargin => RewardLosses.ConstantMargin(a_N, b_N, _options.Margin, labels),
            _ => RewardLosses.Scaled(a_N, b_N, Ratings(pair => pair.A), Ratings(pair => pair.B), labels),
        };
        Tensor counts_N = RewardLosses.Counting(labels, a_N, countTies: _options.PairLoss == PairLossKind.BradleyTerryWithTies);
        return RewardLosses.Weighted(loss, Floats(pairs.Select(pair => pair.Weight)), counts_N, _options.Mean).Loss;

        // A pair without ratings is masked; its margin is 0 so that nothing undefined meets the loss.
        Tensor Ratings(Func<ClipComparison, int> side) => Floats(pairs.Select(pair => _meanRating.GetValueOrDefault((side(pair), pair.Dimension))));
    }

    private Tensor RatingLoss(IReadOnlyList<ClipRating> ratings, Dictionary<int, Tensor> rewards_D)
    {
        Tensor reward_N = stack([.. ratings.Select(rating => rewards_D[rating.Clip][rating.Dimension])]);
        Tensor square_N = (reward_N - _model.VideoScale!.Value.FromLabel(Floats(ratings.Select(rating => rating.Value)))).square();
        return RewardLosses.Weighted(new RewardLoss(square_N.mean(), square_N), Floats(ratings.Select(rating => rating.Weight)), ones_like(square_N)).Loss;
    }

    /// <summary>Every graded patch of the clips, whatever its grid; each clip's map is made once and pooled to each of its grids.</summary>
    private Tensor PatchLoss(IReadOnlyList<int> clips, Dictionary<int, BackboneFeatures> features)
    {
        List<Tensor> losses = [];
        List<Tensor> weights = [];
        List<(Tensor Scores_E, PatchGrade[] Grades, int Dimension)> parts = [];
        foreach (int clip in clips)
        {
            foreach (IGrouping<PatchGrid, PatchGrade> onGrid in _patches[clip].GroupBy(grade => grade.Grid))
            {
                Tensor scores_DN = _model.Patches(features[clip], _cells(clip, onGrid.Key)).flatten(1);
                foreach (IGrouping<int, PatchGrade> inDimension in onGrid.GroupBy(grade => grade.Dimension))
                {
                    PatchGrade[] grades = [.. inDimension];
                    parts.Add((scores_DN[inDimension.Key].index_select(0, tensor(grades.Select(grade => (long)grade.Cell).ToArray(), device: scores_DN.device)), grades, inDimension.Key));
                }
            }
        }

        foreach (IGrouping<int, (Tensor Scores_E, PatchGrade[] Grades, int Dimension)> inDimension in parts.GroupBy(part => part.Dimension))
        {
            LabelScale scale = _model.PatchDimensions[inDimension.Key].Scale;
            Tensor scores_E = cat([.. inDimension.Select(part => part.Scores_E)]);
            Tensor grades_E = Floats(inDimension.SelectMany(part => part.Grades).Select(grade => grade.Value));
            losses.Add(scale.Grades is { } range
                ? RewardLosses.CensoredRegression(scale.ToLabel(scores_E), grades_E, range).PerEntry_N
                : (scores_E - scale.FromLabel(grades_E)).square());
            weights.Add(Floats(inDimension.SelectMany(part => part.Grades).Select(grade => grade.Weight)));
        }

        Tensor all_E = cat(losses);
        return RewardLosses.Weighted(new RewardLoss(all_E.mean(), all_E), cat(weights), ones_like(all_E)).Loss;
    }

    private bool HasScores(ClipComparison pair) => _meanRating.ContainsKey((pair.A, pair.Dimension)) && _meanRating.ContainsKey((pair.B, pair.Dimension));

    private static Tensor Floats(IEnumerable<double> values) => tensor(values.Select(value => (float)value).ToArray(), device: Compute.Device);
}
