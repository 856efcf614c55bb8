using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Reads from the layout prior's summary, linearly, which kind the object of each colour has. Trained along, it makes text
/// tower and summary say so. Without it the generator knew which two kinds a caption names, but not which object has which (docs/toy-world.md).
/// </summary>
internal sealed class KindOfColour : Module<Tensor, Tensor, Tensor>
{
    private static readonly long[] Colours = Ids<ToyColour>();
    private static readonly long[] Kinds = Ids<ToyKind>();

    private readonly Linear _kinds = new(LayoutPrior.SummaryWidth, Colours.Length * (Kinds.Length + 1));

    public KindOfColour()
        : base(nameof(KindOfColour)) => register_module("kinds", _kinds);

    /// <summary>Cross entropy over the kinds and "none", mean over captions and colours.</summary>
    /// <param name="tokens_BL">Tokens of the captions.</param>
    /// <param name="summary_BE">What the prior says of them.</param>
    public override Tensor forward(Tensor tokens_BL, Tensor summary_BE)
    {
        using var scope = NewDisposeScope();
        Tensor kinds_N = tensor([.. tokens_BL.cpu().data<long>().ToArray().Chunk((int)tokens_BL.shape[1]).SelectMany(Labels)], device: summary_BE.device);
        return functional.cross_entropy(_kinds.call(summary_BE).view(-1, Kinds.Length + 1), kinds_N).MoveToOuterDisposeScope();
    }

    // In a caption the kind follows its colour.
    private static IEnumerable<long> Labels(long[] tokens) => Colours.Select(colour =>
    {
        int place = Array.IndexOf(tokens, colour);
        return place < 0 ? Kinds.Length : (long)Array.IndexOf(Kinds, tokens[place + 1]);
    });

    private static long[] Ids<T>()
        where T : struct, Enum => [.. ToyCaption.Names<T>().Select(name => new ToyTokenizer().Encode(name)[1])];
}
