using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.UmT5;

/// <summary>
/// Self-attention without positions in the states: a learned bias for each head and bucket of distances is added to the scores, which are not divided by √d. In
/// umT5 every layer has a table of its own, in T5 the first layer has one for all.
/// </summary>
public sealed class UmT5Attention : Module<Tensor, Tensor, Tensor>
{
    public readonly Linear q;
    public readonly Linear k;
    public readonly Linear v;
    public readonly Linear o;
    public readonly TokenEmbedding? relative_attention_bias;

    private readonly UmT5Config _config;
    private readonly Func<int, Tensor> _positionBias;

    /// <param name="config">Sizes.</param>
    /// <param name="positionBias">Another layer's biases to use, or null to have a table.</param>
    public UmT5Attention(UmT5Config config, Func<int, Tensor>? positionBias = null)
        : base(nameof(UmT5Attention))
    {
        _positionBias = positionBias ?? OwnPositionBias;
        _config = config;
        int inner = config.NumHeads * config.DKv;
        q = new Linear(config.DModel, inner, hasBias: false);
        k = new Linear(config.DModel, inner, hasBias: false);
        v = new Linear(config.DModel, inner, hasBias: false);
        o = new Linear(inner, config.DModel, hasBias: false);
        relative_attention_bias = positionBias is not null ? null : new TokenEmbedding(config.RelativeAttentionNumBuckets, config.NumHeads);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states_BLC, Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        Tensor Heads(Linear layer) => layer.call(states_BLC).unflatten(2, _config.NumHeads, _config.DKv).transpose(1, 2);
        Tensor scores_BHLL = Heads(q).matmul(Heads(k).transpose(-1, -2)) + PositionBias((int)states_BLC.shape[1]);
        Tensor isPadding_B11L = mask_BL.eq(0).unsqueeze(1).unsqueeze(1);

        // The weights are computed in float32 whatever the type of the model.
        Tensor weights_BHLL = scores_BHLL.to(ScalarType.Float32).masked_fill(isPadding_B11L, float.MinValue).softmax(-1).to(scores_BHLL.dtype);
        return o.call(weights_BHLL.matmul(Heads(v)).transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    /// <summary>What is added to the scores: 1 × heads × queries × keys.</summary>
    /// <param name="length">Number of positions.</param>
    internal Tensor PositionBias(int length) => _positionBias(length);

    private Tensor OwnPositionBias(int length)
    {
        using var scope = NewDisposeScope();
        long[] buckets = [.. from query in Enumerable.Range(0, length) from key in Enumerable.Range(0, length) select (long)Bucket(key - query, _config)];
        Tensor bias_LLH = relative_attention_bias!.call(tensor(buckets, [length, length], device: relative_attention_bias.weight.device));
        return bias_LLH.permute(2, 0, 1).unsqueeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The bucket of a distance (key − query): half of the buckets for keys behind the query, half for keys before; in each half one for every small distance,
    /// the rest spread over larger ones by their logarithm, in float32 as the model was trained.
    /// </summary>
    internal static int Bucket(int distance, UmT5Config config)
    {
        int half = config.RelativeAttentionNumBuckets / 2;
        int exact = half / 2;
        int size = Math.Abs(distance);
        int within = size < exact
            ? size
            : Math.Min(half - 1, exact + (int)(MathF.Log(size / (float)exact) / (float)Math.Log(config.RelativeAttentionMaxDistance / (double)exact) * (half - exact)));
        return (distance > 0 ? half : 0) + within;
    }
}
