using HaloLab.Displays;
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

    [Fact]
    public void ALookIsHeldAgainstTheUntrainedModelPromptByPrompt()
    {
        double?[] start = [1, 2, 3, 4, 5, 6, null];
        WatchedScore[] before = [Score("dino", "dino a", start), Score("flickering", "flickering b", start), Score("appearance", "appearance motion", start), Score("appearance", "appearance contrast", start)];
        WatchedScore[] Now(double reward, double judge, double motion) =>
        [
            Score("dino", "dino a", Moved(start, reward, 0.1)), Score("flickering", "flickering b", Moved(start, judge, 0.1)), Score("appearance", "appearance motion", Moved(start, motion, 0.1)), Score("appearance", "appearance contrast", start),
        ];
        Assert.Equal("dino a rises by 1.000, as it is trained to, but flickering b falls by 1.000. The model may please the reward without getting better.".Replace("1.000", DisplayNumber.Format(1.0), StringComparison.Ordinal), RewardWatch.Alarm(before, Now(1, -1, 0), "dino"));
        Assert.Contains("appearance motion rises by", RewardWatch.Alarm(before, Now(1, 1, 0.5), "dino")!, StringComparison.Ordinal);

        // A reward that did not rise, judges that rose with it, changes within the noise.
        Assert.Null(RewardWatch.Alarm(before, Now(-1, -1, 1), "dino"));
        Assert.Null(RewardWatch.Alarm(before, Now(1, 1, 0), "dino"));
        Assert.Null(RewardWatch.Alarm(before, Now(1, -0.05, 0.05), "dino"));

        // Deviations of ±0.1 over six prompts: standard error 0.0447. Of three scores that are not trained for each has 1 − 0.05 / 3, t = 3.534 with five degrees of freedom: 0.158.
        Assert.Null(RewardWatch.Alarm(before, Now(1, -0.157, 0), "dino"));
        Assert.NotNull(RewardWatch.Alarm(before, Now(1, -0.159, 0), "dino"));
    }

    private static WatchedScore Score(string scorer, string name, IReadOnlyList<double?> values) => new(scorer, name, values);

    private static double?[] Moved(double?[] values, double by, double deviation) => [.. values.Select((value, i) => value + by + (i % 2 == 0 ? deviation : -deviation))];

    private static ModelDifference Of(string scorer, string score, int model, double difference) =>
        new(scorer, $"{scorer} {score}", 0, model, 20, new Interval(difference, difference - 0.1, difference + 0.1, 0.95), 0.14, 0.001, 10, 0, new Interval(0.5, 0.3, 0.7, 0.95));
}
