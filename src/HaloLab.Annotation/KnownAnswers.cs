using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Annotation;

/// <summary>The answers that training items have: the labels of a store, the median where several annotators gave a grade.</summary>
public sealed class KnownAnswers
{
    private readonly Dictionary<(string Clip, string Dimension, int? Cell), Answer> _answers;

    private KnownAnswers(Dictionary<(string, string, int?), Answer> answers) => _answers = answers;

    public static KnownAnswers None { get; } = new([]);

    /// <summary>How many.</summary>
    public int Count => _answers.Count;

    /// <summary>The known answer, or null where there is none.</summary>
    public Answer? Of(string clip, string dimension, int? cell) => _answers.GetValueOrDefault((clip, dimension, cell));

    /// <summary>Whether anything is known of a clip.</summary>
    public bool Knows(string clip) => _answers.Keys.Any(key => key.Clip == clip);

    /// <summary>Reads the grades of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="grid">Patches on other grids say nothing here.</param>
    /// <param name="dimensions">What the study asks.</param>
    public static KnownAnswers Read(LabelStore store, PatchGrid grid, IReadOnlyCollection<string> dimensions)
    {
        ArgumentNullException.ThrowIfNull(store);
        Dictionary<(string, string, int?), Answer> answers = [];
        IEnumerable<Label> labels = store.Read(LabelQuery.All).Select(stored => stored.Label)
            .Where(label => dimensions.Contains(label.Dimension) && label.OtherClip is null && (label.Grid is null || label.Grid == grid) && label.Scale == Questionnaire.Scale);
        foreach (IGrouping<(string, string, int?), Label> same in labels.GroupBy(label => (label.Clip, label.Dimension, label.Cell)))
        {
            int[] grades = [.. same.Select(label => (int)label.Value!.Value).Order()];
            int median = grades[(grades.Length - 1) / 2];
            DefectType? defect = same.Where(label => label.Value == median).Select(label => label.Defect).FirstOrDefault(type => type is not null);
            answers.Add(same.Key, new Answer { Grade = median, Defect = defect });
        }

        return new KnownAnswers(answers);
    }
}
