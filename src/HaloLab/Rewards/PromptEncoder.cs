using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Rewards;

/// <summary>Token and position embeddings and transformer layers: the prompt as features of its tokens.</summary>
internal sealed class PromptEncoder : Module<Tensor, Tensor>, IInitialised
{
    private const int Heads = 4;
    private readonly ModuleList<TransformerLayer> _layers;
    private readonly LayerNorm _norm;

    public PromptEncoder(int vocabularySize, int contextLength, int channels, int layers)
        : base(nameof(PromptEncoder))
    {
        _layers = ModuleList(Enumerable.Range(0, layers).Select(_ => new TransformerLayer(channels, Heads, 2 * channels)).ToArray());
        _norm = LayerNorm(channels);
        register_parameter("tokens", Parameter(zeros(vocabularySize, channels)));
        register_parameter("positions", Parameter(zeros(contextLength, channels)));
        register_module("layers", _layers);
        register_module("norm", _norm);
    }

    // By name: a module that is moved gets new parameters, and a field of another name would keep the old ones.
    private Parameter Tokens => get_parameter("tokens")!;

    private Parameter Positions => get_parameter("positions")!;

    public void Initialise(Func<string, RandomStream> streamOf)
    {
        ArgumentNullException.ThrowIfNull(streamOf);
        Initialisation.Normal(Tokens, 1, streamOf("tokens"));
        Initialisation.Normal(Positions, 1, streamOf("positions"));
    }

    /// <param name="tokens_BL">Token ids.</param>
    /// <returns>[B, L, E].</returns>
    public override Tensor forward(Tensor tokens_BL)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_BLE = Tokens.index_select(0, tokens_BL.flatten()).unflatten(0, tokens_BL.shape) + Positions;
        foreach (TransformerLayer layer in _layers)
        {
            hidden_BLE = layer.call(hidden_BLE);
        }

        return _norm.call(hidden_BLE).MoveToOuterDisposeScope();
    }
}
