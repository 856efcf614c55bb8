using System.Diagnostics;
using HaloLab.Diffusion;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

/// <summary>Prints what the toy generator costs on this machine (docs/toy-world.md); nothing is asserted about time.</summary>
[Trait("Category", "Long")]
public sealed class ToyModelTimes(ITestOutputHelper output) : IDisposable
{
    private const int Repeats = 5;
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-times").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PrintTimes()
    {
        RandomToyCheckpoints.Write(_folder);
        using ToyGenerator generator = ToyGenerator.Load(_folder);
        output.WriteLine($"threads {get_num_threads()}, denoiser {Parameters(generator.Denoiser):n0} parameters, text {Parameters(generator.Text):n0}, autoencoder {Parameters(generator.Autoencoder):n0}");
        Tensor latents_BCTHW = GaussianNoise.Draw(new RandomStream(1, "times"), 32, 8, 8, 8, 8);
        Tensor timesteps_B = full([32], 500, dtype: ScalarType.Int64);
        Tensor context_BLD = generator.Encode([.. Enumerable.Repeat("a red circle moving left on a dark background", 32)]).detach();
        Print("denoiser, 32 clips, forward", () =>
        {
            using var noGradient = no_grad();
            generator.Predict(latents_BCTHW, timesteps_B, context_BLD);
        });
        Print("denoiser, 32 clips, forward and backward", () => generator.Predict(latents_BCTHW, timesteps_B, context_BLD).square().mean().backward());
        Print("16 clips sampled and decoded", () => generator.Generate([.. Enumerable.Repeat("a red circle moving left on a dark background", 16)], [.. Enumerable.Range(0, 16).Select(i => (long)i)]));
        Print("16 clips decoded", () =>
        {
            using var noGradient = no_grad();
            generator.Autoencoder.DecodeClips(latents_BCTHW.narrow(0, 0, 16));
        });
        Assert.Equal(32, latents_BCTHW.shape[0]);
    }

    private static long Parameters(nn.Module module) => module.parameters().Sum(parameter => parameter.NumberOfElements);

    private void Print(string what, Action action)
    {
        double[] seconds = new double[Repeats];
        for (int i = 0; i < Repeats; i++)
        {
            using var scope = NewDisposeScope();
            Stopwatch watch = Stopwatch.StartNew();
            action();
            seconds[i] = watch.Elapsed.TotalSeconds;
        }

        output.WriteLine(FormattableString.Invariant($"{what}: median {seconds.Order().ElementAt(Repeats / 2):f3} s, least {seconds.Min():f3} s"));
    }
}
