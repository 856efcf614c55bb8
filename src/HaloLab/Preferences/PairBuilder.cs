namespace HaloLab.Preferences;

/// <summary>
/// Makes preference pairs of the candidates of each prompt. Every combination of two clips is considered once, and dropped for the first
/// <see cref="PairDropReason"/> that applies; A is the clip with the higher video reward (the lower id where they are equal). What is left is
/// ordered by falling difference of video rewards, then by ids, and cut to the maximum per prompt. Nothing is drawn at random.
/// </summary>
public static class PairBuilder
{
    /// <exception cref="InputException">A setting is out of range or a reward is not finite; the message names it.</exception>
    public static PairSet Build(IEnumerable<PromptCandidates> prompts, PairBuilderOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(options);
        if (!(options.VideoMargin >= 0 && options.PatchMargin >= 0 && options.MaximumPerPrompt >= 1))
        {
            throw new InputException($"Pair rules: margins {options.VideoMargin} and {options.PatchMargin} must be at least 0, the maximum per prompt {options.MaximumPerPrompt} at least 1.");
        }

        List<PreferencePair> pairs = [];
        SortedDictionary<PairDropReason, int> dropped = [];
        int considered = 0;
        foreach (PromptCandidates prompt in prompts)
        {
            List<PreferencePair> ofPrompt = [];
            IReadOnlyList<Candidate> clips = prompt.Candidates;
            for (int i = 0; i < clips.Count; i++)
            {
                for (int j = i + 1; j < clips.Count; j++)
                {
                    considered++;
                    PreferencePair pair = Ordered(prompt.Prompt, clips[i], clips[j], options.Provenance);
                    if (DropReason(pair, options) is { } reason)
                    {
                        Count(reason, 1);
                    }
                    else
                    {
                        ofPrompt.Add(pair);
                    }
                }
            }

            IEnumerable<PreferencePair> sorted = ofPrompt
                .OrderByDescending(pair => pair.A.VideoReward - pair.B.VideoReward)
                .ThenBy(pair => pair.A.Id, StringComparer.Ordinal)
                .ThenBy(pair => pair.B.Id, StringComparer.Ordinal);
            pairs.AddRange(sorted.Take(options.MaximumPerPrompt));
            Count(PairDropReason.OverMaximum, Math.Max(0, ofPrompt.Count - options.MaximumPerPrompt));
        }

        return new PairSet(pairs, considered, dropped);

        void Count(PairDropReason reason, int number)
        {
            if (number > 0)
            {
                dropped[reason] = dropped.GetValueOrDefault(reason) + number;
            }
        }
    }

    private static PreferencePair Ordered(string prompt, Candidate first, Candidate second, string provenance)
    {
        bool firstIsA = first.VideoReward != second.VideoReward ? first.VideoReward > second.VideoReward : string.CompareOrdinal(first.Id, second.Id) <= 0;
        return firstIsA ? new PreferencePair(prompt, first, second, provenance) : new PreferencePair(prompt, second, first, provenance);
    }

    private static PairDropReason? DropReason(PreferencePair pair, PairBuilderOptions options)
    {
        bool sharesLayout = pair.A.LayoutGroup is not null && pair.A.LayoutGroup == pair.B.LayoutGroup;
        if ((options.Layout == PairLayout.Shared && !sharesLayout) || (options.Layout == PairLayout.Independent && sharesLayout))
        {
            return PairDropReason.Layout;
        }

        if (pair.A.Id == pair.B.Id)
        {
            return PairDropReason.SameClip;
        }

        if (pair.A.VideoReward - pair.B.VideoReward > options.VideoMargin)
        {
            return null;
        }

        bool anyPatch = pair.A.Patches is { } a && pair.B.Patches is { } b
            && a.Values.Zip(b.Values, (x, y) => x is { } own && y is { } other && Math.Abs(own - other) > options.PatchMargin).Any(untied => untied);
        return !anyPatch ? PairDropReason.Tied : options.KeepTiedVideos ? null : PairDropReason.TiedVideo;
    }
}
