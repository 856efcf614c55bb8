using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using HaloLab.Rewards;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

public sealed class EarlyStoppingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-stopping").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheBestWeightsAreKeptAndTrainingEndsWhenNothingGetsBetter()
    {
        using Linear layer = Layer();
        using FlatParameters parameters = new(layer.named_parameters());
        Dictionary<long, double> values = new() { [10] = double.NaN, [20] = 0.3, [30] = 0.5, [40] = 0.5, [50] = double.NaN, [60] = 0.9 };
        List<long> trained = [];
        Run(parameters, patience: 2, trained, values);
        Assert.Equal([10, 20, 30, 40, 50], trained);
        Assert.Equal(30, layer.weight[0, 0].item<float>());
        Assert.Equal([(10, double.NaN), (20, 0.3), (30, 0.5), (40, 0.5), (50, double.NaN)], EarlyStopping.ReadFrom(_folder));

        // Without patience it goes to the end, which need not be a whole stretch.
        trained.Clear();
        Run(parameters, patience: 0, trained, values, "other");
        Assert.Equal([10, 20, 30, 40, 50, 55], trained);
        Assert.Equal(30, layer.weight[0, 0].item<float>());
    }

    [Fact]
    public void ARunThatWasStoppedAnywhereEndsAsAnUndisturbedOne()
    {
        Dictionary<long, double> values = new() { [10] = 0.1, [20] = 0.4, [30] = 0.2, [40] = 0.3 };
        foreach (int stop in Enumerable.Range(1, 7))
        {
            string name = $"stopped-{stop}";
            int calls = 0;
            void Count()
            {
                if (++calls == stop)
                {
                    throw new OperationCanceledException();
                }
            }

            List<long> trained = [];
            using (Linear first = Layer())
            using (FlatParameters parameters = new(first.named_parameters()))
            {
                Assert.Throws<OperationCanceledException>(() => Run(parameters, patience: 2, trained, values, name, Count));
            }

            using Linear layer = Layer();
            using FlatParameters again = new(layer.named_parameters());
            Run(again, patience: 2, trained, values, name);
            Assert.Equal(20, layer.weight[0, 0].item<float>());
            Assert.Equal(values.Select(item => (item.Key, item.Value)), EarlyStopping.ReadFrom(Path.Combine(_folder, name)));

            // What was measured is not trained again.
            Assert.InRange(trained.Count, 4, 5);
        }
    }

    private static Linear Layer()
    {
        Linear layer = new(1, 1, hasBias: false);
        using (no_grad())
        {
            layer.weight.zero_();
        }

        return layer;
    }

    /// <summary>Training to step n sets the weight to n.</summary>
    private void Run(FlatParameters parameters, int patience, List<long> trained, Dictionary<long, double> values, string name = "", Action? before = null)
    {
        string folder = Path.Combine(_folder, name);
        long reached = 0;
        new EarlyStopping(folder, every: 10, patience, step =>
        {
            before?.Invoke();
            Assert.Equal(reached, step);
            return values.GetValueOrDefault(step, 0);
        }).Run(values.Count == 4 ? 40 : 55, parameters, end =>
        {
            before?.Invoke();
            trained.Add(end);
            reached = end;
            using (no_grad())
            {
                parameters.Values.fill_(end);
            }

            parameters.Round();
        });
    }
}
