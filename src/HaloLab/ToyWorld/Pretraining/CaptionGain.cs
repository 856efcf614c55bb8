using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// How much a loss uses the caption: the mean rise over held-out clips when one attribute of every object is replaced by the next of its
/// kind. Shows that an attribute is being learned long before samples obey it.
/// </summary>
internal static class CaptionGain
{
    private static readonly (string Name, long[] Ids)[] Attributes =
    [
        ("gainKind", Ids<ToyKind>()), ("gainColour", Ids<ToyColour>()), ("gainDirection", Ids<ToyDirection>()), ("gainBackground", Ids<ToyBackground>()),
    ];

    /// <summary>The loss with the right tokens (<c>lossHeldOut</c>), and what each attribute adds.</summary>
    /// <param name="tokens_BL">Tokens of the held-out captions.</param>
    /// <param name="loss">The mean loss of the held-out clips given tokens.</param>
    public static JsonObject Measure(Tensor tokens_BL, Func<Tensor, double> loss)
    {
        using var noGradient = no_grad();
        double right = loss(tokens_BL);
        JsonObject measured = new() { ["lossHeldOut"] = right };
        foreach ((string name, long[] ids) in Attributes)
        {
            using Tensor changed_BL = Changed(tokens_BL, ids);
            measured[name] = loss(changed_BL) - right;
        }

        using Tensor exchanged_BL = Exchanged(tokens_BL);
        measured["gainBinding"] = loss(exchanged_BL) - right;
        return measured;
    }

    // The two objects' kinds exchanged.
    private static Tensor Exchanged(Tensor tokens_BL)
    {
        long[] kinds = Ids<ToyKind>();
        long[][] rows = [.. tokens_BL.cpu().data<long>().ToArray().Chunk((int)tokens_BL.shape[1])];
        foreach (long[] row in rows)
        {
            int[] places = [.. Enumerable.Range(0, row.Length).Where(i => kinds.Contains(row[i]))];
            if (places.Length == 2)
            {
                (row[places[0]], row[places[1]]) = (row[places[1]], row[places[0]]);
            }
        }

        return tensor(rows.SelectMany(row => row).ToArray(), tokens_BL.shape, device: tokens_BL.device);
    }

    private static Tensor Changed(Tensor tokens_BL, long[] ids)
    {
        long[] tokens = tokens_BL.cpu().data<long>().ToArray();
        for (int i = 0; i < tokens.Length; i++)
        {
            int place = Array.IndexOf(ids, tokens[i]);
            tokens[i] = place < 0 ? tokens[i] : ids[(place + 1) % ids.Length];
        }

        return tensor(tokens, tokens_BL.shape, device: tokens_BL.device);
    }

    private static long[] Ids<T>()
        where T : struct, Enum => [.. ToyCaption.Names<T>().Select(name => new ToyTokenizer().Encode(name)[1])];
}
