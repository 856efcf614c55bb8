using System.Text.Json;
using HaloLab.GranDpo;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>goldens/dpo. Tolerances are those of its README, widened where a case measured a larger float32 deviation of its own.</summary>
[Trait("Category", "Golden")]
public class GranDpoGoldenTests
{
    private const double LossFloat32 = 6e-5;
    private const double LossFloat64 = 1e-12;
    private const double GradientFloat32 = 2e-5;
    private const double GradientFloat64 = 1e-6;

    // Of the largest entry: a few roundings.
    private const double SameFloat32 = 1e-6;
    private const double SameFloat64 = 1e-14;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Diffusion => GoldenCase.Find("dpo", "diffusion_dpo");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Flow => GoldenCase.Find("dpo", "flow_dpo");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Granular => GoldenCase.Find("dpo", "gran_*");

    [Theory]
    [MemberData(nameof(Diffusion), DisableDiscoveryEnumeration = true)]
    public void DiffusionDpo(GoldenCase golden)
    {
        double beta = golden.Json.GetProperty("beta").GetDouble();
        GranDpoOptions plain = new() { Terms = PreferenceTerms.VideoOnly, BetaVideo = beta };
        foreach (JsonProperty variant in golden.Json.GetProperty("variants").EnumerateObject())
        {
            GranDpoOptions options = variant.Name switch
            {
                "sigmoid" => plain,
                "hinge" => plain with { Form = PreferenceForm.Hinge },
                "ipo" => plain with { Form = PreferenceForm.Ipo },
                "sigmoid_ls" => plain with { LabelSmoothing = golden.Json.GetProperty("label_smoothing").GetDouble() },
                "half_beta" => plain with { BetaVideo = 0.5 * golden.Json.GetProperty("beta_half_form").GetDouble() },
                "sft" => plain with { Terms = PreferenceTerms.None, Eta = 1 },
                _ => throw new InvalidOperationException($"Variant '{variant.Name}' of {golden} is unknown."),
            };
            BothWays(golden, variant.Name, run =>
            {
                WinnerAndLoser(run, run.Input("noise"), options);
                run.CheckAll("energy_policy_w", run.PolicyA.Video_B, "energy_policy_l", run.PolicyB.Video_B, "energy_ref_w", run.ReferenceA.Video_B, "energy_ref_l", run.ReferenceB.Video_B);
                run.CheckAll("logits", run.Loss.VideoMargin_B, "inside", options.BetaVideo * run.Loss.VideoMargin_B);
                Tensor accuracy = variant.Name == "half_beta"
                    ? run.Loss.VideoMargin_B.gt(0).to(ScalarType.Float64).mean()
                    : tensor(run.Metrics.VideoAccuracy!.Value);
                run.CheckAll("implicit_acc", accuracy);
                run.CheckLossAndGradients("policy_w", "policy_l", options.Terms == PreferenceTerms.None);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Flow), DisableDiscoveryEnumeration = true)]
    public void FlowDpo(GoldenCase golden)
    {
        GranDpoOptions options = new() { Terms = PreferenceTerms.VideoOnly, BetaVideo = 0.5 * golden.Json.GetProperty("beta").GetDouble() };
        BothWays(golden, "flow", run =>
        {
            Tensor noise = run.Input("noise");
            WinnerAndLoser(run, noise - run.Input("latent_w"), options, noise - run.Input("latent_l"));
            run.CheckAll("inside", options.BetaVideo * run.Loss.VideoMargin_B, "implicit_acc", tensor(run.Metrics.VideoAccuracy!.Value));
            run.CheckAll("w_diff", run.PolicyA.Video_B - run.ReferenceA.Video_B, "l_diff", run.PolicyB.Video_B - run.ReferenceB.Video_B);
            run.CheckLossAndGradients("policy_w", "policy_l");
        });
    }

    [Theory]
    [MemberData(nameof(Granular), DisableDiscoveryEnumeration = true)]
    public void Gran(GoldenCase golden)
    {
        foreach (JsonProperty variant in golden.Json.GetProperty("variants").EnumerateObject())
        {
            GranDpoOptions options = Options(variant.Value);
            options.Validate();
            int[] cells = [.. variant.Value.GetProperty("grid").EnumerateArray().Select(length => length.GetInt32())];
            BothWays(golden, variant.Name, run =>
            {
                PairRewards rewards = new(run.Input("r_video_a"), run.Input("r_video_b"), run.Input("r_patch_a"), run.Input("r_patch_b"));
                Tensor noise = run.Input("noise");
                run.Evaluate(["policy_a", "policy_b", "ref_a", "ref_b"], noise, noise, new PatchGrid(cells[0], cells[1], cells[2]), rewards, options);
                GranDpoLoss loss = run.Loss;
                run.CheckAll("delta_a", run.PolicyA.Video_B - run.ReferenceA.Video_B, "delta_b", run.PolicyB.Video_B - run.ReferenceB.Video_B);
                run.CheckAll("patch_delta_a", run.PolicyA.Cells_Bthw - run.ReferenceA.Cells_Bthw, "patch_delta_b", run.PolicyB.Cells_Bthw - run.ReferenceB.Cells_Bthw);
                run.CheckAll("sign_video", loss.VideoSign_B, "sign_patch", loss.PatchSign_Bthw, "patch_weight", loss.PatchWeight_Bthw);
                run.CheckAll("video_term", loss.VideoTerm_B, "patch_term", loss.PatchTerm_B, "counts", loss.HasTerm_B);
                run.CheckLossAndGradients("policy_a", "policy_b");
            });
        }
    }

    /// <summary>All clips at once and clip by clip, in both precisions, with the reference's energies from a file in float32 too: the same numbers.</summary>
    private static void BothWays(GoldenCase golden, string variant, Action<Run> check)
    {
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            bool[] cached = type == ScalarType.Float32 ? [false, true] : [false];
            foreach (bool isCached in cached)
            {
                Run atOnce = new(golden, variant, type, isTwoPass: false, isCached);
                check(atOnce);
                Run twoPass = new(golden, variant, type, isTwoPass: true, isCached);
                check(twoPass);
                twoPass.CheckGradientsOf(atOnce);
            }
        }
    }

    private static GranDpoOptions Options(JsonElement variant) => new()
    {
        Lambda = variant.GetProperty("lambda").GetDouble(),
        BetaVideo = variant.GetProperty("beta_video").GetDouble(),
        BetaPatch = variant.GetProperty("beta_patch").GetDouble(),
        TauVideo = variant.GetProperty("tau_video").GetDouble(),
        TauPatch = variant.GetProperty("tau_patch").GetDouble(),
        LabelSmoothing = variant.GetProperty("label_smoothing").GetDouble(),
        Weighting = Enum.Parse<PatchWeighting>(variant.GetProperty("weight").GetString()!, ignoreCase: true),
        Form = Enum.Parse<PreferenceForm>(variant.GetProperty("kind").GetString()!, ignoreCase: true),
        Terms = variant.GetProperty("mode").GetString() switch
        {
            "both" => PreferenceTerms.VideoAndPatch,
            "video_only" => PreferenceTerms.VideoOnly,
            "patch_only" => PreferenceTerms.PatchOnly,
            string other => throw new InvalidOperationException($"Mode '{other}' is unknown."),
            null => throw new InvalidOperationException("No mode."),
        },
    };

    private static void WinnerAndLoser(Run run, Tensor targetW, GranDpoOptions options, Tensor? targetL = null)
    {
        long pairs = targetW.shape[0];
        PairRewards rewards = new(ones(pairs), zeros(pairs), zeros(pairs, 1, 1, 1), zeros(pairs, 1, 1, 1));
        run.Evaluate(["policy_w", "policy_l", "ref_w", "ref_l"], targetW, targetL ?? targetW, new PatchGrid(1, 1, 1), rewards, options);
    }

    /// <summary>One variant of a case in one precision: evaluated, then compared with what the case stored, tensor by tensor.</summary>
    private sealed class Run(GoldenCase golden, string variant, ScalarType type, bool isTwoPass, bool isCached)
    {
        private readonly Dictionary<string, Tensor> _inputs = [];
        private readonly HashSet<string> _checked = [];
        private Action _carryOn = () => { };

        public PatchEnergies PolicyA { get; private set; } = null!;

        public PatchEnergies PolicyB { get; private set; } = null!;

        public PatchEnergies ReferenceA { get; private set; } = null!;

        public PatchEnergies ReferenceB { get; private set; } = null!;

        public GranDpoLoss Loss { get; private set; } = null!;

        public GranDpoMetrics Metrics { get; private set; } = null!;

        public Tensor Input(string name) => golden.Tensors["in." + name].to(type);

        public void Evaluate(string[] predictions, Tensor targetA, Tensor targetB, PatchGrid grid, PairRewards rewards, GranDpoOptions options)
        {
            foreach (string name in predictions)
            {
                _inputs[name] = Input(name).detach().clone().requires_grad_(name.StartsWith("policy", StringComparison.Ordinal));
            }

            if (isTwoPass)
            {
                int pairs = (int)targetA.shape[0];
                PatchEnergies OfClip(int clip)
                {
                    (string name, Tensor target) = clip < pairs ? (predictions[0], targetA) : (predictions[1], targetB);
                    return PatchEnergies.Compute(_inputs[name].narrow(0, clip % pairs, 1), target.narrow(0, clip % pairs, 1), grid);
                }

                PatchEnergies policy = ClipByClip.Energies(2 * pairs, OfClip);
                (PolicyA, PolicyB) = (policy.Rows(0, pairs), policy.Rows(pairs, pairs));
                _carryOn = () => ClipByClip.Backward(policy, OfClip);
            }
            else
            {
                PolicyA = PatchEnergies.Compute(_inputs[predictions[0]], targetA, grid);
                PolicyB = PatchEnergies.Compute(_inputs[predictions[1]], targetB, grid);
            }

            ReferenceA = PatchEnergies.Compute(_inputs[predictions[2]], targetA, grid);
            ReferenceB = PatchEnergies.Compute(_inputs[predictions[3]], targetB, grid);
            if (isCached)
            {
                long[] shape = _inputs[predictions[2]].shape;
                CellSums cells = new(grid, (int)shape[2], (int)shape[3], (int)shape[4]);
                Tensor sums_2Bthw = cat([PatchEnergies.SquaredErrorSums(_inputs[predictions[2]], targetA, cells), PatchEnergies.SquaredErrorSums(_inputs[predictions[3]], targetB, cells)]);
                PatchEnergies read = CachedReference.Energies(sums_2Bthw, shape, grid);
                (ReferenceA, ReferenceB) = (read.Rows(0, shape[0]), read.Rows(shape[0], shape[0]));
            }

            Loss = GranDpoObjective.Compute(PolicyA, PolicyB, ReferenceA, ReferenceB, rewards, options);
            Metrics = GranDpoMetrics.Measure(Loss, PolicyA, PolicyB, ReferenceA, ReferenceB, options);
            Assert.Equal(Loss.Loss.to(ScalarType.Float64).item<double>(), Metrics.Loss);
        }

        public void CheckAll(string name, Tensor actual, string? name2 = null, Tensor? actual2 = null, string? name3 = null, Tensor? actual3 = null, string? name4 = null, Tensor? actual4 = null)
        {
            foreach ((string? key, Tensor? value) in new[] { (name, actual), (name2, actual2), (name3, actual3), (name4, actual4) })
            {
                if (key is not null && golden.Tensors.TryGetValue($"out64.{variant}.{key}", out Tensor? expected))
                {
                    double tolerance = type == ScalarType.Float64 ? LossFloat64 : Math.Max(LossFloat32, 2 * Deviation("out_abs_f32_f64"));
                    TensorAssert.Close(expected, value!, tolerance, type == ScalarType.Float64 ? LossFloat64 : 0, $"{golden} {variant} {key} {type}");
                    _checked.Add(key);
                }
            }
        }

        public void CheckLossAndGradients(string nameA, string nameB, bool isSft = false)
        {
            CheckAll("loss", Loss.Loss, "per_pair", isSft ? PolicyA.Video_B : Loss.PerPair_B);
            Assert.Equal(golden.WithPrefix($"out64.{variant}.").Keys.Where(key => key != "noisy_w").Order(), _checked.Order());
            Loss.Loss.backward();
            _carryOn();
            foreach (string name in new[] { nameA, nameB })
            {
                if (golden.Tensors.TryGetValue($"grad.{variant}.{name}", out Tensor? expected))
                {
                    double tolerance = type == ScalarType.Float64 ? GradientFloat64 : Math.Max(GradientFloat32, 2 * Deviation("grad_rel_f32_f64"));
                    TensorAssert.Close(expected, _inputs[name].grad!, 0, tolerance, $"{golden} {variant} gradient of {name} {type}");
                }
            }
        }

        /// <summary>To rounding.</summary>
        public void CheckGradientsOf(Run other)
        {
            foreach ((string name, Tensor input) in _inputs.Where(item => item.Value.requires_grad))
            {
                TensorAssert.Close(other._inputs[name].grad!, input.grad!, 0, type == ScalarType.Float64 ? SameFloat64 : SameFloat32, $"{golden} {variant} gradient of {name} {type} in two passes");
            }
        }

        private double Deviation(string name)
        {
            JsonElement deviation = golden.Json.GetProperty("deviation");
            return (deviation.TryGetProperty(variant, out JsonElement own) ? own : deviation).GetProperty(name).GetDouble();
        }
    }
}
