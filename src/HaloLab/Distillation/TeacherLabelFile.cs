using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace HaloLab.Distillation;

/// <summary>Labels as JSON Lines: one object a label, in the fields of HaloLab's table of labels (names in snake case), nothing for what is missing.</summary>
public static class TeacherLabelFile
{
    internal static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>Writes the whole file, or leaves the old one as it was.</summary>
    /// <typeparam name="TLabel"><see cref="TeacherLabel"/> or <see cref="PairLabel"/>.</typeparam>
    public static void Write<TLabel>(string path, IEnumerable<TLabel> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        AtomicFile.Write(path, stream =>
        {
            foreach (TLabel label in labels)
            {
                JsonSerializer.Serialize(stream, label, Format);
                stream.WriteByte((byte)'\n');
            }
        });
    }

    /// <summary>Reads labels.</summary>
    /// <exception cref="InputException">No such file, or a line is no label; the message names the line.</exception>
    public static IEnumerable<TeacherLabel> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected labels as JSON Lines, as `halolab label` writes them.");
        }

        return Lines(path);
    }

    private static IEnumerable<TeacherLabel> Lines(string path)
    {
        int number = 0;
        foreach (string line in File.ReadLines(path, Encoding.UTF8))
        {
            number++;
            TeacherLabel label;
            try
            {
                label = JsonSerializer.Deserialize<TeacherLabel>(line, Format) ?? throw new JsonException("the line holds null");
            }
            catch (JsonException exception)
            {
                throw new InputException($"{path}: line {number} is no label ({exception.Message}).", exception);
            }

            yield return label;
        }
    }
}
