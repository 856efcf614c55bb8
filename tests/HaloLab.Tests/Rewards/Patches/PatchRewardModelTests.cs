using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Preferences.Labels;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Rewards.VideoReward;
using HaloLab.Rewards.VideoScore;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards.Patches;

/// <summary>Patch heads on tiny backbones in the published layouts.</summary>
public sealed class PatchRewardModelTests : IDisposable
{
    private const string Prompt = "a red circle moving left on a dark background";
    private static readonly PatchGrid Grid = new(2, 2, 2);
    private static readonly PatchDimension[] Dimensions = [new("local defect", new LabelScale(4, 0.8, new GradeRange(1, 5))), new("visual quality", new LabelScale(3, 1))];
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-patches").FullName;

    public static TheoryData<string> Kinds => ["videoreward", "videoscore", "viclip", "toy"];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void OnePassGivesEveryPatchAndTheVideoRewardsOfTheScorerItself(string kind)
    {
        VideoClip clip = TinyScorers.NoiseClip(1);
        CountingBackbone backbone = new(Open(kind));
        using PatchRewardModel model = PatchRewardModel.Create(backbone, Dimensions, new PatchModelStart(BackboneTraining.Frozen), 1);
        LatticeEdges cells = new PatchScoring().Cells(new PatchGrid(4, 5, 3), clip.Frames, clip.Height, clip.Width);
        ScoredPatches scored = model.Score(clip, Prompt, cells);
        Assert.Equal(1, backbone.Passes);

        // Each patch by itself: the mean of the head's scores over the places, weighted by how much of the patch's box each covers.
        using DisposeScope scope = NewDisposeScope();
        BackboneFeatures features = backbone.Read([backbone.See(clip, Prompt)])[0];
        Tensor map_thwD = model.PatchHead!.call(features.Places_thwC).detach();
        (int time, int height, int width) = ((int)map_thwD.shape[0], (int)map_thwD.shape[1], (int)map_thwD.shape[2]);
        for (int d = 0; d < Dimensions.Length; d++)
        {
            int cell = 0;
            for (int t = 0; t < 4; t++)
            {
                for (int h = 0; h < 5; h++)
                {
                    for (int w = 0; w < 3; w++, cell++)
                    {
                        double mean = 0;
                        for (int i = 0; i < time; i++)
                        {
                            for (int j = 0; j < height; j++)
                            {
                                for (int k = 0; k < width; k++)
                                {
                                    double share = Overlap(features.Lattice.Time, i, cells.Time, t) * Overlap(features.Lattice.Height, j, cells.Height, h) * Overlap(features.Lattice.Width, k, cells.Width, w);
                                    mean += share == 0 ? 0 : share * map_thwD[i, j, k, d].item<float>();
                                }
                            }
                        }

                        LabelScale scale = Dimensions[d].Scale;
                        double expected = (mean * scale.Deviation) + scale.Mean;
                        Assert.Equal(scale.Grades is { } grades ? Math.Clamp(expected, grades.Worst, grades.Best) : expected, scored.Patches[d][cell], 1e-4);
                    }
                }
            }
        }

        Assert.Equal(60, scored.Mean().Length);
        Assert.True(scored.Patches[1].Distinct().Count() > 5);
        if (kind is "videoreward" or "videoscore")
        {
            using IVideoScorer scorer = kind == "videoreward" ? VideoRewardScorer.Open(backbone.Folder) : VideoScoreScorer.Open(backbone.Folder);
            IReadOnlyList<double> published = scorer.Score(clip, Prompt);
            Assert.Equal(published, scored.Video.Take(published.Count), (a, b) => Math.Abs(a - b) < 1e-4);
            Assert.Equal(kind == "videoreward" ? published.Take(3).Sum() : published.Average(), scored.Video[^1], 1e-4);
        }
    }

    [Fact]
    public void ViClipStartsAsItsCosineAndSeesWhatFitsThePrompt()
    {
        VideoClip clip = TinyScorers.NoiseClip(1);
        using ViClipBackbone backbone = ViClipBackbone.Open(TinyScorers.ViClip(_folder));
        using DisposeScope scope = NewDisposeScope();
        BackboneFeatures features = backbone.Read([backbone.See(clip, Prompt)])[0];
        double cosine = backbone.VideoRewards(features.Video_KC)[0].item<float>();
        Assert.InRange(cosine, -1, 1);
        Assert.Equal([8, 4, 4, 56], features.Places_thwC.shape);

        // The last 24 channels' mean is the cosine of a place with the prompt; another prompt changes these and no others.
        BackboneFeatures other = backbone.Read([backbone.See(clip, "snow")])[0];
        Assert.True(features.Places_thwC.narrow(3, 0, 32).equal(other.Places_thwC.narrow(3, 0, 32)).all().item<bool>() || features.Places_thwC.narrow(3, 0, 32).allclose(other.Places_thwC.narrow(3, 0, 32)));
        Tensor cosines_thw = features.Places_thwC.narrow(3, 32, 24).mean([3]);
        Assert.InRange(cosines_thw.abs().max().item<float>(), 1e-4, 1);
        Assert.False(features.Places_thwC.narrow(3, 32, 24).allclose(other.Places_thwC.narrow(3, 32, 24)));
        Assert.Throws<InputException>(() => backbone.See(clip, " "));
    }

    [Theory]
    [InlineData("videoreward", BackboneTraining.Frozen)]
    [InlineData("videoreward", BackboneTraining.Adapters)]
    [InlineData("videoscore", BackboneTraining.Adapters)]
    [InlineData("viclip", BackboneTraining.Adapters)]
    [InlineData("videoscore", BackboneTraining.All)]
    [InlineData("toy", BackboneTraining.All)]
    public void ATrainedModelIsReadAgainAsItWasWritten(string kind, BackboneTraining training)
    {
        VideoClip clip = TinyScorers.NoiseClip(1);
        LatticeEdges cells = new PatchScoring().Cells(Grid, clip.Frames, clip.Height, clip.Width);
        string saved = Path.Combine(_folder, "model");
        ScoredPatches fresh;
        ScoredPatches trained;
        using (PatchRewardModel model = PatchRewardModel.Create(Open(kind), Dimensions, new PatchModelStart(training, LoraRank: 2), 1))
        {
            fresh = model.Score(clip, Prompt, cells);
            Shake(model);
            trained = model.Score(clip, Prompt, cells);
            model.VideoScale = new LabelScale(2, 3);
            model.Save(saved);
        }

        using PatchRewardModel read = PatchRewardModel.Open(saved, Known);
        ScoredPatches again = read.Score(clip, Prompt, cells);
        Assert.All(trained.Patches.Zip(again.Patches), pair => Assert.Equal(pair.First, pair.Second, (a, b) => Math.Abs(a - b) < 1e-4));
        Assert.Equal(trained.Rewards, again.Rewards, (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.NotEqual(fresh.Patches[1], again.Patches[1]);
        Assert.NotEqual(fresh.Rewards, again.Rewards);
        Assert.Equal((new LabelScale(2, 3), Dimensions.Length), (read.VideoScale, read.PatchDimensions.Count));
        Assert.Equal(Dimensions, read.PatchDimensions);
        Assert.Equal(training == BackboneTraining.Adapters, Directory.Exists(Path.Combine(saved, "adapter")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AStartFromRandomIsDrawnFromTheSeedAndTrainsEverything(string kind)
    {
        VideoClip clip = TinyScorers.NoiseClip(1);
        LatticeEdges cells = new PatchScoring().Cells(Grid, clip.Frames, clip.Height, clip.Width);
        (ScoredPatches published, _) = Score(new PatchModelStart(BackboneTraining.Frozen), 1);
        (ScoredPatches first, int all) = Score(new PatchModelStart(BackboneTraining.All, FromRandom: true), 11);
        (ScoredPatches same, _) = Score(new PatchModelStart(BackboneTraining.All, FromRandom: true), 11);
        (ScoredPatches other, _) = Score(new PatchModelStart(BackboneTraining.All, FromRandom: true), 12);
        Assert.Equal(first.Patches[1], same.Patches[1]);
        Assert.NotEqual(first.Patches[1], other.Patches[1]);
        Assert.NotEqual(first.Patches[1], published.Patches[1]);
        Assert.NotEqual(first.Rewards, published.Rewards);
        Assert.All(first.Patches[1].Concat(first.Rewards), value => Assert.True(double.IsFinite(value)));
        using IRewardBackbone backbone = Open(kind);
        Assert.Equal(backbone.Network.named_parameters().Count() + 4, all);
        Assert.Throws<InputException>(() => new PatchModelStart(BackboneTraining.Frozen, FromRandom: true).Validate());

        (ScoredPatches Scored, int Trained) Score(PatchModelStart start, long seed)
        {
            using PatchRewardModel model = PatchRewardModel.Create(Open(kind), Dimensions, start, seed);
            return (model.Score(clip, Prompt, cells), model.TrainedParameters().Count());
        }
    }

    [Fact]
    public void AModelThatIsNotWholeOrStandsOnAnotherBackboneIsRefused()
    {
        string saved = Path.Combine(_folder, "model");
        string description = Path.Combine(saved, "patch-reward.json");
        using (PatchRewardModel model = PatchRewardModel.Create(Open("videoscore"), Dimensions, new PatchModelStart(BackboneTraining.Frozen), 1))
        {
            model.Save(saved);
        }

        string whole = File.ReadAllText(description);
        string heads = Path.Combine(saved, "heads.safetensors");
        byte[] headBytes = File.ReadAllBytes(heads);
        Refused("patch-reward.json: not found", () => File.Delete(description));
        Refused("is no description", () => File.WriteAllText(description, whole.Replace("\"training\"", "\"trainingg\"", StringComparison.Ordinal)));
        Refused("has the format 'other'", () => File.WriteAllText(description, whole.Replace("halolab patch reward model 1", "other", StringComparison.Ordinal)));
        Refused("not the file that patch-reward.json names", () => File.WriteAllBytes(heads, [.. headBytes[..^1], 7]));
        Refused("heads.safetensors: cannot be read", () => File.Delete(heads));
        Refused("'video_extra' does not fit", () => Rewritten(state => state.Add("video_extra", ones(1))));
        Refused("'patch_head.proj.weight' does not fit", () => Rewritten(state => state["patch_head.proj.weight"] = ones(1, 64)));
        Refused("'score.bias' does not fit", () => Rewritten(state => state.Remove("score.bias")));
        Refused("no such folder", () => File.WriteAllText(description, whole.Replace(Path.Combine(_folder, "videoscore"), "/nowhere", StringComparison.Ordinal)));
        Refused("is not the file that", () => File.AppendAllText(Path.Combine(_folder, "videoscore", "config.json"), "\n"));

        void Refused(string expected, Action spoil)
        {
            File.WriteAllText(description, whole);
            File.WriteAllBytes(heads, headBytes);
            spoil();
            InputException refusal = Assert.Throws<InputException>(() => PatchRewardModel.Open(saved, Known));
            Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        }

        void Rewritten(Action<Dictionary<string, Tensor>> change)
        {
            using DisposeScope scope = NewDisposeScope();
            Dictionary<string, Tensor> state = Safetensors.Load(heads);
            change(state);
            Safetensors.Save(heads, state);
            JsonNode json = JsonNode.Parse(whole)!;
            json["files"]!["heads.safetensors"] = FileHash.Of(heads);
            File.WriteAllText(description, json.ToJsonString());
        }
    }

    [Fact]
    public void TheBackbonePassesOnceOverEachClipAndAStaleCacheIsRefused()
    {
        string cacheFolder = Path.Combine(_folder, "cache");
        using CountingBackbone backbone = new(Open("videoscore"));
        LabelledClip[] clips = [.. Enumerable.Range(0, 3).Select(i => new LabelledClip(TinyScorers.NoiseClip(i).ContentHash, $"{Prompt} {i}"))];
        VideoClip Read(string hash) => Enumerable.Range(0, 3).Select(TinyScorers.NoiseClip).First(clip => clip.ContentHash == hash);
        BackboneCache cache = BackboneCache.Open(cacheFolder, backbone, holdsFeatures: true);
        Assert.Throws<OperationCanceledException>(() => cache.Fill(clips, Read, backbone, done =>
        {
            if (done == 2)
            {
                throw new OperationCanceledException();
            }
        }));
        Assert.Equal(2, backbone.Passes);
        BackboneCache.Open(cacheFolder, backbone, holdsFeatures: true).Fill(clips, Read, backbone, _ => { });
        Assert.Equal(3, backbone.Passes);
        BackboneCache.Open(cacheFolder, backbone, holdsFeatures: true).Fill(clips, _ => throw new InvalidOperationException("decoded again"), backbone, _ => { });
        Assert.Equal(3, backbone.Passes);

        using (DisposeScope scope = NewDisposeScope())
        {
            BackboneFeatures kept = cache.Features(clips[1]);
            BackboneFeatures own = backbone.Read([backbone.See(Read(clips[1].Clip), clips[1].Prompt)])[0];
            Assert.True(kept.Places_thwC.equal(own.Places_thwC).all().item<bool>());
            Assert.True(kept.Video_KC.equal(own.Video_KC).all().item<bool>());
            Assert.Equal(own.Lattice.Time, kept.Lattice.Time);
            (int frames, int height, int width, IReadOnlyList<double> rewards) = cache.Known(clips[1]);
            Assert.Equal((8, 56, 84, 5), (frames, height, width, rewards.Count));
        }

        // Other weights, other values, another prompt under the same name: refused, each by name.
        using CountingBackbone changed = new(Open("videoscore")) { Hashes = new Dictionary<string, string>(backbone.Hashes) { ["model.safetensors"] = new string('0', 64) } };
        Assert.Contains("is stale: it was made by another backbone (model.safetensors has changed since)", Assert.Throws<InputException>(() => BackboneCache.Open(cacheFolder, changed, true)).Message, StringComparison.Ordinal);
        using CountingBackbone other = new(Open("toy"));
        Assert.Contains("videoscore, not toy", Assert.Throws<InputException>(() => BackboneCache.Open(cacheFolder, other, true)).Message, StringComparison.Ordinal);
        string file = Directory.GetFiles(cacheFolder, "*-features.safetensors").Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, [.. bytes[..^8], .. bytes[^8..].Select(value => (byte)(value ^ 1))]);
        Assert.Contains("its values are not those that were written", Stale(), StringComparison.Ordinal);
        File.WriteAllBytes(file, bytes[..^9]);
        Assert.Contains(file, Stale(), StringComparison.Ordinal);
        File.Copy(Directory.GetFiles(cacheFolder, "*-features.safetensors").Order(StringComparer.Ordinal).Last(), file, overwrite: true);
        Assert.Contains("another clip or prompt", Stale(), StringComparison.Ordinal);

        string Stale() => Assert.Throws<InputException>(() => BackboneCache.Open(cacheFolder, backbone, true).Fill(clips, Read, backbone, _ => { })).Message;
    }

    [Theory]
    [InlineData("videoreward", BackboneTraining.Frozen)]
    [InlineData("videoreward", BackboneTraining.Adapters)]
    [InlineData("videoscore", BackboneTraining.All)]
    [InlineData("viclip", BackboneTraining.Adapters)]
    [InlineData("toy", BackboneTraining.All)]
    public void TrainingLearnsResumesToTheSameBitsAndLeavesNoTensorBehind(string kind, BackboneTraining training)
    {
        (RewardLabels labels, Func<string, VideoClip> read) = Labels(kind);
        PatchModelStart start = new(training, LoraRank: 2);
        using IRewardBackbone untouched = Open(kind);
        untouched.Merge();
        BackboneCache cache = BackboneCache.Open(Path.Combine(_folder, "cache"), untouched, holdsFeatures: training == BackboneTraining.Frozen);
        cache.Fill(labels.Clips, read, untouched, _ => { });
        List<long> live = [];
        string whole = Path.Combine(_folder, "whole");
        Dictionary<string, double[]> weights = Run(whole, live.Add, null);
        Assert.Equal(8, live.Count);
        Assert.All(live[1..], count => Assert.Equal(live[1], count));
        double[] losses = [.. File.ReadLines(Path.Combine(whole, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!["patch_loss"]!.GetValue<double>())];
        Assert.True(losses[^2..].Average() < losses[..2].Average(), string.Join(", ", losses));
        Assert.All(File.ReadLines(Path.Combine(whole, "metrics.jsonl")), line => Assert.Equal((true, true), (line.Contains("pair_loss", StringComparison.Ordinal), line.Contains("rating_loss", StringComparison.Ordinal))));

        foreach (int stop in new[] { 3, 4 })
        {
            string stopped = Path.Combine(_folder, $"stopped-{stop}");
            Assert.Throws<OperationCanceledException>(() => Run(stopped, null, stop));
            Dictionary<string, double[]> again = Run(stopped, null, null);
            Assert.All(weights, item => Assert.Equal(item.Value, again[item.Key]));
            Assert.Equal(File.ReadAllText(Path.Combine(whole, "metrics.jsonl")), File.ReadAllText(Path.Combine(stopped, "metrics.jsonl")));
        }

        Dictionary<string, double[]> Run(string folder, Action<long>? count, int? stop)
        {
            using PatchRewardModel model = PatchRewardModel.Create(Open(kind), [new PatchDimension("local defect", new LabelScale(3, 1, new GradeRange(1, 5)))], start, 1);
            using CancellationTokenSource source = new();
            PatchRewardTrainer trainer = new(model, labels, Options, cache, (clip, grid) => Cells(labels, read, clip, grid), 7);
            trainer.Train(
                folder,
                () => PatchRewardModel.Numbers(model.PatchHead!.get_parameter("proj.weight")!).Sum(Math.Abs),
                done =>
                {
                    count?.Invoke(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
                    if (done == stop)
                    {
                        source.Cancel();
                    }
                },
                source.Token);
            return model.TrainedParameters().ToDictionary(item => item.Name, item => PatchRewardModel.Numbers(item.Parameter));
        }
    }

    [Theory]
    [InlineData("videoscore", BackboneTraining.Adapters)]
    [InlineData("viclip", BackboneTraining.All)]
    public void ClipByClipIsTheSameTrainingAsAllAtOnce(string kind, BackboneTraining training)
    {
        (RewardLabels labels, Func<string, VideoClip> read) = Labels(kind);
        using IRewardBackbone untouched = Open(kind);
        untouched.Merge();
        BackboneCache cache = BackboneCache.Open(Path.Combine(_folder, "cache"), untouched, holdsFeatures: false);
        cache.Fill(labels.Clips, read, untouched, _ => { });
        Dictionary<string, double[]> together = Run(100);
        foreach (int atOnce in new[] { 1, 2 })
        {
            Dictionary<string, double[]> apart = Run(atOnce);
            Assert.All(together, item => Assert.Equal(item.Value, apart[item.Key], (a, b) => Math.Abs(a - b) < 2e-4));
        }

        Dictionary<string, double[]> Run(int clipsAtOnce)
        {
            CountingBackbone backbone = new(Open(kind)) { ClipsAtOnce = clipsAtOnce };
            using PatchRewardModel model = PatchRewardModel.Create(backbone, [new PatchDimension("local defect", new LabelScale(3, 1, new GradeRange(1, 5)))], new PatchModelStart(training, LoraRank: 2), 1);
            PatchRewardTrainingOptions options = Options with { Budget = Options.Budget with { Steps = 3, LearningRate = 1e-4 } };
            string folder = Path.Combine(_folder, $"at-once-{clipsAtOnce}");
            new PatchRewardTrainer(model, labels, options, cache, (clip, grid) => Cells(labels, read, clip, grid), 7).Train(folder, () => 0);
            double[] norms = [.. File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!["gradient_norm"]!.GetValue<double>())];
            return model.TrainedParameters().ToDictionary(item => item.Name, item => PatchRewardModel.Numbers(item.Parameter)).Append(KeyValuePair.Create("norms", norms.Select(norm => norm / norms[0]).ToArray())).ToDictionary();
        }
    }

    private static PatchRewardTrainingOptions Options { get; } = new() { EvaluateEvery = 4, Patience = 0, Budget = new TrainingBudget { Steps = 8, BatchSize = 4, LearningRate = 5e-3, WarmUpSteps = 2 } };

    private static RewardBackbones Known { get; } = RewardBackbones.Published.With(ToyRewardBackbone.Name, ToyRewardBackbone.Open, "");

    private static LatticeEdges Cells(RewardLabels labels, Func<string, VideoClip> read, int clip, PatchGrid grid)
    {
        VideoClip video = read(labels.Clips[clip].Clip);
        return new PatchScoring().Cells(grid, video.Frames, video.Height, video.Width);
    }

    /// <summary>Grades on two grids, ratings and comparisons of six clips.</summary>
    private (RewardLabels Labels, Func<string, VideoClip> Read) Labels(string kind)
    {
        Dictionary<string, VideoClip> clips = Enumerable.Range(0, 6).Select(TinyScorers.NoiseClip).ToDictionary(clip => clip.ContentHash);
        string dimension = kind switch { "videoreward" => "VQ", "videoscore" => "visual quality", _ => "overall" };
        string path = Path.Combine(_folder, $"{kind}.sqlite");
        using (LabelStore store = LabelStore.OpenOrCreate(path))
        {
            Label one = new() { Clip = "", Prompt = Prompt, Dimension = "local defect", Annotator = "anna", AnnotatorKind = AnnotatorKind.Human };
            string[] names = [.. clips.Keys];
            store.Append(
                [
                    .. from name in names from cell in Enumerable.Range(0, 8) select one with { Clip = name, Grid = Grid, Cell = cell, Value = 1 + (cell / 4), Scale = new RatingScale(1, 5, true) },
                    .. names.Take(2).Select(name => one with { Clip = name, Grid = new PatchGrid(1, 3, 3), Cell = 4, Value = 2, Scale = new RatingScale(1, 5, true) }),
                    .. names.Select((name, i) => one with { Clip = name, Dimension = dimension, Value = 1 + (i % 4), Scale = new RatingScale(1, 5, true) }),
                    .. names[1..].Select((name, i) => one with { Clip = names[0], OtherClip = name, Dimension = dimension, Choice = (PairChoice)(i % 3) }),
                ],
                "test");
            return (RewardLabels.Read(store, new RewardLabelOptions(), kind switch { "videoreward" => ["VQ", "MQ", "TA"], "videoscore" => VideoScoreModel.Dimensions, _ => ["video reward"] }), hash => clips[hash]);
        }
    }

    private IRewardBackbone Open(string kind)
    {
        switch (kind)
        {
            case "videoreward":
                return VideoRewardBackbone.Open(TinyScorers.WithShortWording(TinyScorers.VideoReward(_folder)));
            case "videoscore":
                return VideoScoreBackbone.Open(TinyScorers.WithShortWording(TinyScorers.VideoScore(_folder)));
            case "viclip":
                return ViClipBackbone.Open(TinyScorers.ViClip(_folder));
            default:
                string folder = Path.Combine(_folder, "toy");
                if (!Directory.Exists(folder))
                {
                    RandomToyCheckpoints.Write(folder);
                }

                return ToyRewardBackbone.Open(folder);
        }
    }

    /// <summary>Changes everything that is trained.</summary>
    private static void Shake(PatchRewardModel model)
    {
        using var noGradient = no_grad();
        foreach ((int i, (string _, TorchSharp.Modules.Parameter parameter)) in model.TrainedParameters().Index())
        {
            using Tensor change = linspace(-0.05, 0.05 + (0.01 * (i % 3)), parameter.NumberOfElements).view(parameter.shape);
            parameter.add_(change);
        }
    }

    private static double Overlap(double[] source, int i, double[] target, int k) =>
        Math.Max(0, Math.Min(source[i + 1], target[k + 1]) - Math.Max(source[i], target[k])) / (target[k + 1] - target[k]);
}
