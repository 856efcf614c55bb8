using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

/// <summary>The recipe of the shipped checkpoints at the smallest size.</summary>
public sealed class ToyPretrainingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-pretraining").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AnInterruptedRecipeGoesOnAndMakesCheckpointsThatLoad()
    {
        ToyPretrainingSettings settings = new()
        {
            AutoencoderSteps = 2,
            CleanClips = 8,
            CorpusClips = 40,
            LayoutPriorSteps = 2,
            FrameSteps = 2,
            FrameBatch = 4,
            GeneratorSteps = 2,
            GeneratorBatch = 4,
            QualityPrompts = 2,
            JudgedSamples = 2,
            JudgedRenders = 6,
            JudgeSteps = 2,
        };
        IReadOnlyList<StageResult>? results = null;
        int stops = 0;
        while (results is null)
        {
            using CancellationTokenSource cancellation = new();
            try
            {
                results = new RunStore(_folder).Run(ToyPretraining.Stages(1, settings), new StoppingProgress(8, cancellation), cancellation.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.InRange(++stops, 1, 5);
            }
        }

        Assert.InRange(stops, 1, 5);
        string first = results.Single(result => result.Name == ToyPretraining.CheckpointStage).Folder;
        using ToyGenerator generator = ToyGenerator.Load(first);
        Assert.Equal(1, generator.Generate(["a red circle moving left on a dark background"], [1]).Pixels_BCTHW.shape[0]);

        // Trained on from there with another seed: the same autoencoder, a denoiser and a text tower that two steps of warm-up move, and a manifest that says
        // where it all comes from.
        using CancellationTokenSource never = new();
        results = new RunStore(_folder).Run(ToyPretraining.Stages(2, settings, first), new StoppingProgress(-1, never), never.Token);
        string second = results.Single(result => result.Name == ToyPretraining.CheckpointStage).Folder;
        Assert.Equal(File.ReadAllBytes(Path.Combine(first, "vae.safetensors")), File.ReadAllBytes(Path.Combine(second, "vae.safetensors")));
        Assert.Contains("out.2.weight", Moved("unet.safetensors"));
        Assert.Contains("token_embedding.weight", Moved("text.safetensors"));
        Assert.Contains("summary.weight", Moved("layout.safetensors"));
        StageManifest[] manifests = JsonFile.Read<StageManifest[]>(Path.Combine(second, "manifest.json"));
        Assert.Equal(["toy-autoencoder", "toy-start"], manifests.Select(manifest => manifest.Name).Where(name => name is "toy-autoencoder" or "toy-start"));

        // Judges of another seed alone: the generator stays.
        results = new RunStore(_folder).Run(ToyPretraining.Stages(3, settings, first, judgesOnly: true), new StoppingProgress(-1, never), never.Token);
        string third = results.Single(result => result.Name == ToyPretraining.CheckpointStage).Folder;
        Assert.DoesNotContain("toy-generator", results.Select(result => result.Name));
        Assert.DoesNotContain("toy-latents", results.Select(result => result.Name));
        Assert.All(ToyGenerator.Files, file => Assert.Equal(File.ReadAllBytes(Path.Combine(first, file)), File.ReadAllBytes(Path.Combine(third, file))));
        Assert.All(
            ["video-reward.safetensors", "patch-reward.safetensors", "scorer.safetensors"],
            file => Assert.NotEqual(File.ReadAllBytes(Path.Combine(first, file)), File.ReadAllBytes(Path.Combine(third, file))));

        string[] Moved(string file)
        {
            using var scope = NewDisposeScope();
            Dictionary<string, Tensor> after = Safetensors.Load(Path.Combine(second, file));
            return [.. Safetensors.Load(Path.Combine(first, file)).Where(item => !item.Value.bytes.SequenceEqual(after[item.Key].bytes)).Select(item => item.Key)];
        }
    }
}
