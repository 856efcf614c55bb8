namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Grades and rewards of the untuned generator's samples, by clip and patch.</summary>
/// <param name="Prompts">The prompt of each clip.</param>
/// <param name="Annotators">For each annotator the grade of each clip's patches, NaN where none was given.</param>
/// <param name="PatchRewards">For each reward model, by name, the reward of each clip's patches.</param>
/// <param name="VideoRewards">The video reward model's reward of each clip, before it saw a patch label.</param>
public sealed record PatchAgreement(
    IReadOnlyList<string> Prompts, double[][][] Annotators, SortedDictionary<string, double[][]> PatchRewards, double[] VideoRewards)
{
    /// <summary>For every clip the number of its prompt, in order of their first clips.</summary>
    public int[] PromptOfClip()
    {
        string[] distinct = [.. Prompts.Distinct()];
        return [.. Prompts.Select(prompt => Array.IndexOf(distinct, prompt))];
    }
}
