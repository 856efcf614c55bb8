using System.Text.Json;
using HaloLab.Models;
using HaloLab.Models.Qwen2Vl;

namespace HaloLab.Rewards;

/// <summary>
/// What a vision-language reward model is asked, with a place for the video's prompt. The wording belongs to the checkpoint (blanks at the ends of lines
/// included), so it is read from a file beside it: <c>prompt_template.json</c> with the texts <c>template</c> and <c>placeholder</c>, the latter
/// standing in the former once.
/// </summary>
public sealed class RewardInstruction
{
    /// <summary>Name of the file beside the weights.</summary>
    public const string File = "prompt_template.json";

    private readonly string _before;
    private readonly string _after;

    private RewardInstruction(string before, string after) => (_before, _after) = (before, after);

    /// <exception cref="InputException">The file is missing, or lacks one of the two texts.</exception>
    public static RewardInstruction Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!System.IO.File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected the wording that the reward model was trained with, as {{\"template\": …, \"placeholder\": …}}; docs/rewards.md says where it is published.");
        }

        JsonElement json = ConfigurationFile.Open(path);
        string template = Text("template");
        string placeholder = Text("placeholder");
        string[] parts = template.Split(placeholder);
        return parts is [string before, string after]
            ? new RewardInstruction(before, after)
            : throw new InputException($"{path}: the placeholder '{placeholder}' stands {parts.Length - 1} times in the template, expected once.");

        string Text(string field) =>
            json.ValueKind == JsonValueKind.Object && json.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
                ? text
                : throw new InputException($"{path}: has no text '{field}'.");
    }

    /// <summary>The instruction for a video.</summary>
    /// <param name="prompt">What the video should show.</param>
    /// <param name="tokenizer">Its special tokens may not occur in a prompt: they would be taken for the instruction's own.</param>
    /// <exception cref="InputException">The prompt is empty or holds a special token.</exception>
    public string For(string prompt, Qwen2Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (string.IsNullOrWhiteSpace(prompt))
        {
            throw new InputException("The prompt is empty: expected what the video should show.");
        }

        string? special = tokenizer.Special.Keys.FirstOrDefault(token => prompt.Contains(token, StringComparison.Ordinal));
        return special is null
            ? _before + prompt + _after
            : throw new InputException($"The prompt holds {special}, which the reward model takes for a command. Leave it out: {prompt}");
    }
}
