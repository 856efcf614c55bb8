using HaloLab.Diffusion;
using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.Tests.Diffusion;

public class NoiseScheduleTargetTests
{
    [Theory]
    [InlineData(PredictionTarget.Noise)]
    [InlineData(PredictionTarget.Velocity)]
    public void ExamplesFollowTheSchedule(PredictionTarget prediction)
    {
        NoiseSchedule schedule = NoiseSchedule.VideoCrafter2(scaled: false);
        NoiseScheduleTarget target = new(schedule, prediction, "vc2", 200, 203);
        RandomStream stream = new(1, "levels");
        double[] levels = [.. Enumerable.Range(0, 60).Select(_ => target.DrawLevel(stream))];
        Assert.Equal([200.0, 201, 202], levels.Distinct().Order());
        Tensor clean = ones([2, 1, 1, 1, 1]) * 2;
        Tensor noise = ones([2, 1, 1, 1, 1]) * 3;
        TrainingExample example = target.Example(clean, noise, tensor(new[] { 200f, 202f }));
        Assert.Equal([200L, 202L], example.Timestep_B.data<long>().ToArray());
        for (int i = 0; i < 2; i++)
        {
            double signal = Math.Sqrt(schedule.AlphasCumprod[200 + (2 * i)]);
            double sigma = Math.Sqrt(1 - schedule.AlphasCumprod[200 + (2 * i)]);
            Assert.Equal((2 * signal) + (3 * sigma), example.Noisy_BCTHW.flatten()[i].item<float>(), 1e-5);
            Assert.Equal(prediction == PredictionTarget.Noise ? 3 : (3 * signal) - (2 * sigma), example.Target_BCTHW.flatten()[i].item<float>(), 1e-5);
        }
    }
}
