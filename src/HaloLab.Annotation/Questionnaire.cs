using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using HaloLab.Preferences.Labels;

namespace HaloLab.Annotation;

/// <summary>Instructions, grades, questions and kinds of defects: everything that annotators read. One is in <c>data/annotation</c>; a lab may give its own.</summary>
public sealed record Questionnaire
{
    /// <summary>Letters that a kind of defect may have as its key: those that the page has no other use for.</summary>
    private const string FreeKeys = "bcdefijlmnoptuwy";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Paragraphs of the instructions.</summary>
    public required IReadOnlyList<string> Introduction { get; init; }

    /// <summary>What each grade means, the best first.</summary>
    public required IReadOnlyList<Grade> Grades { get; init; }

    public required IReadOnlyList<Question> Questions { get; init; }

    public required IReadOnlyList<Defect> Defects { get; init; }

    /// <summary>SHA-256 of the file: it stands in every label.</summary>
    [JsonIgnore]
    public string Hash { get; private init; } = "";

    /// <summary>1 to 5.</summary>
    public static RatingScale Scale { get; } = new(1, 5, isWhole: true);

    /// <summary>The one that comes with HaloLab.</summary>
    public static Questionnaire Shipped()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("annotation/questionnaire.v1.json")
            ?? throw new InvalidOperationException("The questionnaire is not in the assembly.");
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return Parse("questionnaire.v1.json", bytes.ToArray());
    }

    /// <summary>Reads a questionnaire of the user's.</summary>
    /// <exception cref="InputException">It cannot be read, or something in it is missing or wrong.</exception>
    public static Questionnaire Read(string path)
    {
        try
        {
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Expected a questionnaire in the form of data/annotation/questionnaire.v1.json.", exception);
        }
    }

    /// <summary>The questions of these dimensions, in the questionnaire's order.</summary>
    /// <exception cref="InputException">A dimension is not asked for.</exception>
    public IReadOnlyList<Question> Find(string option, IReadOnlyCollection<string> dimensions)
    {
        ArgumentNullException.ThrowIfNull(dimensions);
        string? unknown = dimensions.FirstOrDefault(dimension => Questions.All(question => question.Dimension != dimension));
        return unknown is null
            ? [.. Questions.Where(question => dimensions.Contains(question.Dimension))]
            : throw new InputException($"{option} {unknown}: the questionnaire has no such question. It has {string.Join(", ", Questions.Select(question => question.Dimension))}.");
    }

    private static Questionnaire Parse(string path, byte[] bytes)
    {
        Questionnaire questionnaire;
        try
        {
            questionnaire = JsonSerializer.Deserialize<Questionnaire>(bytes, Format) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: is no questionnaire ({exception.Message.Split(" Path:")[0]}). Expected the form of data/annotation/questionnaire.v1.json.", exception);
        }

        Require(questionnaire.Grades.Select(grade => grade.Number).Order().SequenceEqual(Enumerable.Range(1, 5)), "grades", "the grades 1 to 5, each once");
        Require(questionnaire.Questions.Count > 0 && questionnaire.Questions.Select(question => question.Dimension).Distinct().Count() == questionnaire.Questions.Count, "questions", "at least one, each dimension once");
        Require(questionnaire.Questions.All(question => !string.IsNullOrWhiteSpace(question.Dimension) && question.Dimension == question.Dimension.Trim() && !question.Dimension.Contains(',', StringComparison.Ordinal) && !TrainingDimension.Is(question.Dimension)), "questions", "dimensions with a name, without commas and blanks around it, that does not begin with 'training:'");
        Require(questionnaire.Defects.All(defect => defect.Key.Length == 1 && FreeKeys.Contains(defect.Key[0], StringComparison.Ordinal)), "defects", $"a key of one letter out of {FreeKeys}");
        Require(questionnaire.Defects.Select(defect => defect.Key).Distinct().Count() == questionnaire.Defects.Count && questionnaire.Defects.Select(defect => defect.Type).Distinct().Count() == questionnaire.Defects.Count, "defects", "each kind and each key once");
        Require(questionnaire.Questions.All(question => question.Kind is null or "defect"), "questions", "the kind 'defect', or none");
        return questionnaire with { Hash = Convert.ToHexStringLower(SHA256.HashData(bytes)) };

        void Require(bool isRight, string field, string expected)
        {
            if (!isRight)
            {
                throw new InputException($"{path}: {field} are not right. Expected {expected}.");
            }
        }
    }

    /// <summary>What a grade means.</summary>
    public sealed record Grade([property: JsonPropertyName("grade")] int Number, string Name);

    /// <summary>One thing that is asked.</summary>
    /// <param name="Dimension">Its name in labels.</param>
    /// <param name="Title">Its name on the page.</param>
    /// <param name="Ask">What is asked of one video or patch.</param>
    /// <param name="Compare">What is asked of two.</param>
    /// <param name="Kind"><c>defect</c> where the kind of defect is asked for too, else null.</param>
    public sealed record Question(string Dimension, string Title, string Ask, string Compare, string? Kind = null)
    {
        /// <summary>Whether a kind of defect stands beside the grade.</summary>
        [JsonIgnore]
        public bool AsksForDefect => Kind == "defect";
    }

    /// <summary>A kind of defect.</summary>
    public sealed record Defect([property: JsonPropertyName("defect")] DefectType Type, string Key, string Name, string Help);
}
