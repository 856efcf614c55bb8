using System.Text.Json.Nodes;
using HaloLab.GranDpo;
using HaloLab.Optimisation;

namespace HaloLab.Tests.GranDpo;

public sealed class GranDpoGuardTests
{
    [Fact]
    public void AnOrdinaryTrainingGoesOn()
    {
        GranDpoGuard guard = new(new GranDpoOptions(), 1000);
        for (long step = 0; step < 500; step++)
        {
            guard.See(Line(step, accuracy: step % 3 == 0 ? 0.25 : 0.625));
            Assert.True(guard.IsSound);
        }
    }

    [Fact]
    public void ErrorsThatExplodeOnBothSidesEndIt()
    {
        GranDpoGuard guard = new(new GranDpoOptions(), 1000);
        for (long step = 0; step < GranDpoGuard.Patience - 1; step++)
        {
            guard.See(Line(step, better: 5, worse: 6));
            Assert.False(guard.IsSound);
        }

        // One side alone is what training is for, and one sound step begins the count again.
        guard.See(Line(19, better: 1, worse: 6));
        Assert.True(guard.IsSound);
        for (long step = 20; step < 20 + GranDpoGuard.Patience - 1; step++)
        {
            guard.See(Line(step, better: 5, worse: 6));
        }

        DivergenceException exception = Assert.Throws<DivergenceException>(() => guard.See(Line(39, better: 5, worse: 6)));
        Assert.Contains("stopped at step 39", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Lower the learning rate", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PreferencesWithoutAnyGradientEndIt()
    {
        GranDpoGuard guard = new(new GranDpoOptions(), 1000);
        for (long step = 0; step < GranDpoGuard.Patience - 1; step++)
        {
            guard.See(Line(step, gradient: 0));
        }

        Assert.Contains("no gradient", Assert.Throws<DivergenceException>(() => guard.See(Line(19, gradient: 0))).Message, StringComparison.Ordinal);

        // Where every preference is learned (hinge) the loss is 0: there is nothing left to do, which is no fault.
        GranDpoGuard learned = new(new GranDpoOptions { Form = PreferenceForm.Hinge }, 1000);
        for (long step = 0; step < 2 * GranDpoGuard.Patience; step++)
        {
            learned.See(Line(step, gradient: 0, loss: 0));
        }
    }

    [Fact]
    public void AnAccuracyBelowOneHalfEndsItOnlyWhenPairsAreManyEnough()
    {
        // 0.375 over 800 looks at 1,000 pairs is 0.125 · 2 · √800 = 7.07 deviations below one half; at 100 pairs it is 2.5.
        GranDpoGuard few = new(new GranDpoOptions(), 100);
        GranDpoGuard many = new(new GranDpoOptions(), 1000);
        for (long step = 0; step < GranDpoGuard.AccuracySteps - 1; step++)
        {
            few.See(Line(step, accuracy: 0.375));
            many.See(Line(step, accuracy: 0.375));
        }

        few.See(Line(199, accuracy: 0.375));
        Assert.Contains("0.375", Assert.Throws<DivergenceException>(() => many.See(Line(199, accuracy: 0.375))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FineTuningIsJudgedByItsErrorsAlone()
    {
        GranDpoGuard guard = new(new GranDpoOptions { Terms = PreferenceTerms.None, Eta = 1 }, 1000);
        for (long step = 0; step < 300; step++)
        {
            guard.See(Line(step, accuracy: 0, gradient: 0));
        }

        Assert.True(guard.IsSound);
    }

    private static JsonObject Line(long step, double better = 1, double worse = 1, double accuracy = 0.5, double gradient = 1, double loss = 0.7) => new()
    {
        ["step"] = step,
        ["loss"] = loss,
        ["video_accuracy"] = accuracy,
        ["patch_accuracy"] = accuracy,
        ["untied_pairs"] = 4L,
        ["untied_patches"] = 256L,
        ["gradient_norm"] = gradient,
        ["video_error_better"] = better,
        ["video_error_worse"] = worse,
        ["video_reference_error_better"] = 1.0,
        ["video_reference_error_worse"] = 1.0,
        ["patch_error_better"] = 1.0,
        ["patch_error_worse"] = 1.0,
        ["patch_reference_error_better"] = 1.0,
        ["patch_reference_error_worse"] = 1.0,
    };
}
