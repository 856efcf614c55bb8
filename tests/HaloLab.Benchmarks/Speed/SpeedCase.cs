using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Statistics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Benchmarks.Speed;

/// <summary>A model of a folder's case through HaloLab's layers, with the case's weights; its loss and gradients were those of the case when it was read.</summary>
internal sealed class SpeedCase : IDisposable
{
    // The case's own deviation of float32 from float64.
    private const double LossTolerance = 5e-5;
    private const double GradientTolerance = 1e-4;

    private readonly Module<Tensor, Tensor, Tensor, Tensor> _model;
    private readonly Dictionary<string, Tensor> _tensors;
    private readonly double _beta;

    private SpeedCase(string folder, string name)
    {
        Name = name;
        Path = System.IO.Path.Combine(folder, name);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path + ".json"));
        JsonElement sizes = json.RootElement.GetProperty("constructor");
        JsonSerializerOptions options = new() { PropertyNameCaseInsensitive = true };
        _model = name == "video_dit"
            ? new VideoDit(sizes.Deserialize<VideoDitOptions>(options)!)
            : new SpaceTimeUNet(sizes.Deserialize<SpaceTimeUNetOptions>(options)!);
        _beta = json.RootElement.GetProperty("beta").GetDouble();
        _tensors = Safetensors.Load(Path + ".safetensors");
        StateLoader.Load(_model, _tensors.Where(pair => pair.Key.StartsWith("param.", StringComparison.Ordinal)).ToDictionary(), Path + ".safetensors", prefix: "param.");
        Check();
    }

    /// <summary>Latent frames, rows and columns at which steps are timed.</summary>
    public static IReadOnlyList<(long T, long H, long W)> Sizes { get; } = [(4, 16, 16), (8, 16, 16), (8, 32, 32)];

    /// <summary>For example <c>video_dit</c>.</summary>
    public string Name { get; }

    /// <summary>The case's files without their endings.</summary>
    public string Path { get; }

    /// <summary>Both cases, one after the other; whoever takes one disposes it.</summary>
    /// <param name="folder">Folder of the cases.</param>
    public static IEnumerable<SpeedCase> All(string folder) => new[] { "video_dit", "unet3d" }.Select(name => new SpeedCase(folder, name));

    /// <summary>Inputs of that size: two pairs, with the case's timesteps and context, in the order of the graph's arguments, β last.</summary>
    public Dictionary<string, Tensor> Inputs(long frames, long rows, long columns)
    {
        Dictionary<string, Tensor> inputs = new() { ["t"] = _tensors["in.t"], ["context"] = _tensors["in.context"] };
        foreach (string name in new[] { "noisy_w", "noisy_l", "noise", "ref_w", "ref_l" })
        {
            long[] shape = [.. _tensors["in." + name].shape[..2], frames, rows, columns];
            inputs[name] = GaussianNoise.Draw(new RandomStream(1, name), shape).DetachFromDisposeScope();
        }

        return inputs;
    }

    /// <summary>The inputs as the saved graph's <c>forward</c> takes them.</summary>
    public object[] Arguments(Dictionary<string, Tensor> inputs) =>
        [inputs["noisy_w"], inputs["noisy_l"], inputs["noise"], inputs["t"], inputs["context"], inputs["ref_w"], inputs["ref_l"], _beta];

    /// <summary>−log σ(−β (Δ_w − Δ_l)), both sides as one batch.</summary>
    public Tensor Loss(Dictionary<string, Tensor> inputs)
    {
        using var scope = NewDisposeScope();
        Tensor predicted_BCTHW = _model.call(cat([inputs["noisy_w"], inputs["noisy_l"]]), cat([inputs["t"], inputs["t"]]), cat([inputs["context"], inputs["context"]]));
        Tensor[] sides_BCTHW = predicted_BCTHW.chunk(2);
        Tensor margin_B = Energy(sides_BCTHW[0], inputs["ref_w"], inputs["noise"]) - Energy(sides_BCTHW[1], inputs["ref_l"], inputs["noise"]);
        return functional.logsigmoid(margin_B * -_beta).mean().neg().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _model.Dispose();
        foreach (Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }

    private static Tensor Energy(Tensor predicted_BCTHW, Tensor reference_BCTHW, Tensor noise_BCTHW) =>
        (predicted_BCTHW - noise_BCTHW).square().flatten(1).mean([1]) - (reference_BCTHW - noise_BCTHW).square().flatten(1).mean([1]);

    private void Check()
    {
        using var scope = NewDisposeScope();
        Tensor loss = Loss(_tensors.Where(pair => pair.Key.StartsWith("in.", StringComparison.Ordinal)).ToDictionary(pair => pair.Key[3..], pair => pair.Value));
        loss.backward();
        Require("loss", Math.Abs(loss.item<float>() - _tensors["out.loss"].item<float>()), LossTolerance);
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in _model.named_parameters())
        {
            if (_tensors.TryGetValue("grad." + name, out Tensor? expected))
            {
                Require("gradient of " + name, ((parameter.grad! - expected).norm() / expected.norm()).item<float>(), GradientTolerance);
            }
        }
    }

    private void Require(string what, double difference, double tolerance)
    {
        if (!(difference <= tolerance))
        {
            throw new InvalidOperationException(FormattableString.Invariant($"{Path}: the {what} differs from the case's by {difference}, more than {tolerance}: nothing was timed."));
        }
    }
}
