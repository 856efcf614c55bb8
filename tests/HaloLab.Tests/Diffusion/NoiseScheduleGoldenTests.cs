using System.Globalization;
using System.Text.RegularExpressions;
using HaloLab.Diffusion;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Diffusion;

[Trait("Category", "Golden")]
public partial class NoiseScheduleGoldenTests
{
    private const double Limit = 1e-6;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Schedules() => GoldenCase.Find("videocrafter2", "schedule*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Training() => GoldenCase.Find("schedulers", "ddpm_training*");

    [Theory]
    [MemberData(nameof(Schedules), DisableDiscoveryEnumeration = true)]
    public void TablesAndNoisyLatents(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        NoiseSchedule scaled = NoiseSchedule.VideoCrafter2();
        NoiseSchedule plain = NoiseSchedule.VideoCrafter2(scaled: false);
        NoiseSchedule turbo = NoiseSchedule.SinglePrecision();
        (Tensor clean, Tensor noise, Tensor timesteps_B) = (golden.Tensors["in.x0"], golden.Tensors["in.noise"], golden.Tensors["in.t"]);
        Dictionary<string, Tensor> actual = new()
        {
            ["out.betas"] = Table(scaled.Betas),
            ["out.alphas_cumprod"] = Table(scaled.AlphasCumprod),
            ["out.scale_arr_1000"] = Table(scaled.Scale),
            ["out.turbo_alphas_cumprod"] = Table(turbo.AlphasCumprod),
            ["out.q_sample_use_scale"] = scaled.AddNoise(clean, noise, timesteps_B),
            ["out.q_sample_no_scale"] = plain.AddNoise(clean, noise, timesteps_B),
            ["out.turbo_add_noise"] = turbo.AddNoise(clean, noise, timesteps_B),
        };
        foreach ((string name, Tensor value) in actual)
        {
            TensorAssert.Close(golden.Tensors[name], value, Limit, what: name);
        }
    }

    [Theory]
    [MemberData(nameof(Schedules), DisableDiscoveryEnumeration = true)]
    public void SamplersStepTables(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        int checkedTables = 0;
        foreach (string name in golden.Tensors.Keys.Where(key => StepTable().IsMatch(key)))
        {
            Match match = StepTable().Match(name);
            int steps = int.Parse(match.Groups["steps"].Value, CultureInfo.InvariantCulture);
            string column = match.Groups["column"].Value;
            bool isDdim = match.Groups["sampler"].Value == "ddim";
            double[] actual = isDdim
                ? [.. new DdimSampler(NoiseSchedule.VideoCrafter2(), steps, eta: 1).Steps.Reverse().Select(step => Column(step, column))]
                : [.. new LcmSampler(NoiseSchedule.SinglePrecision(), steps).Steps.Select(step => Column(step, column))];
            Tensor expected = golden.Tensors[name].to(ScalarType.Float64);
            Tensor values = tensor(actual);
            if (column == "c_skip")
            {
                // As small as 1e-9: only a relative comparison says anything.
                (expected, values) = (ones_like(expected), values / expected);
                TensorAssert.Close(expected, values, 1e-5, what: name);
            }
            else
            {
                TensorAssert.Close(expected, values, column == "timesteps" ? 0 : Limit, what: name);
            }

            checkedTables++;
        }

        Assert.Equal(golden.Tensors.Keys.Count(key => key.StartsWith("out.ddim", StringComparison.Ordinal) || key.StartsWith("out.lcm", StringComparison.Ordinal)), checkedTables);
        Assert.NotEqual(0, checkedTables);
    }

    [Theory]
    [MemberData(nameof(Training), DisableDiscoveryEnumeration = true)]
    public void TrainingInputsAndTargets(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        NoiseSchedule single = NoiseSchedule.SinglePrecision();
        NoiseSchedule scaled = NoiseSchedule.VideoCrafter2();
        (Tensor clean, Tensor noise, Tensor timesteps_B) = (golden.Tensors["in.x0"], golden.Tensors["in.noise"], golden.Tensors["in.timesteps"]);
        Dictionary<string, Tensor> actual = new()
        {
            ["out.betas"] = Table(single.Betas),
            ["out.alphas_cumprod"] = Table(single.AlphasCumprod),
            ["out.noisy"] = single.AddNoise(clean, noise, timesteps_B),
            ["out.target_epsilon"] = single.TargetOf(PredictionTarget.Noise, clean, noise, timesteps_B),
            ["out.target_v"] = single.TargetOf(PredictionTarget.Velocity, clean, noise, timesteps_B),
            ["out.vc2_alphas_cumprod"] = Table(scaled.AlphasCumprod),
            ["out.vc2_scale_arr"] = Table(scaled.Scale),
            ["out.vc2_noisy"] = scaled.AddNoise(clean, noise, timesteps_B),
        };
        foreach ((string name, Tensor value) in actual)
        {
            TensorAssert.Close(golden.Tensors[name], value, Limit, what: name);
        }
    }

    private static double Column(DdimStep step, string column) => column switch
    {
        "timesteps" => step.Timestep,
        "alphas" => step.Alpha,
        "alphas_prev" => step.AlphaPrevious,
        "sigmas_eta1" => step.Sigma,
        "scale" => step.Scale,
        "scale_prev" => step.ScalePrevious,
        _ => throw new NotSupportedException(column),
    };

    private static double Column(LcmStep step, string column) => column switch
    {
        "timesteps" => step.Timestep,
        "c_skip" => step.SkipFactor,
        "c_out" => step.OutFactor,
        _ => throw new NotSupportedException(column),
    };

    private static Tensor Table(IReadOnlyList<float> table) => tensor(table.ToArray());

    [GeneratedRegex(@"^out\.(?<sampler>ddim|lcm)(?<steps>\d+)\.(?<column>\w+)$")]
    private static partial Regex StepTable();
}
