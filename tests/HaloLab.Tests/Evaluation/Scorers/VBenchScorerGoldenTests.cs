using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Evaluation.Scorers;
using HaloLab.Models.Clip;
using HaloLab.Models.Dino;
using HaloLab.Models.ViClip;
using HaloLab.Rewards;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.Clip;
using HaloLab.Tests.Models.Dino;
using HaloLab.Tests.Models.ViClip;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Evaluation.Scorers;

/// <summary>The tiny reference models in folders as they are published, asked through the scorers.</summary>
[Trait("Category", "Golden")]
public sealed class VBenchScorerGoldenTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-vbench").FullName;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("vbench", "vbench*");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void ScoresAreTheReferences(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using DinoScorer dino = DinoScorer.Open(Dino());
        using ClipScorer clip = ClipScorer.Open(Clip());
        using ViClipScorer viclip = ViClipScorer.Open(ViClip());
        using FlickeringScorer flickering = new FlickeringScorer();
        Assert.Equal(["background consistency", "CLIP score", "aesthetic quality"], clip.Dimensions);
        Assert.Equal(["aesthetic.safetensors", "open_clip_config.json", "open_clip_model.safetensors"], clip.Hashes.Keys.Order());
        foreach (JsonProperty video in golden.Json.GetProperty("prompts").EnumerateObject())
        {
            Tensor frames_THWC = golden.Tensors["in." + video.Name];
            VideoClip frames = new([.. frames_THWC.contiguous().bytes], (int)frames_THWC.shape[0], (int)frames_THWC.shape[1], (int)frames_THWC.shape[2], 8);
            double Expected(string dimension) => golden.Json.GetProperty("results").GetProperty(dimension).GetProperty("per_video").GetProperty(video.Name).GetDouble();
            string prompt = video.Value.GetString()!;
            Assert.Equal(Expected("subject_consistency"), dino.Score(frames, prompt)[0], 1e-5);
            IReadOnlyList<double> pictures = clip.Score(frames, prompt);
            Assert.Equal(Expected("background_consistency"), pictures[0], 1e-5);
            Assert.Equal(Expected("aesthetic_quality"), pictures[2], 1e-5);
            Assert.NotEqual(pictures[1], clip.Score(frames, "something else")[1]);
            Assert.Equal(Expected("overall_consistency"), viclip.Score(frames, prompt)[0], 1e-5);
            double[] FeaturesOf(string name) => golden.Tensors[$"tap.{video.Name}.{name}"].to(ScalarType.Float64).mean([0]).data<double>().ToArray();
            Assert.Equal(FeaturesOf("dino_features"), dino.FeaturesOf(frames), (a, b) => Math.Abs(a - b) < 3e-5);
            Assert.Equal(FeaturesOf("clip_features"), clip.FeaturesOf(frames), (a, b) => Math.Abs(a - b) < 3e-5);
            Assert.Equal(FeaturesOf("viclip_video"), viclip.FeaturesOf(frames), (a, b) => Math.Abs(a - b) < 3e-5);
            Assert.Equal(Expected("temporal_flickering"), flickering.Score(frames, prompt)[0], 1e-6);
        }

        VideoClip still = new(new byte[16 * 16 * 3], 1, 16, 16, 8);
        foreach (IVideoScorer scorer in (IVideoScorer[])[dino, clip, flickering])
        {
            Assert.Contains("Expected at least two", Assert.Throws<InputException>(() => scorer.Score(still, "a")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WhatIsNoSuchModelIsRefused()
    {
        string dino = Dino();
        string clip = Clip();
        Assert.Contains("no checkpoint of DINO", Assert.Throws<InputException>(() => DinoScorer.Open(ViClip())).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(dino, "config.json"), """{"heads": 7}""");
        Assert.Contains("7 attention heads do not divide", Assert.Throws<InputException>(() => DinoScorer.Open(dino)).Message, StringComparison.Ordinal);
        string config = Path.Combine(clip, "open_clip_config.json");
        string published = File.ReadAllText(config);
        foreach ((string text, string expected) in new[]
        {
            ("{}", "vision_cfg and text_cfg"),
            (published.Replace("\"patch_size\":8", "\"patch_size\":0", StringComparison.Ordinal), "vision_cfg does not fit"),
            (published.Replace("\"head_width\":8", "\"head_width\":7", StringComparison.Ordinal), "head_width does not fit"),
            (published.Replace("\"embed_dim\":24", "\"embed_dim\":25", StringComparison.Ordinal), "25"),
        })
        {
            File.WriteAllText(config, text);
            Assert.Contains(expected, Assert.Throws<InputException>(() => ClipScorer.Open(clip)).Message, StringComparison.Ordinal);
        }

        File.WriteAllText(config, published);
        Safetensors.Save(Path.Combine(clip, "aesthetic.safetensors"), new Dictionary<string, Tensor> { ["weight"] = ones(1, 7), ["bias"] = ones(1) });
        Assert.Contains("'weight' of 1x24", Assert.Throws<InputException>(() => ClipScorer.Open(clip)).Message, StringComparison.Ordinal);
        File.Delete(config);
        Assert.Contains("open_clip_config.json: not found", Assert.Throws<InputException>(() => ClipScorer.Open(clip)).Message, StringComparison.Ordinal);
    }

    private static GoldenCase Model(string name) => Assert.IsType<GoldenCase>(GoldenCase.Find(name, name + "_tiny").Single().Data);

    private string Dino()
    {
        using var scope = NewDisposeScope();
        GoldenCase golden = Model("dino");
        DinoVision model = DinoVisionTests.Load(golden);
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "dino")).FullName;
        Safetensors.Save(Path.Combine(folder, "dino.safetensors"), StateLoader.StateOf(model));
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""{"heads": {{golden.Json.GetProperty("num_heads").GetInt32()}}}""");
        return folder;
    }

    /// <summary>The activation of the reference's scores is the quick one.</summary>
    private string Clip()
    {
        using var scope = NewDisposeScope();
        GoldenCase golden = Model("clip");
        ClipModel model = ClipModelTests.Load(golden, quick: true);
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "clip")).FullName;
        Safetensors.Save(Path.Combine(folder, "open_clip_model.safetensors"), StateLoader.StateOf(model));
        Safetensors.Save(
            Path.Combine(folder, "aesthetic.safetensors"),
            new Dictionary<string, Tensor> { ["weight"] = golden.Tensors["in.aesthetic.weight"], ["bias"] = golden.Tensors["in.aesthetic.bias"] });
        File.WriteAllText(Path.Combine(folder, "open_clip_config.json"), JsonSerializer.Serialize(new
        {
            model_cfg = new { embed_dim = golden.Json.GetProperty("embed_dim").GetInt32(), quick_gelu = true, vision_cfg = golden.Json.GetProperty("vision"), text_cfg = golden.Json.GetProperty("text") },
        }));
        return folder;
    }

    private string ViClip()
    {
        using var scope = NewDisposeScope();
        ViClipModel model = ViClipModelTests.Load(Model("viclip"));
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "viclip")).FullName;
        Safetensors.Save(Path.Combine(folder, "viclip.safetensors"), StateLoader.StateOf(model).ToDictionary(item => "model." + item.Key, item => item.Value));
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""{"vision_heads": {{model.Options.Towers.VisionHeads}}, "text_heads": {{model.Options.Towers.TextHeads}}}""");
        return folder;
    }
}
