using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Tests.Checkpoints;
using HaloLab.Tests.Cli;
using HaloLab.Tests.Evaluation.Scorers;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Generation;

/// <summary>A published model's folder, from files to clips.</summary>
public sealed class VideoPipelineTests : IDisposable
{
    private const double Limit = 5e-5;

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-pipeline").FullName;

    private string Model => Path.Combine(_folder, "model");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static IEnumerable<TheoryDataRow<GoldenCase>> WanCases() => GoldenCase.Find("wan", "e2e_*");

    /// <summary>Those with one guidance for all steps, as the pipeline has it.</summary>
    public static IEnumerable<TheoryDataRow<GoldenCase>> CogVideoXCases() => GoldenCase.Find("cogvideox", "e2e_*")
        .Where(row => row.Skip is not null || row.Data.Json.GetProperty("config").GetProperty("dynamic_cfg").ValueKind == JsonValueKind.Null);

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(WanCases), DisableDiscoveryEnumeration = true)]
    public void AWanFolderGivesTheReferencesPixels(GoldenCase golden)
    {
        PipelineFolder.Write(golden, Model);
        using VideoPipeline pipeline = VideoPipeline.Open(Model);
        using var scope = NewDisposeScope();
        string[] Texts(string field) => [.. golden.Json.GetProperty(field).EnumerateArray().Select(text => text.GetString()!)];
        foreach ((string field, string tap) in new[] { ("prompts", "tap.prompt_embeds"), ("negative_prompts", "tap.negative_embeds") })
        {
            // Beyond the case's length there is padding only: zeros.
            Tensor expected_BLD = golden.Tensors[tap];
            Tensor encoded_BLD = cat([.. pipeline.Encode(Texts(field))]);
            TensorAssert.Close(expected_BLD, encoded_BLD.narrow(1, 0, expected_BLD.shape[1]), Limit, what: field);
            Assert.Equal(0, encoded_BLD.narrow(1, expected_BLD.shape[1], encoded_BLD.shape[1] - expected_BLD.shape[1]).count_nonzero().item<long>());
        }

        ClassifierFreeGuidance guidance = new(golden.Tensors["tap.negative_embeds"], golden.Json.GetProperty("config").GetProperty("guidance").GetDouble());
        int steps = golden.Json.GetProperty("config").GetProperty("steps").GetInt32();
        Tensor latents = pipeline.Denoise(golden.Tensors["in.latents"], golden.Tensors["tap.prompt_embeds"], guidance, steps, _ => throw new InvalidOperationException("this sampler adds no noise"));
        TensorAssert.Close(golden.Tensors["out.latents"], latents, Limit, what: "latents");
        TensorAssert.Close(golden.Tensors["out.video"], pipeline.Decode(latents), Limit, what: "video");
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(CogVideoXCases), DisableDiscoveryEnumeration = true)]
    public void ACogVideoXFolderGivesTheReferencesPixels(GoldenCase golden)
    {
        PipelineFolder.Write(golden, Model);
        using VideoPipeline pipeline = VideoPipeline.Open(Model);
        using var scope = NewDisposeScope();
        JsonElement config = golden.Json.GetProperty("config");
        ClassifierFreeGuidance guidance = new(golden.Tensors["tap.negative_embeds"], config.GetProperty("guidance").GetDouble());

        // The reference has frames before channels.
        Tensor latents_BCTHW = pipeline.Denoise(
            golden.Tensors["in.latents"].transpose(1, 2), golden.Tensors["tap.prompt_embeds"], guidance, config.GetProperty("steps").GetInt32(), _ => throw new InvalidOperationException("this sampler adds no noise"));
        TensorAssert.Close(golden.Tensors["out.latents"], latents_BCTHW.transpose(1, 2), Limit, what: "latents");
        TensorAssert.Close(golden.Tensors["out.video"], pipeline.Decode(latents_BCTHW), Limit, what: "video");
    }

    [Theory]
    [InlineData("CogVideoXDDIMScheduler")]
    [InlineData("CogVideoXDPMScheduler")]
    public void ACogVideoXFolderMakesClips(string scheduler)
    {
        PipelineFolder.Write(Assert.IsType<GoldenCase>(GoldenCase.Find("cogvideox", "e2e_2b").Single().Data), Model);
        string path = Path.Combine(Model, "scheduler", "scheduler_config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("CogVideoXDDIMScheduler", scheduler, StringComparison.Ordinal));
        string output = Path.Combine(_folder, "out");
        using CancellationTokenSource never = new();
        using VideoPipeline pipeline = VideoPipeline.Open(Model);
        VideoSettings settings = pipeline.Defaults with { Frames = 5, Height = 32, Width = 48, Steps = 3 };
        VideoGeneration generation = new(pipeline, ["a cat"], "", 2, settings, 1, ".png", (prompt, number) => $"{prompt}-{number}");
        IReadOnlyList<VideoGeneration.Clip> clips = generation.Run(output, new StoppingProgress(-1, never), never.Token);
        Assert.Equal(2, clips.Select(clip => clip.ContentHash).Distinct().Count());
        Assert.All(clips, clip => Assert.True(File.Exists(Path.Combine(output, clip.File))));
    }

    [Fact]
    public void StoppedAnywhereItGoesOnToTheSameClips()
    {
        PipelineFolder.Write(Case(), Model);
        string whole = Path.Combine(_folder, "whole");
        string stopped = Path.Combine(_folder, "stopped");
        using CancellationTokenSource never = new();
        Run(whole, new StoppingProgress(-1, never), never.Token);
        for (int stop = 1; ; stop++)
        {
            using CancellationTokenSource cancellation = new();
            try
            {
                Run(stopped, new StoppingProgress(6, cancellation), cancellation.Token);
                Assert.True(stop > 1, "it was never stopped");
                break;
            }
            catch (OperationCanceledException)
            {
                Assert.InRange(stop, 1, 10);
            }
        }

        string[] clips = [.. Directory.GetFiles(whole, "*.png").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        Assert.Equal(["0-0.png", "0-1.png", "1-0.png", "1-1.png"], clips);
        Assert.All(clips, clip => Assert.Equal(File.ReadAllBytes(Path.Combine(whole, clip)), File.ReadAllBytes(Path.Combine(stopped, clip))));
        Assert.Equal(4, clips.Select(clip => FileHash.Of(Path.Combine(whole, clip))).Distinct().Count());

        void Run(string folder, IRunProgress progress, CancellationToken cancellation)
        {
            using VideoPipeline pipeline = VideoPipeline.Open(Model);
            VideoSettings settings = pipeline.Defaults with { Frames = 5, Height = 32, Width = 16, Steps = 2 };
            new VideoGeneration(pipeline, ["a cat", "two dogs"], "", 2, settings, 1, ".png", (prompt, number) => $"{prompt}-{number}").Run(folder, progress, cancellation);
        }
    }

    [Fact]
    public async Task TheProgramGeneratesFromAFolder()
    {
        PipelineFolder.Write(Case(), Model);
        string output = Path.Combine(_folder, "out");
        string prompts = Path.Combine(_folder, "prompts.txt");
        File.WriteAllLines(prompts, ["a cat", "", "two dogs", "a cat"]);
        string[] arguments = ["generate", "--model", Model, "--prompts", prompts, "--frames", "5", "--size", "16x32", "--steps", "2", "--format", "png", "--naming", "vbench", "--seed", "3", "--out", output];
        CliWrap.Buffered.BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("about", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("1 prompts repeat", result.StandardError, StringComparison.Ordinal);
        Assert.Equal(["a cat-0.png", "manifest.json", "two dogs-0.png"], Directory.GetFiles(output).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(output, "manifest.json")));
        string latents = manifest.RootElement.GetProperty("settings").GetProperty("clips")[1].GetProperty("latents").GetString()!;
        using Tensor latents_CTHW = Safetensors.Load(Path.Combine(output, latents))["latents"];
        Assert.Equal(2, latents_CTHW.shape[1]);

        // The same again is read, not made.
        DateTime made = File.GetLastWriteTimeUtc(Path.Combine(output, latents));
        Assert.True((await HaloLabProgram.Run(arguments)).IsSuccess);
        Assert.Equal(made, File.GetLastWriteTimeUtc(Path.Combine(output, latents)));

        // Half precision is another run, near this one.
        result = await HaloLabProgram.Run([.. arguments, "--precision", "bfloat16"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("float32", result.StandardError, StringComparison.Ordinal);
        string half = Path.Combine(_folder, "half");
        result = await HaloLabProgram.Run([.. arguments[..^1], half, "--precision", "bfloat16"]);
        Assert.True(result.IsSuccess, result.StandardError);
        using JsonDocument halfManifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(half, "manifest.json")));
        Assert.Equal("bfloat16", halfManifest.RootElement.GetProperty("precision").GetString());
        using Tensor halfLatents_CTHW = Safetensors.Load(Path.Combine(half, halfManifest.RootElement.GetProperty("settings").GetProperty("clips")[1].GetProperty("latents").GetString()!))["latents"];
        Assert.InRange((halfLatents_CTHW - latents_CTHW).square().mean().sqrt().item<float>() / latents_CTHW.std().item<float>(), 1e-5, 0.1);
    }

    /// <summary>Two processes at once, then a third whose only work was theirs: every file as one process makes it.</summary>
    [Fact]
    public async Task ShardsInProcessesOfTheirOwnMakeWhatOneMakes()
    {
        PipelineFolder.Write(Case(), Model);
        string prompts = Path.Combine(_folder, "prompts.txt");
        File.WriteAllLines(prompts, ["a cat", "two dogs", "three birds"]);
        (string whole, string shared) = (Path.Combine(_folder, "whole"), Path.Combine(_folder, "shared"));
        string[] Arguments(string output, params string[] more) =>
            ["generate", "--model", Model, "--prompts", prompts, "--count", "2", "--frames", "5", "--size", "16x32", "--steps", "2", "--format", "png", "--seed", "3", "--threads", "1", "--out", output, .. more];
        CliWrap.Buffered.BufferedCommandResult result = await HaloLabProgram.Run(Arguments(whole));
        Assert.True(result.IsSuccess, result.StandardError);

        // Four shards for three prompts: the last has nothing to make.
        result = await HaloLabProgram.Run(Arguments(shared, "--shard", "2/4"));
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("written when all are", result.StandardError, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(shared));
        CliWrap.Buffered.BufferedCommandResult[] both = await Task.WhenAll(HaloLabProgram.Run(Arguments(shared, "--shard", "1/4")), HaloLabProgram.Run(Arguments(shared, "--shard", "3/4")));
        Assert.All(both, end => Assert.True(end.IsSuccess, end.StandardError));
        result = await HaloLabProgram.Run(Arguments(shared, "--shard", "4/4"));
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("clip-0002-001.png", result.StandardOutput, StringComparison.Ordinal);

        string[] expected = Files(whole);
        Assert.Equal(6, expected.Count(file => file.StartsWith("clip-", StringComparison.Ordinal)));
        Assert.Equal(6, expected.Count(file => file.StartsWith(Path.Combine("stages", "latents-"), StringComparison.Ordinal) && file.EndsWith(".safetensors", StringComparison.Ordinal)));
        Assert.Equal(expected, Files(shared));

        // Times alone may differ.
        Assert.All(
            expected.Where(file => Path.GetFileName(file) is not ("manifest.json" or "stage.json")),
            file => Assert.True(File.ReadAllBytes(Path.Combine(whole, file)).SequenceEqual(File.ReadAllBytes(Path.Combine(shared, file))), file));
        Assert.Equal(Settings(whole), Settings(shared));

        // What is put together needs its shards no more.
        Directory.Delete(Path.Combine(shared, "shards"), recursive: true);
        File.Delete(Path.Combine(shared, "manifest.json"));
        Assert.True((await HaloLabProgram.Run(Arguments(shared, "--shard", "1/4"))).IsSuccess);
        Assert.Equal(Settings(whole), Settings(shared));
        Assert.False(Directory.Exists(Path.Combine(shared, "shards")));

        string[] Files(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Where(file => !file.StartsWith("shards", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

        string Settings(string folder)
        {
            using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "manifest.json")));
            return manifest.RootElement.GetProperty("settings").GetRawText() + manifest.RootElement.GetProperty("inputs").GetRawText();
        }
    }

    [Fact]
    public async Task CogVideoXDecodesInTilesWhereThatIsAskedFor()
    {
        PipelineFolder.Write(Assert.IsType<GoldenCase>(GoldenCase.Find("cogvideox", "e2e_2b").Single().Data), Model);
        string config = Path.Combine(Model, "vae", "config.json");
        JsonObject sizes = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        (sizes["sample_height"], sizes["sample_width"]) = (96, 80);
        File.WriteAllText(config, sizes.ToJsonString());
        byte[][] clips = new byte[2][];
        foreach ((int i, string[] more) in new string[][] { [], ["--tiles"] }.Index())
        {
            string output = Path.Combine(_folder, $"out{i}");
            CliWrap.Buffered.BufferedCommandResult result = await HaloLabProgram.Run(["generate", "--model", Model, "--prompt", "a cat", "--frames", "5", "--size", "64x64", "--steps", "2", "--format", "png", "--out", output, .. more]);
            Assert.True(result.IsSuccess, result.StandardError);
            clips[i] = File.ReadAllBytes(Path.Combine(output, "clip-0000-000.png"));
        }

        Assert.NotEqual(clips[0], clips[1]);
        await HaloLabProgram.Refuses("With --tiles it is about", Path.Combine(_folder, "large"), "generate", "--model", Model, "--prompt", "a cat", "--frames", "5", "--size", "64000x64000");
    }

    [Theory]
    [InlineData("wan", "e2e_unipc", "transformer.blocks.0.attn1.to_q.lora_A.weight", "float32")]
    [InlineData("cogvideox", "e2e_2b", "transformer.transformer_blocks.0.attn1.to_q.lora_A.weight", "bfloat16")]
    public async Task AdaptersTrainedOnGivenVideosChangeWhatIsGenerated(string folder, string name, string key, string precision)
    {
        Ffmpeg.Require();
        PipelineFolder.Write(Assert.IsType<GoldenCase>(GoldenCase.Find(folder, name).Single().Data), Model);
        string pairs = Path.Combine(_folder, "pairs.csv");
        for (int i = 0; i < 3; i++)
        {
            await VideoFile.WriteAsync(ClipTests.Random(12, 40, 56, 8, $"clip {i}"), Path.Combine(_folder, $"{i}.mp4"), TestContext.Current.CancellationToken);
        }

        await File.WriteAllLinesAsync(pairs, ["path_A,path_B,prompt,VQ", "0.mp4,1.mp4,a cat,A", "1.mp4,2.mp4,two dogs,B"], TestContext.Current.CancellationToken);
        string tuned = Path.Combine(_folder, "tuned");
        string[] training = ["train", "--pairs", pairs, "--model", Model, "--frames", "5", "--size", "48x32", "--grid", "2x2x2", "--lora-rank", "2", "--steps", "3", "--batch-pairs", "2", "--learning-rate", "0.01", "--precision", precision, "--out", tuned];
        CliWrap.Buffered.BufferedCommandResult result = await HaloLabProgram.Run(training);
        Assert.True(result.IsSuccess, result.StandardError);
        string adapter = Path.Combine(tuned, "model", TunablePipeline.AdapterFile);
        Assert.Equal(ScalarType.Float32, Safetensors.Load(adapter)[key].dtype);

        // Its plan is told and nothing is done.
        string planned = Path.Combine(_folder, "planned");
        result = await HaloLabProgram.Run([.. training[..^1], planned, "--plan"]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("GiB  at the peak of the training", result.StandardOutput, StringComparison.Ordinal);
        Assert.False(Directory.Exists(planned), "something was written");

        // With blocks computed again it ends in the same bytes.
        string again = Path.Combine(_folder, "again");
        result = await HaloLabProgram.Run([.. training[..^1], again, "--recompute"]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(FileHash.Of(adapter), FileHash.Of(Path.Combine(again, "model", TunablePipeline.AdapterFile)));

        // In two passes it takes the same steps to rounding, and ends in the same bytes with blocks computed again (in bfloat16 to rounding).
        string[] passes = new string[2];
        foreach ((int i, string[] more) in new string[][] { ["--two-pass"], ["--two-pass", "--recompute"] }.Index())
        {
            string output = Path.Combine(_folder, $"two-pass{i}");
            result = await HaloLabProgram.Run([.. training[..^1], output, .. more]);
            Assert.True(result.IsSuccess, result.StandardError);
            passes[i] = FileHash.Of(Path.Combine(output, "model", TunablePipeline.AdapterFile));
            foreach ((JsonElement first, JsonElement second) in Steps(tuned).Zip(Steps(output)))
            {
                double expected = first.GetProperty("loss").GetDouble();
                Assert.Equal(expected, second.GetProperty("loss").GetDouble(), (precision == "float32" ? 1e-3 : 0.2) * expected);
            }
        }

        Assert.True(passes[0] == passes[1] || precision != "float32", "the bytes differ with blocks computed again");
        Assert.NotEqual(FileHash.Of(adapter), passes[0]);

        // Watched, it ends in the same bytes, and the clips of its end are not those of its start.
        string prompts = Path.Combine(_folder, "prompts.txt");
        await File.WriteAllLinesAsync(prompts, ["a cat", "two dogs", "a bird", "the sea", "a tree", "rain"], TestContext.Current.CancellationToken);
        string watched = Path.Combine(_folder, "watched");
        result = await HaloLabProgram.Run([.. training[..^1], watched, "--watch", $"dino:{TinyDino.Write(Path.Combine(_folder, "dino"))},flickering", "--trained", "dino", "--watch-prompts", prompts, "--watch-every", "3"]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(FileHash.Of(adapter), FileHash.Of(Path.Combine(watched, "model", TunablePipeline.AdapterFile)));
        JsonElement[] looks = [.. File.ReadLines(Directory.GetFiles(Path.Combine(watched, "watch"), "series.jsonl", SearchOption.AllDirectories).Single()).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("means"))];
        Assert.Equal(2, looks.Length);
        Assert.NotEqual(looks[0].ToString(), looks[1].ToString());

        string[] generating = ["generate", "--model", Model, "--prompt", "a cat", "--frames", "5", "--size", "48x32", "--steps", "2", "--format", "png", "--precision", precision];
        string[] hashes = new string[2];
        foreach ((int i, string[] more) in new string[][] { [], ["--adapter", adapter] }.Index())
        {
            string output = Path.Combine(_folder, $"out{i}");
            result = await HaloLabProgram.Run([.. generating, .. more, "--out", output]);
            Assert.True(result.IsSuccess, result.StandardError);
            hashes[i] = FileHash.Of(Path.Combine(output, "clip-0000-000.png"));
        }

        Assert.NotEqual(hashes[0], hashes[1]);
    }

    [Fact]
    public async Task WansOriginalFilesGenerateAndTrainAsItsDiffusersFolderDoes()
    {
        Ffmpeg.Require();
        PipelineFolder.Write(Case(), Model);
        string original = Path.Combine(_folder, "original");
        PipelineFolder.WriteOriginal(Model, original);

        // The original program shifts by 5, the folder of diffusers by what its scheduler says.
        string scheduler = Path.Combine(Model, "scheduler", "scheduler_config.json");
        JsonNode settings = JsonNode.Parse(await File.ReadAllTextAsync(scheduler, TestContext.Current.CancellationToken))!;
        settings["flow_shift"] = 5.0;
        await File.WriteAllTextAsync(scheduler, settings.ToJsonString(), TestContext.Current.CancellationToken);
        Assert.Contains("Wan2.1 autoencoder, original layout", (await HaloLabProgram.Run("weights", "inspect", Path.Combine(original, "Wan2.1_VAE.pth"))).StandardOutput, StringComparison.Ordinal);
        using (VideoPipeline first = VideoPipeline.Open(Model))
        using (VideoPipeline second = VideoPipeline.Open(original))
        {
            using var scope = NewDisposeScope();
            Tensor noise_BCTHW = Case().Tensors["in.latents"];
            Tensor[] Clip(VideoPipeline pipeline)
            {
                Tensor context_BLD = cat([.. pipeline.Encode(["a cat"])]).expand(noise_BCTHW.shape[0], -1, -1);
                Tensor latents_BCTHW = pipeline.Denoise(noise_BCTHW, context_BLD, null, 2, _ => throw new InvalidOperationException("this sampler adds no noise"));
                return [context_BLD, latents_BCTHW, pipeline.Decode(latents_BCTHW)];
            }

            Assert.All(Clip(first).Zip(Clip(second)), pair => TensorAssert.Identical(pair.First, pair.Second));
        }

        string pairs = Path.Combine(_folder, "pairs.csv");
        for (int i = 0; i < 2; i++)
        {
            await VideoFile.WriteAsync(ClipTests.Random(8, 40, 56, 8, $"clip {i}"), Path.Combine(_folder, $"{i}.mp4"), TestContext.Current.CancellationToken);
        }

        await File.WriteAllLinesAsync(pairs, ["path_A,path_B,prompt,VQ", "0.mp4,1.mp4,a cat,A"], TestContext.Current.CancellationToken);
        List<string> adapters = [];
        foreach (string model in new[] { Model, original })
        {
            string tuned = Path.Combine(_folder, $"tuned{adapters.Count}");
            CliWrap.Buffered.BufferedCommandResult trained = await HaloLabProgram.Run(
                ["train", "--pairs", pairs, "--model", model, "--frames", "5", "--size", "48x32", "--grid", "2x2x2", "--lora-rank", "2", "--steps", "3", "--batch-pairs", "1", "--learning-rate", "0.01", "--out", tuned]);
            Assert.True(trained.IsSuccess, trained.StandardError);
            adapters.Add(Path.Combine(tuned, "model", TunablePipeline.AdapterFile));
        }

        Assert.Equal(FileHash.Of(adapters[0]), FileHash.Of(adapters[1]));
        CliWrap.Buffered.BufferedCommandResult result = await HaloLabProgram.Run(
            ["generate", "--model", original, "--prompt", "a cat", "--frames", "5", "--size", "48x32", "--steps", "2", "--format", "png", "--adapter", adapters[1], "--out", Path.Combine(_folder, "out")]);
        Assert.True(result.IsSuccess, result.StandardError);
    }

    [Theory]
    [InlineData("model_type is not 't2v'", "config.json", "t2v", "i2v")]
    [InlineData("num_layers is missing", "config.json", "num_layers", "layers")]
    [InlineData("has no tensor that would be post_quant_conv.weight", "Wan2.1_VAE.pth", "conv2.weight", "conv9.weight")]
    public void WhatIsWrongWithWansOriginalFilesIsNamed(string expected, string file, string from, string to)
    {
        PipelineFolder.Write(Case(), Model);
        string original = Path.Combine(_folder, "original");
        PipelineFolder.WriteOriginal(Model, original);
        string path = Path.Combine(original, file);
        if (file.EndsWith(".json", StringComparison.Ordinal))
        {
            File.WriteAllText(path, File.ReadAllText(path).Replace(from, to, StringComparison.Ordinal));
        }
        else
        {
            using IWeightFile weights = WeightFiles.Open(path);
            Dictionary<string, Tensor> renamed = weights.Entries.Keys.ToDictionary(key => key == from ? to : key, weights.Read);
            File.Delete(path);
            TorchFile.WriteDictionary(path, renamed);
        }

        Assert.Contains(expected, Assert.Throws<InputException>(() => VideoPipeline.Open(original)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_index.json", "--model", "/nowhere")]
    [InlineData("--model", "--steps", "4")]
    [InlineData("1 + 4k frames", "--model", "", "--frames", "6")]
    [InlineData("multiples of", "--model", "", "--frames", "5", "--size", "20x32")]
    [InlineData("WIDTHxHEIGHT", "--model", "", "--size", "large")]
    [InlineData("--steps 0", "--model", "", "--steps", "0")]
    [InlineData("does not decode in tiles", "--model", "", "--tiles")]
    [InlineData("--tiles", "--tiles")]
    [InlineData("--shard 3/2", "--model", "", "--shard", "3/2")]
    [InlineData("SLURM_ARRAY_TASK_ID", "--model", "", "--shard", "slurm")]
    [InlineData("prompts.txt", "--prompts", "/nowhere/prompts.txt")]
    [InlineData("--precision half", "--model", "", "--precision", "half")]
    [InlineData("--precision is for published models", "--precision", "bfloat16")]
    [InlineData("GiB", "--model", "", "--frames", "400001", "--size", "3200x3200")]
    public async Task WrongInputIsOneMessageAndExitCode2(string expected, params string[] arguments)
    {
        PipelineFolder.Write(Case(), Model);
        await HaloLabProgram.Refuses(expected, Path.Combine(_folder, "out"), ["generate", "--prompt", "a cat", .. arguments.Select(argument => argument.Length == 0 ? Model : argument)]);
    }

    [Fact]
    public async Task AMissingWeightIsNamedBeforeAnythingIsWritten()
    {
        PipelineFolder.Write(Case(), Model);
        File.Delete(Directory.GetFiles(Path.Combine(Model, "transformer"), "*-00002-of-*")[0]);
        await HaloLabProgram.Refuses("-00002-of-00002.safetensors", Path.Combine(_folder, "out"), "generate", "--prompt", "a cat", "--model", Model, "--frames", "5", "--size", "16x32");
    }

    private static JsonElement[] Steps(string folder) => [.. File.ReadLines(Directory.GetFiles(Path.Combine(folder, "stages"), "metrics.jsonl", SearchOption.AllDirectories).Single()).Select(line => JsonDocument.Parse(line).RootElement)];

    private static GoldenCase Case() => Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "e2e_unipc").Single().Data);
}
