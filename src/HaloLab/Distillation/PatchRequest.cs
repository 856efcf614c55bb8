using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>One request about some patches of a clip.</summary>
/// <param name="Key">SHA-256 over everything that determines the request: same key, same question.</param>
/// <param name="Description">The same in words, as JSON, for the ledger.</param>
/// <param name="Repeat">0, or which repetition for self-agreement it is.</param>
/// <param name="Cells">The patches in the order asked.</param>
/// <param name="Duplicate">Place in <paramref name="Cells"/> of the hidden second showing of a patch, or −1.</param>
internal sealed record PatchRequest(string Key, string Description, int Repeat, IReadOnlyList<int> Cells, int Duplicate)
{
    /// <summary>
    /// All requests about a clip: its cells in an order drawn for this clip, some at a time; of the chosen share of clips everything twice, in another order;
    /// in the chosen share of requests one patch twice.
    /// </summary>
    public static IReadOnlyList<PatchRequest> Plan(VideoClip clip, string prompt, PatchGrid grid, ChatTeacherOptions options, string templateHash)
    {
        string identity = $"{clip.ContentHash}/{grid}";
        bool isRepeated = new RandomStream(options.Seed, "teacher repeats " + identity).NextDouble() < options.RepeatShare;
        List<PatchRequest> requests = [];
        for (int repeat = 0; repeat <= (isRepeated ? 1 : 0); repeat++)
        {
            RandomStream order = new(options.Seed, "teacher patch order " + identity, repeat);
            foreach (int[] chunk in Chunks(grid, options.View, order))
            {
                bool hasDuplicate = order.NextDouble() < options.DuplicateShare;
                (int twice, int place) = (order.Next(chunk.Length), order.Next(chunk.Length + 1));
                int[] cells = hasDuplicate ? [.. chunk[..place], chunk[twice], .. chunk[place..]] : chunk;
                requests.Add(Of(clip, prompt, grid, options, templateHash, repeat, cells, hasDuplicate ? place : -1));
            }
        }

        return requests;
    }

    private static IEnumerable<int[]> Chunks(PatchGrid grid, TeacherView view, RandomStream order)
    {
        int[] cells = [.. Enumerable.Range(0, grid.Count)];
        order.Shuffle(cells);
        if (view.Patches == PatchView.Crops)
        {
            return cells.Chunk(view.PatchesPerRequest);
        }

        // One request shows one time segment; the order of the segments is that of their first patches.
        return cells.GroupBy(cell => grid.Cell(cell).T).SelectMany(segment => segment.Chunk(view.PatchesPerRequest));
    }

    /// <summary>What determines a question, but for the clips.</summary>
    public static JsonObject Identity(ChatTeacherOptions options, string templateHash, string prompt, PatchGrid grid, int[] cells)
    {
        TeacherView view = options.View;
        return new JsonObject
        {
            ["format"] = 1,
            ["api"] = options.Api.ToString(),
            ["endpoint"] = options.Endpoint.AbsoluteUri,
            ["model"] = options.Model,
            ["temperature"] = options.Temperature,
            ["template"] = templateHash,
            ["prompt"] = prompt,
            ["grid"] = grid.ToString(),
            ["stride"] = $"{view.TemporalStride}x{view.SpatialStride}",
            ["view"] = view.Patches.ToString(),
            ["contextFrames"] = view.Patches == PatchView.Crops ? view.ContextFrames : 0,
            ["cropsPerPatch"] = view.CropsPerPatch,
            ["longestSide"] = view.LongestSide,
            ["detail"] = view.IsHighDetail ? "high" : "low",
            ["cells"] = new JsonArray([.. cells.Select(cell => (JsonNode?)cell)]),
        };
    }

    private static PatchRequest Of(VideoClip clip, string prompt, PatchGrid grid, ChatTeacherOptions options, string templateHash, int repeat, int[] cells, int duplicate)
    {
        JsonObject identity = Identity(options, templateHash, prompt, grid, cells);
        identity["clip"] = clip.ContentHash;
        identity["repeat"] = repeat;
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(identity);
        return new PatchRequest(Convert.ToHexStringLower(SHA256.HashData(bytes)), identity.ToJsonString(), repeat, cells, duplicate);
    }
}
