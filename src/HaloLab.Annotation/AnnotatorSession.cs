using HaloLab.Preferences.Labels;

namespace HaloLab.Annotation;

/// <summary>
/// One annotator's answers: what the store holds of them, and writing more. The store is the only thing that lasts; what is in memory is read from it and
/// changed only after an act is on the disk.
/// </summary>
internal sealed class AnnotatorSession
{
    private static readonly TimeSpan OldestAct = TimeSpan.FromDays(30);
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly AnnotationStudy _study;
    private readonly LabelStore _store;
    private readonly string _source;
    private readonly Dictionary<string, StudyItem> _items;
    private readonly Dictionary<string, Dictionary<(string Dimension, int? Cell), Answer>> _answers;

    /// <param name="study">What is asked.</param>
    /// <param name="annotator">Who answers.</param>
    /// <param name="store">Where answers go.</param>
    /// <param name="source">What labels say they come from.</param>
    public AnnotatorSession(AnnotationStudy study, string annotator, LabelStore store, string source)
    {
        (_study, Annotator, _store, _source) = (study, annotator, store, source);
        Items = study.Items(annotator);
        _items = Items.ToDictionary(item => item.Id);
        _answers = Items.ToDictionary(item => item.Id, _ => new Dictionary<(string, int?), Answer>());
        Dictionary<string, StudyItem> itemOfResponse = Items.ToDictionary(item => item.ResponseId);
        foreach (Label label in store.Read(new LabelQuery { Annotator = annotator }).Select(stored => stored.Label))
        {
            if (label.ResponseId is not null && itemOfResponse.TryGetValue(label.ResponseId, out StudyItem? item) && label.AnnotatorKind == Kind && label.Unanswered != Unanswered.Withdrawn)
            {
                string dimension = item.IsTraining ? label.Dimension[TrainingDimension.Of("").Length..] : label.Dimension;
                _answers[item.Id][(dimension, label.Cell)] = Read(label, item);
            }
        }
    }

    public string Annotator { get; }

    public AnnotatorKind Kind => AnnotationStudy.KindOf(Annotator);

    /// <summary>In this annotator's order.</summary>
    public IReadOnlyList<StudyItem> Items { get; }

    public StudyItem? Find(string id) => _items.GetValueOrDefault(id);

    /// <summary>What is answered of an item.</summary>
    public IReadOnlyList<(string Dimension, int? Cell, Answer Answer)> Answers(StudyItem item)
    {
        lock (_lock)
        {
            return [.. _answers[item.Id].Select(pair => (pair.Key.Dimension, pair.Key.Cell, pair.Value))];
        }
    }

    /// <summary>Answered questions of an item; all of them where it is done.</summary>
    public int Answered(StudyItem item)
    {
        lock (_lock)
        {
            return _answers[item.Id].Values.Count(answer => answer.IsWhole);
        }
    }

    public bool IsDone(StudyItem item) => Answered(item) == _study.QuestionsPerItem;

    /// <summary>Writes an act, unless it was written before. When this returns it is on the disk.</summary>
    /// <exception cref="InputException">It is no act that this study has, or the store cannot be written.</exception>
    /// <exception cref="KeyNotFoundException">This annotator has no such item.</exception>
    /// <returns>Whether it was written now.</returns>
    public bool Write(AnnotationAct act)
    {
        act.Validate(_study);
        StudyItem item = _items[act.Item];
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset time = act.At is { } said && said > now - OldestAct && said < now + ClockDifference ? said : now;
        lock (_lock)
        {
            Dictionary<(string, int?), Answer> answers = _answers[item.Id];
            List<((string Dimension, int? Cell) Question, Answer Answer)> changes =
            [
                .. act.Answers.SelectMany(said => (said.Cells?.Select(cell => (int?)cell) ?? [null]).Select(cell => ((said.Dimension, cell), said.Answer))),
            ];

            // Of two answers of one act to one question the last counts; nothing is taken back that was never said.
            changes = [.. changes.GroupBy(change => change.Question).Select(group => group.Last()).Where(change => !change.Answer.IsEmpty || answers.ContainsKey(change.Question))];
            bool isNew = _store.AppendOnce($"{Annotator} {act.Id}", changes.Select(change => LabelOf(item, change.Question, change.Answer, time)), _source) is not null;
            if (isNew)
            {
                foreach (((string, int?) question, Answer answer) in changes)
                {
                    if (answer.IsEmpty)
                    {
                        answers.Remove(question);
                    }
                    else
                    {
                        answers[question] = answer;
                    }
                }
            }

            return isNew;
        }
    }

    private Label LabelOf(StudyItem item, (string Dimension, int? Cell) question, Answer answer, DateTimeOffset time)
    {
        (StudyClip first, StudyClip? second) = item.Clips.Count == 1 ? (item.Clips[0], null) : item.IsSwapped ? (item.Clips[1], item.Clips[0]) : (item.Clips[0], item.Clips[1]);
        return new Label
        {
            Clip = first.Hash,
            OtherClip = second?.Hash,
            Prompt = first.Prompt,
            Grid = question.Cell is null ? null : _study.Options.Grid,
            Cell = question.Cell,
            Dimension = item.IsTraining ? TrainingDimension.Of(question.Dimension) : question.Dimension,
            Value = answer.Grade,
            Scale = answer.Grade is null ? null : Questionnaire.Scale,
            Choice = answer.Choice switch
            {
                null => null,
                Side.Same => PairChoice.Same,
                Side.Left => item.IsSwapped ? PairChoice.B : PairChoice.A,
                _ => item.IsSwapped ? PairChoice.A : PairChoice.B,
            },
            Defect = answer.Defect,
            Unanswered = answer.CannotTell ? Unanswered.CannotTell : answer.IsEmpty ? Unanswered.Withdrawn : null,
            Annotator = Annotator,
            AnnotatorKind = Kind,
            AnsweredAt = time,
            TemplateHash = _study.Questionnaire.Hash,
            ResponseId = item.ResponseId,
        };
    }

    private static Answer Read(Label label, StudyItem item) => new()
    {
        Grade = (int?)label.Value,
        Defect = label.Defect,
        Choice = label.Choice switch
        {
            null => null,
            PairChoice.Same => Side.Same,
            PairChoice.A => item.IsSwapped ? Side.Right : Side.Left,
            _ => item.IsSwapped ? Side.Left : Side.Right,
        },
        CannotTell = label.Unanswered == Unanswered.CannotTell,
    };
}
