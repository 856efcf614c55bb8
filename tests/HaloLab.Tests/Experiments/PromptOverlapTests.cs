using HaloLab.Experiments;

namespace HaloLab.Tests.Experiments;

public sealed class PromptOverlapTests
{
    [Fact]
    public void CasePunctuationAndOneWordInManyDoNotMakeAnotherPrompt()
    {
        string[] training = ["A cat, sleeping on a warm stone wall in the sun of June.", "two dogs"];
        Assert.Equal(
            [("a CAT sleeping on a warm stone wall in the sun of june", training[0]), ("a cat sleeping on a warm stone wall in the sun of July", training[0]), ("Dogs? Two!", training[1])],
            PromptOverlap.Find(training, ["a CAT sleeping on a warm stone wall in the sun of june", "a cat sleeping on a warm stone wall in the sun of July", "two cats", "Dogs? Two!", "a cat"]));
        Assert.Empty(PromptOverlap.Find([], ["a cat"]));
    }
}
