using System.Text.Json;
using HaloLab.Evaluation.VBench;
using HaloLab.Models.Clip;
using HaloLab.Models.Dino;
using HaloLab.Models.ViClip;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.Clip;
using HaloLab.Tests.Models.Dino;
using HaloLab.Tests.Models.ViClip;
using static TorchSharp.torch;

namespace HaloLab.Tests.Evaluation.VBench;

[Trait("Category", "Golden")]
public sealed class VBenchGoldenTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("vbench", "vbench*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void FramesBecomeTheReferencesScores(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        GoldenCase Model(string name) => Assert.IsType<GoldenCase>(GoldenCase.Find(name, name + "_tiny").Single().Data);
        DinoVision dino = DinoVisionTests.Load(Model("dino"));
        ClipModel clip = ClipModelTests.Load(Model("clip"), quick: true);
        ViClipModel viclip = ViClipModelTests.Load(Model("viclip"));
        (Tensor weight, Tensor bias) = (Model("clip").Tensors["in.aesthetic.weight"], Model("clip").Tensors["in.aesthetic.bias"]);
        Dictionary<string, List<ClipTerms>> terms = new() { ["subject_consistency"] = [], ["background_consistency"] = [], ["aesthetic_quality"] = [] };
        foreach (string video in golden.Json.GetProperty("prompts").EnumerateObject().Select(prompt => prompt.Name))
        {
            Tensor frames_TCHW = golden.Tensors["in." + video].permute(0, 3, 1, 2);
            Tensor subjects_TD = dino.call(DinoVision.Preprocess(frames_TCHW, dino.Options.ImageSize));
            TensorAssert.Close(golden.Tensors[$"tap.{video}.dino_features"], subjects_TD, 3e-5, what: $"{video}: DINO");
            Tensor features_TD = clip.EncodeImages(ClipPreprocessing.Apply(frames_TCHW, clip.Options.ImageSize, ClipPixels.Unrounded));
            TensorAssert.Close(golden.Tensors[$"tap.{video}.clip_features"], features_TD, 3e-5, what: $"{video}: CLIP");
            terms["subject_consistency"].Add(VBenchFormulas.Consistency(subjects_TD));
            terms["background_consistency"].Add(VBenchFormulas.Consistency(features_TD));
            terms["aesthetic_quality"].Add(VBenchFormulas.Aesthetic(features_TD, weight, bias));
            foreach ((string dimension, List<ClipTerms> clips) in terms)
            {
                Assert.Equal(PerVideo(golden, dimension, video), clips[^1].Mean, 1e-5);
            }

            Assert.Equal(PerVideo(golden, "temporal_flickering", video), VBenchFormulas.Flickering(frames_TCHW), 1e-6);

            IReadOnlyList<int> shown = VBenchFormulas.MiddleFrames((int)frames_TCHW.shape[0], viclip.Options.Frames);
            Assert.Equal(golden.Json.GetProperty("frame_indices_used").GetProperty(video + ".viclip_frame_indices").EnumerateArray().Select(index => index.GetInt32()), shown);
            Tensor pixels_TCHW = ClipPreprocessing.Apply(frames_TCHW.index_select(0, tensor([.. shown.Select(index => (long)index)])), viclip.Options.Towers.ImageSize, ClipPixels.Rounded);
            Tensor clips_1D = viclip.vision_encoder.call(pixels_TCHW.transpose(0, 1).unsqueeze(0));
            Tensor texts_1D = viclip.text_encoder.call(golden.Tensors[$"tap.{video}.text_ids"]);
            TensorAssert.Close(golden.Tensors[$"tap.{video}.viclip_video"], clips_1D, 3e-5, what: $"{video}: ViCLIP");
            TensorAssert.Close(golden.Tensors[$"tap.{video}.viclip_text"], texts_1D, 3e-5, what: $"{video}: ViCLIP's text");
            Assert.Equal(PerVideo(golden, "overall_consistency", video), ClipModel.Cosine(clips_1D, texts_1D).item<float>(), 1e-5);
        }

        Assert.Equal(Result(golden, "subject_consistency").GetProperty("aggregate").GetDouble(), ClipTerms.FrameWeighted(terms["subject_consistency"]), 1e-5);
        Assert.Equal(Result(golden, "subject_consistency").GetProperty("mean_over_videos").GetDouble(), ClipTerms.ClipWeighted(terms["subject_consistency"]), 1e-5);
        Assert.Equal(Result(golden, "background_consistency").GetProperty("aggregate").GetDouble(), ClipTerms.FrameWeighted(terms["background_consistency"]), 1e-5);
        Assert.Equal(Result(golden, "aesthetic_quality").GetProperty("aggregate").GetDouble(), ClipTerms.ClipWeighted(terms["aesthetic_quality"]), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void MotionIsJudgedAsTheReferenceDoes(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        JsonElement dynamic = Result(golden, "dynamic_degree");
        double[] scores = [.. golden.Tensors["in.flows"].unbind(0).Select(VBenchFormulas.FlowScore)];
        Assert.Equal(dynamic.GetProperty("flow_scores").EnumerateArray().Select(score => score.GetDouble()), scores, (a, b) => Math.Abs(a - b) <= 1e-6 * Math.Abs(a));
        foreach (JsonElement row in dynamic.GetProperty("table").EnumerateArray())
        {
            (int height, int width, int frames) = (row.GetProperty("height").GetInt32(), row.GetProperty("width").GetInt32(), row.GetProperty("frames").GetInt32());
            Assert.Equal(row.GetProperty("threshold").GetDouble(), VBenchFormulas.ThresholdOf(height, width), 1e-12);
            Assert.Equal(row.GetProperty("count_needed").GetInt32(), VBenchFormulas.PairsNeeded(frames));
            Assert.Equal(row.GetProperty("dynamic").GetBoolean(), VBenchFormulas.IsDynamic(scores, frames, height, width));
        }

        Tensor frames_T = golden.Tensors["in." + Result(golden, "motion_smoothness").GetProperty("video").GetString()];
        Assert.Equal(Result(golden, "motion_smoothness").GetProperty("score").GetDouble(), VBenchFormulas.Smoothness(frames_T, golden.Tensors["in.interp"]), 1e-6);
        foreach (JsonProperty row in golden.Json.GetProperty("get_frame_indices_middle").EnumerateObject())
        {
            int[] sizes = [.. row.Name.Split("->").Select(int.Parse)];
            Assert.Equal(row.Value.EnumerateArray().Select(index => index.GetInt32()), VBenchFormulas.MiddleFrames(sizes[0], sizes[1]));
        }
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PicturesForImagingQualityAreResizedAsTheReferenceDoes(GoldenCase golden)
    {
        const int Every = 64;
        using var scope = NewDisposeScope();
        JsonElement quality = Result(golden, "imaging_quality");
        int[] size = [.. quality.GetProperty("sizes").GetProperty("input").EnumerateArray().Select(side => side.GetInt32())];
        float[] noise = new float[3 * size[0] * size[1]];
        for (int i = 0; i < noise.Length; i++)
        {
            (int c, int y, int x) = (i / (size[0] * size[1]), i / size[1] % size[0], i % size[1]);
            noise[i] = ((37 * y) + (91 * x) + (53 * c) + (7 * x * y)) % 256;
        }

        Tensor frames_NCHW = tensor(noise, [1, 3, size[0], size[1]]);
        foreach ((string name, bool shorter) in new[] { ("longer", false), ("shorter", true) })
        {
            Tensor prepared = ImagingQuality.Prepare(frames_NCHW, shorter);
            Assert.Equal(quality.GetProperty("sizes").GetProperty(name).EnumerateArray().Select(side => side.GetInt64()), prepared.shape[2..]);
            Tensor rows = arange(0, prepared.shape[2], Every);
            Tensor columns = arange(0, prepared.shape[3], Every);
            TensorAssert.Close(golden.Tensors["tap.imaging_quality." + name], prepared.index_select(2, rows).index_select(3, columns), 1e-5, what: name);
        }

        double[] grades = [.. quality.GetProperty("frame_scores").EnumerateArray().Select(grade => grade.GetDouble())];
        Assert.Equal(quality.GetProperty("aggregate").GetDouble(), ImagingQuality.Aggregate([grades[..3], grades[3..]]), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void TotalsAreTheReferences(GoldenCase golden)
    {
        foreach (JsonElement item in golden.Json.GetProperty("final_score").GetProperty("cases").EnumerateArray())
        {
            Dictionary<string, double> raw = item.GetProperty("raw").EnumerateObject().ToDictionary(value => value.Name, value => value.Value.GetDouble());
            VBenchTotal total = VBenchTotal.Of(raw);
            Assert.Empty(total.Missing);
            Assert.Equal(item.GetProperty("quality").GetDouble(), total.Quality, 1e-12);
            Assert.Equal(item.GetProperty("semantic").GetDouble(), total.Semantic, 1e-12);
            Assert.Equal(item.GetProperty("total").GetDouble(), total.Total, 1e-12);
            foreach (VBenchDimension dimension in VBenchDimension.All)
            {
                Assert.Equal(item.GetProperty("normalised_weighted").GetProperty(dimension.Name).GetDouble(), dimension.Weight * (raw[dimension.Name] == 0 ? 0 : dimension.Normalise(raw[dimension.Name])), 1e-12);
            }
        }
    }

    private static JsonElement Result(GoldenCase golden, string dimension) => golden.Json.GetProperty("results").GetProperty(dimension);

    private static double PerVideo(GoldenCase golden, string dimension, string video) => Result(golden, dimension).GetProperty("per_video").GetProperty(video).GetDouble();
}
