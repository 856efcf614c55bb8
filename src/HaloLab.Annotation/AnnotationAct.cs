using System.Text.RegularExpressions;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Annotation;

/// <summary>One act of an annotator, as the page sends it: absolute answers, never changes of answers, so that it may arrive twice.</summary>
public sealed partial record AnnotationAct
{
    /// <summary>The act's name, 8 to 64 letters, digits and hyphens. An act whose name was written is not written again.</summary>
    public required string Id { get; init; }

    /// <summary>The item.</summary>
    public required string Item { get; init; }

    /// <summary>When it was done.</summary>
    public DateTimeOffset? At { get; init; }

    public required IReadOnlyList<SaidAnswer> Answers { get; init; }

    /// <exception cref="InputException">It is no act that this study has.</exception>
    internal void Validate(AnnotationStudy study)
    {
        Require(ActId().IsMatch(Id), "id", "8 to 64 letters, digits or hyphens");
        Require(Answers.Count is >= 1 and <= 64, "answers", "1 to 64 answers");
        foreach (SaidAnswer said in Answers)
        {
            IReadOnlyList<Questionnaire.Question> questions = said.Cells is null ? study.VideoQuestions : study.PatchQuestions;
            Questionnaire.Question? question = questions.FirstOrDefault(question => question.Dimension == said.Dimension);
            Require(question is not null, "dimension", $"one of {string.Join(", ", questions.Select(known => known.Dimension).DefaultIfEmpty("none"))}");
            PatchGrid grid = study.Options.Grid;
            Require(said.Cells is null || (said.Cells.Count >= 1 && said.Cells.Count <= grid.Count && said.Cells.All(cell => cell >= 0 && cell < grid.Count) && said.Cells.Distinct().Count() == said.Cells.Count), "cells", $"cells of {grid}, each once");
            Require(said.Grade is null or (>= 1 and <= 5), "grade", "1 to 5");
            Require(said.Grade is null || !study.Options.Compares, "grade", "a choice where clips are compared");
            Require(said.Choice is null || (study.Options.Compares && Enum.IsDefined(said.Choice.Value)), "choice", study.Options.Compares ? "left, right or same" : "a grade where clips are graded");
            Require(said.Defect is null || (question!.AsksForDefect && !study.Options.Compares && Enum.IsDefined(said.Defect.Value)), "defect", "a kind of defect where the question asks for one");
            Require(!said.CannotTell || (said.Grade is null && said.Choice is null && said.Defect is null), "cannotTell", "nothing beside it");
        }
    }

    private static void Require(bool isRight, string field, string expected)
    {
        if (!isRight)
        {
            throw new InputException($"{field} is not right. Expected {expected}.");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9-]{8,64}$", RegexOptions.CultureInvariant)]
    private static partial Regex ActId();

    /// <summary>The same answer to one question about one or more patches, or about the whole video; with nothing said, earlier answers are taken back.</summary>
    /// <param name="Dimension">What is asked.</param>
    /// <param name="Cells">The patches, or null for the whole video.</param>
    /// <param name="Grade">1 (worst) to 5.</param>
    /// <param name="Defect">Kind of defect.</param>
    /// <param name="Choice">Which of two is better, as shown.</param>
    /// <param name="CannotTell">Looked at, and it cannot be told.</param>
    public sealed record SaidAnswer(string Dimension, IReadOnlyList<int>? Cells = null, int? Grade = null, DefectType? Defect = null, Side? Choice = null, bool CannotTell = false)
    {
        internal Answer Answer => new() { Grade = Grade, Defect = Defect, Choice = Choice, CannotTell = CannotTell };
    }
}
