using System.Text.Json;

namespace HaloLab.Evaluation.VBench;

/// <summary>VBench's own prompts (<c>VBench_full_info.json</c>): each says which dimensions are measured on its videos.</summary>
public sealed class VBenchPromptList
{
    private readonly Dictionary<string, HashSet<string>> _promptsOf;

    private VBenchPromptList(Dictionary<string, HashSet<string>> promptsOf) => _promptsOf = promptsOf;

    /// <summary>Reads the file.</summary>
    /// <exception cref="InputException">It is missing, or an entry lacks its prompt or names an unknown dimension.</exception>
    public static VBenchPromptList Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using JsonDocument document = VBenchResults.Parse(path, "VBench's VBench_full_info.json");
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new InputException($"{path}: is no list. Expected VBench's VBench_full_info.json.");
        }

        Dictionary<string, HashSet<string>> promptsOf = VBenchDimension.All.ToDictionary(dimension => dimension.Name, _ => new HashSet<string>(StringComparer.Ordinal));
        int row = 0;
        foreach (JsonElement entry in document.RootElement.EnumerateArray())
        {
            row++;
            if (entry.ValueKind != JsonValueKind.Object
                || !entry.TryGetProperty("prompt_en", out JsonElement prompt) || prompt.ValueKind != JsonValueKind.String
                || !entry.TryGetProperty("dimension", out JsonElement dimensions) || dimensions.ValueKind != JsonValueKind.Array)
            {
                throw new InputException($"{path}: entry {row} lacks 'prompt_en' or the list 'dimension'. Expected VBench's VBench_full_info.json.");
            }

            foreach (JsonElement dimension in dimensions.EnumerateArray())
            {
                string name = VBenchResults.NameOf(dimension.ToString());
                if (!promptsOf.TryGetValue(name, out HashSet<string>? prompts))
                {
                    throw new InputException($"{path}: entry {row} names the dimension '{dimension}', which VBench does not have.");
                }

                prompts.Add(prompt.GetString()!);
            }
        }

        return new VBenchPromptList(promptsOf);
    }

    /// <summary>The prompts on whose videos a dimension is measured.</summary>
    /// <param name="dimension">One of <see cref="VBenchDimension.All"/>, by name.</param>
    public IReadOnlySet<string> PromptsOf(string dimension) => _promptsOf[dimension];
}
