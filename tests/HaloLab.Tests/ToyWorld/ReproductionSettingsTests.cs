using HaloLab.GranDpo;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Tests.ToyWorld;

public sealed class ReproductionSettingsTests
{
    public static TheoryData<string> Presets => [.. All.Select(settings => settings.Preset)];

    private static ReproductionSettings[] All => [ReproductionSettings.Quick, ReproductionSettings.Full, ReproductionSettings.Smoke];

    [Theory]
    [MemberData(nameof(Presets))]
    public void NoPromptStandsTwice(string preset)
    {
        ReproductionSettings settings = All.Single(item => item.Preset == preset);
        foreach ((ToySplit split, int count) in new[] { (ToySplit.Training, settings.TrainingPrompts), (settings.JudgedSplit, settings.ReportingPrompts) })
        {
            IReadOnlyList<string> prompts = PromptSample.Draw(split, count, seed: 1);
            Assert.Equal(count, prompts.Distinct().Count());
            Assert.Equal(prompts.Take(count / 2), PromptSample.Draw(split, count / 2, seed: 1));
            Assert.Contains(prompts, prompt => ToyCaption.Parse(prompt).Objects.Count == 1);
            Assert.Contains(prompts, prompt => ToyCaption.Parse(prompt).Objects.Count == 2);
        }
    }

    [Fact]
    public void MorePromptsThanTheSplitHasAreRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => PromptSample.Draw(ToySplit.Reporting, 1000, seed: 1));

    [Fact]
    public void EveryArmIsTunedWithAsManySettingsThatDiffer()
    {
        foreach (ReproductionArm arm in ReproductionArm.All)
        {
            // What the objective has: its terms' β, the weight of fine-tuning, and the rate.
            IEnumerable<object> effective = ArmSearch.SettingsOf(arm).Select(setting => (object)(arm.Terms switch
            {
                PreferenceTerms.None => (setting.LearningRate, 0.0, 0.0, 0.0),
                PreferenceTerms.VideoOnly => (setting.LearningRate, setting.BetaVideo, 0.0, setting.Eta),
                PreferenceTerms.PatchOnly => (setting.LearningRate, 0.0, setting.BetaPatch, setting.Eta),
                _ => (setting.LearningRate, setting.BetaVideo, setting.BetaPatch, setting.Eta),
            }));
            Assert.Equal(6, effective.Distinct().Count());
        }
    }

    [Fact]
    public void OneWorsePatchOfASegmentIsEnoughToCount()
    {
        double ofPatches = ReproductionArm.Halo.Objective(ReproductionSettings.Full.Grid).TauPatch;
        double ofSegments = ReproductionArm.Segments.Objective(ReproductionSettings.Full.Grid).TauPatch;
        Assert.Equal(ofPatches / 16, ofSegments, 1e-15);
    }
}
