using System.Text;
using System.Text.Json;

namespace HaloLab.Distillation;

/// <summary>The texts of a request to a chat model, and the strict schema of its answer.</summary>
internal sealed class PromptTemplate : TeacherTexts
{
    private PromptTemplate(string name, string system, string user, string schemaName, string schema)
        : base(name, system, user, schema)
    {
        SchemaName = schemaName;
        Schema = JsonDocument.Parse(schema).RootElement.Clone();
        SchemaBytes = Encoding.UTF8.GetByteCount(schema);
    }

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
}
