using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>The generator's corpus as <see cref="LatentEncoding"/> wrote it, in memory; its last clips are never trained on.</summary>
internal sealed class EncodedCorpus : IDisposable
{
    private const int MostHeldOut = 128;
    private const int ClipsPerHeldOut = 8;
    private const double EmptyPromptShare = 0.1;

    private readonly Tensor _latents_NCTHW;
    private readonly Tensor _tokens_NL;
    private readonly Tensor _empty_L;

    private EncodedCorpus(Tensor latents_NCTHW, Tensor tokens_NL, Tensor empty_L, double scale) =>
        (_latents_NCTHW, _tokens_NL, _empty_L, Scale) = (latents_NCTHW, tokens_NL, empty_L, scale);

    /// <summary>Clips at the end that are held out: 128, of a small corpus one in eight.</summary>
    public int HeldOut => Math.Min(MostHeldOut, (int)_tokens_NL.shape[0] / ClipsPerHeldOut);

    /// <summary>Factor that gives the latents unit variance, over a part of the corpus, as latent diffusion does.</summary>
    public double Scale { get; }

    /// <summary>Scaled latents with the tokens of their captions.</summary>
    public readonly record struct Clips(Tensor Latents_BCTHW, Tensor Tokens_BL);

    /// <param name="context">The stage that asks.</param>
    /// <param name="latents">The stage that encoded the corpus.</param>
    /// <param name="clips">Size of the corpus.</param>
    public static EncodedCorpus Load(StageContext context, Stage latents, int clips)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor>[] files =
            [.. LatentEncoding.FilesOf(clips).Select(file => Safetensors.Load(context.Input(latents.Name, file)))];
        Tensor latents_NCTHW = cat([.. files.Select(file => file["latents"])]).to(Compute.Device);
        Tensor tokens_NL = cat([.. files.Select(file => file["tokens"])]).to(Compute.Device);
        double scale = 1.0 / files[0]["latents"].to(ScalarType.Float32).std().item<float>();
        Tensor empty_L = tensor(new ToyTokenizer().Encode(""), device: Compute.Device);
        return new(latents_NCTHW.MoveToOuterDisposeScope(), tokens_NL.MoveToOuterDisposeScope(), empty_L.MoveToOuterDisposeScope(), scale);
    }

    /// <summary>A batch of training clips, with the empty prompt in place of a tenth of the captions.</summary>
    public Clips Draw(RandomStream stream, int count)
    {
        ArgumentNullException.ThrowIfNull(stream);
        long[] rows = new long[count];
        bool[] isEmpty = new bool[count];
        for (int i = 0; i < count; i++)
        {
            rows[i] = stream.Next((int)_tokens_NL.shape[0] - HeldOut);
            isEmpty[i] = stream.NextDouble() < EmptyPromptShare;
        }

        Tensor rows_B = tensor(rows, device: Compute.Device);
        return new(Scaled(_latents_NCTHW.index_select(0, rows_B)), where(tensor(isEmpty, device: Compute.Device).unsqueeze(1), _empty_L, _tokens_NL.index_select(0, rows_B)));
    }

    /// <summary>The clips that <see cref="Draw"/> never gives.</summary>
    public Clips Rest()
    {
        long first = _tokens_NL.shape[0] - HeldOut;
        return new(Scaled(_latents_NCTHW.narrow(0, first, HeldOut)), _tokens_NL.narrow(0, first, HeldOut));
    }

    public void Dispose()
    {
        _latents_NCTHW.Dispose();
        _tokens_NL.Dispose();
        _empty_L.Dispose();
    }

    private Tensor Scaled(Tensor latents_BCTHW) => latents_BCTHW.to(ScalarType.Float32).mul(Scale);
}
