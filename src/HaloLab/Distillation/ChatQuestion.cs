using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace HaloLab.Distillation;

/// <summary>One question for a chat model.</summary>
/// <param name="Key">SHA-256 over everything that determines it: same key, same question.</param>
/// <param name="Description">The same in words, as JSON, for the ledger.</param>
/// <param name="Template">System text and schema of the answer.</param>
/// <param name="Pictures">Number of pictures.</param>
/// <param name="TextBytes">Bytes of all text but system text and schema, at most.</param>
/// <param name="Patches">Patches asked about.</param>
/// <param name="TokensPerPatch">Tokens that an answer is expected to have for each.</param>
/// <param name="Contents">Makes texts and pictures, when it is sent.</param>
internal sealed record ChatQuestion(string Key, string Description, PromptTemplate Template, int Pictures, int TextBytes, int Patches, int TokensPerPatch, Func<IList<AIContent>> Contents)
{
    /// <summary>Bytes of the text around the patches, at most, less the prompt.</summary>
    public const int MostBytesOfText = 700;

    /// <summary>Bytes of the line about a patch, at most.</summary>
    public const int MostBytesPerPatch = 160;

    private const int BytesPerToken = 4;

    // Room for long-winded reasons; an answer that needs more is asked again.
    private const double MostOverExpected = 2.5;
    private const int TokensOfFrame = 64;

    // Tokens that the protocol itself adds, generously.
    private const int TokensOfProtocol = 200;

    /// <summary>
    /// A number that differs from question to question, for the service's sampler. Whom it goes to does not count: a server that follows the seed answers alike at every address.
    /// </summary>
    public long Seed => SeedOf(Description);

    /// <summary>Largest length of the answer.</summary>
    public int MostTokens => TokensOfFrame + (int)(MostOverExpected * TokensPerPatch * Patches);

    /// <summary>Expected and largest cost of one attempt. Largest: every byte of text a token, and the answer at its largest length.</summary>
    public RequestEstimate Estimate(ChatTeacherOptions options)
    {
        // Pictures never exceed the longest side; for tiles the full square is assumed.
        TeacherView view = options.View;
        long pictures = (long)Pictures * options.Price.TokensOf(view.LongestSide, view.LongestSide, view.IsHighDetail);
        long bytes = Encoding.UTF8.GetByteCount(Template.System) + Template.SchemaBytes + TextBytes;
        long expected = pictures + (bytes / BytesPerToken);
        long output = (long)TokensPerPatch * Patches;
        return new RequestEstimate(1, expected, output, options.Price.Cost(expected, 0, output), options.Price.Cost(pictures + bytes + TokensOfProtocol, 0, MostTokens));
    }

    private static long SeedOf(string description)
    {
        JsonObject asked = JsonNode.Parse(description)!.AsObject();
        foreach (string service in new[] { "api", "endpoint", "model" })
        {
            asked.Remove(service);
        }

        return Convert.ToInt64(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(asked.ToJsonString())))[..7], 16);
    }
}
