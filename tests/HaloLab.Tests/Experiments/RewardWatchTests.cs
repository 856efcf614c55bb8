using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.Tests.Experiments;

public sealed class RewardWatchTests
{
    private static readonly string[] Models = ["base", "tuned", "other"];

    [Fact]
    public void AnAlarmNeedsARewardThatRisesAndSomethingThatParts()
    {
        (ModelDifference, double)[] differences =
        [
            (Of("videoreward", "VQ", 1, 0.5), 0.01), (Of("videoscore", "visual quality", 1, -0.2), 0.02), (Of("appearance", "saturation", 1, 0.1), 0.03), (Of("dino", "subject consistency", 1, 0.2), 0.01),

            // Not significant after correction; another model whose reward fell.
            (Of("viclip", "overall consistency", 1, -0.9), 0.2), (Of("videoreward", "VQ", 2, -0.5), 0.01), (Of("videoscore", "visual quality", 2, -0.2), 0.01),
        ];
        Assert.Equal(
            ["tuned: videoreward VQ rises, as it was trained to, but videoscore visual quality falls by 0.200; appearance saturation rises by 0.100. It may please the reward without being better."],
            RewardWatch.Alarms(differences, "videoreward", Models));

        // What was trained for and did not rise, or rose alone, is no alarm.
        Assert.Empty(RewardWatch.Alarms(differences, "viclip", Models));
        Assert.Empty(RewardWatch.Alarms([(Of("videoreward", "VQ", 1, 0.5), 0.01), (Of("videoscore", "visual quality", 1, -0.2), 0.06)], "videoreward", Models));
    }

    private static ModelDifference Of(string scorer, string score, int model, double difference) =>
        new(scorer, $"{scorer} {score}", 0, model, 20, new Interval(difference, difference - 0.1, difference + 0.1, 0.95), 0.001, 10, 0, new Interval(0.5, 0.3, 0.7, 0.95));
}
