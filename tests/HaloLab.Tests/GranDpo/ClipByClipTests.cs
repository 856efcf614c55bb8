using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>Clip by clip the gradients of adapters are those of all clips at once, under every objective, whether blocks are computed again or not, in both precisions.</summary>
public class ClipByClipTests
{
    private const int Pairs = 2;

    // Roundings of what is summed over clips and tokens; those of bfloat16 are 2^16 times those of float32.
    private const double Single = 2e-5;
    private const double Half = 3e-2;

    private static readonly PatchGrid Grid = new(1, 2, 2);

    public static TheoryData<GranDpoOptions> Objectives()
    {
        GranDpoOptions gran = new() { BetaVideo = 2, BetaPatch = 1 };
        return new()
        {
            gran,
            gran with { Weighting = PatchWeighting.Margin, Lambda = 0.2, LabelSmoothing = 0.1 },
            gran with { Form = PreferenceForm.Hinge },
            gran with { Form = PreferenceForm.Ipo, Eta = 0.3 },
            gran with { Terms = PreferenceTerms.VideoOnly },
            gran with { Terms = PreferenceTerms.PatchOnly },
            gran with { Terms = PreferenceTerms.None, Eta = 1 },
            gran with { Terms = PreferenceTerms.RegionOnly, TauPatch = 0.5 },
            gran with { TauVideo = 10, TauPatch = 0.5 },
        };
    }

    [Theory]
    [MemberData(nameof(Objectives), DisableDiscoveryEnumeration = true)]
    public void SinglePrecision(GranDpoOptions objective) => Compare(objective, ScalarType.Float32, Single);

    [Theory]
    [MemberData(nameof(Objectives), DisableDiscoveryEnumeration = true)]
    public void HalfPrecision(GranDpoOptions objective) => Compare(objective, ScalarType.BFloat16, Half);

    [Fact]
    public void WhatIsTiedAltogetherHasNoGradient()
    {
        using var scope = NewDisposeScope();
        Assert.All(Gradients(new GranDpoOptions { TauVideo = 10, TauPatch = 10 }, ScalarType.Float32, isTwoPass: true, recomputes: false).Values, gradient => Assert.Equal(0, gradient.count_nonzero().item<long>()));
    }

    private static void Compare(GranDpoOptions objective, ScalarType precision, double limit)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> atOnce = Gradients(objective, precision, isTwoPass: false, recomputes: false);
        Dictionary<string, Tensor> twoPass = Gradients(objective, precision, isTwoPass: true, recomputes: false);
        Dictionary<string, Tensor> again = Gradients(objective, precision, isTwoPass: true, recomputes: true);
        Assert.NotEmpty(atOnce);
        double largest = atOnce.Values.Max(gradient => gradient.abs().max().item<float>());
        Assert.True(largest > 0);
        foreach ((string name, Tensor gradient) in atOnce)
        {
            TensorAssert.Close(gradient, twoPass[name], limit * largest, what: name);

            // With one clip bfloat16's kernels are chosen by strides that blocks which are computed again do not keep.
            TensorAssert.Close(twoPass[name], again[name], precision == ScalarType.Float32 ? 0 : limit * largest, what: name);
        }
    }

    /// <summary>Of adapters that are under way, against the reference without them.</summary>
    private static Dictionary<string, Tensor> Gradients(GranDpoOptions objective, ScalarType precision, bool isTwoPass, bool recomputes)
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using WanTransformer model = new WanTransformer(WanConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath)) { Recomputes = recomputes }.In(precision);
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath, convert: true);
        LoraAdapters adapters = LoraAdapters.Attach(model, name => name.Contains(".attn", StringComparison.Ordinal), 2, 2, 1);
        using (no_grad())
        {
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in adapters.Parameters)
            {
                parameter.copy_(0.1 * GaussianNoise.Draw(new RandomStream(2, name), parameter.shape));
            }
        }

        long[] shape = golden.Tensors["in.hidden_states"].shape;
        Tensor Noise(string name, params long[] sizes) => GaussianNoise.Draw(new RandomStream(3, name), sizes);
        Tensor noise_BCTHW = Noise("noise", Pairs, shape[1], shape[2], shape[3], shape[4]);
        Tensor level_B = tensor(new[] { 0.3f, 0.8f });
        Tensor clean_2BCTHW = Noise("clean", 2 * Pairs, shape[1], shape[2], shape[3], shape[4]);
        TrainingExample example = new FlowMatchingTarget().Example(clean_2BCTHW, cat([noise_BCTHW, noise_BCTHW]), cat([level_B, level_B]));
        Tensor text_BLD = golden.Tensors["in.encoder_hidden_states"].narrow(0, 0, Pairs);
        Tensor text_2BLD = cat([text_BLD, text_BLD]);
        using PairRewards rewards = new(Noise("a", Pairs), Noise("b", Pairs), Noise("patches a", Pairs, Grid.Time, Grid.Height, Grid.Width), Noise("patches b", Pairs, Grid.Time, Grid.Height, Grid.Width));

        WanDenoiser denoiser = new(model);
        PatchEnergies Energies(TrainingExample shown, Tensor text) => PatchEnergies.Compute(denoiser.Predict(shown.Noisy_BCTHW, shown.Timestep_B, text), shown.Target_BCTHW, Grid);
        PatchEnergies OfClip(int clip) => Energies(example.Rows(clip, 1), text_2BLD.narrow(0, clip, 1));
        adapters.Enable(false);
        PatchEnergies reference;
        using (no_grad())
        {
            reference = Energies(example, text_2BLD);
        }

        adapters.Enable(true);
        PatchEnergies policy = isTwoPass ? ClipByClip.Energies(2 * Pairs, OfClip) : Energies(example, text_2BLD);
        GranDpoObjective.Compute(policy.Rows(0, Pairs), policy.Rows(Pairs, Pairs), reference.Rows(0, Pairs), reference.Rows(Pairs, Pairs), rewards, objective, new CellSums(Grid, (int)shape[2], (int)shape[3], (int)shape[4]).Counts(channels: 1)).Loss.backward();
        if (isTwoPass)
        {
            ClipByClip.Backward(policy, OfClip);
        }

        return adapters.Parameters.ToDictionary(item => item.Name, item => item.Parameter.grad!.clone());
    }
}
