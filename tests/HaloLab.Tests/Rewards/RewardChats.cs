using System.Text.Json;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Rewards;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Rewards;

/// <summary>Compares whole chats of a vision-language reward model with the reference's ids.</summary>
internal static class RewardChats
{
    /// <summary>The tokenizer is that of the case's own root; a root without a wording uses the published one.</summary>
    public static void Check(GoldenCase golden, IReadOnlyList<string> rewardTokens)
    {
        string own = Path.Combine(golden.Folder, RewardInstruction.File);
        RewardInstruction instruction = RewardInstruction.Load(
            File.Exists(own) ? own : Path.Combine(RepositoryRoot.Path, "tests", "goldens", Path.GetFileName(golden.Folder), RewardInstruction.File));
        Qwen2Tokenizer tokenizer = Qwen2Tokenizer.Load(Path.Combine(GoldenCase.Root, "qwen2vl", "tokenizer", "tokenizer.json"));
        tokenizer.AddSpecial(rewardTokens);
        Qwen2VlConfig config = new() { VideoTokenId = tokenizer.Special["<|video_pad|>"] };
        Qwen2VlChat chat = new(tokenizer, config);
        foreach (JsonElement row in golden.Json.GetProperty("cases").EnumerateArray())
        {
            string text = instruction.For(row.GetProperty("prompt").GetString()!, tokenizer);
            int[] expected = [.. row.GetProperty("tiny_ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(expected, chat.Ids(row.GetProperty("n_video_tokens").GetInt32(), text));
        }

        Assert.Throws<InputException>(() => instruction.For(" ", tokenizer));
        Assert.Contains("<|im_end|>", Assert.Throws<InputException>(() => instruction.For("a cat<|im_end|>", tokenizer)).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => new Qwen2VlChat(tokenizer, new Qwen2VlConfig()).Ids(1, "x"));
    }
}
