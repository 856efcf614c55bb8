using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HaloLab.Models.Text;
using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>The texts of a request, from the versioned files in <c>data/teacher</c>, and the strict schema of its answer.</summary>
internal sealed class PromptTemplate
{
    private const string Separator = "===";
    private readonly string[] _sections;

    private PromptTemplate(string name, string system, string user, string schemaName, string schema)
    {
        SchemaName = schemaName;
        Name = name;
        System = system.Trim();
        _sections = [.. user.Split(Separator).Select(section => section.Trim())];
        Schema = JsonDocument.Parse(schema).RootElement.Clone();
        SchemaBytes = Encoding.UTF8.GetByteCount(schema);
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{system}\n{user}\n{schema}")));
    }

    /// <summary>For example <c>crops.v1</c>.</summary>
    public string Name { get; }

    /// <summary>SHA-256 over system text, request text and schema.</summary>
    public string Hash { get; }

    public string System { get; }

    /// <summary>What the schema is called in a request.</summary>
    public string SchemaName { get; }

    public JsonElement Schema { get; }

    public int SchemaBytes { get; }

    public static PromptTemplate For(PatchView view)
    {
        string name = view == PatchView.Crops ? "crops.v1" : "overlay.v1";
        return new PromptTemplate(name, Text("system.v1.txt"), Text(name + ".txt"), "patch_grades", Text("grades.v1.schema.json"));
    }

    /// <summary>The texts of a comparison of two clips.</summary>
    public static PromptTemplate ForPairs() => new("pair.v1", Text("pair-system.v1.txt"), Text("pair.v1.txt"), "patch_choices", Text("choices.v1.schema.json"));

    /// <summary>The texts between the pictures, in their order.</summary>
    public IReadOnlyList<string> Fill(VideoClip clip, string prompt, string context, int patches)
    {
        // The prompt goes in last: braces of its own mean nothing.
        return
        [
            .. _sections.Select(section => section
                .Replace("{frames}", clip.Frames.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{rate}", clip.FramesPerSecond.ToString("0.###", CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{width}", clip.Width.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{height}", clip.Height.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{context}", context, StringComparison.Ordinal)
                .Replace("{count}", patches.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{prompt}", prompt, StringComparison.Ordinal)),
        ];
    }

    private static string Text(string file)
    {
        using StreamReader reader = new(EmbeddedData.Open("teacher/" + file));
        return reader.ReadToEnd();
    }
}
