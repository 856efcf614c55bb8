using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.Wan;

/// <summary>Timestep and text states into the transformer's width.</summary>
internal sealed class WanConditionEmbedder : Module<Tensor, Tensor, (Tensor Time, Tensor TimeProjection, Tensor Text)>
{
    private const double Base = 10000;

    public readonly TwoLinears time_embedder;
    public readonly Linear time_proj;
    public readonly TwoLinears text_embedder;
    private readonly int _freqDim;

    public WanConditionEmbedder(WanConfig config)
        : base(nameof(WanConditionEmbedder))
    {
        _freqDim = config.FreqDim;
        time_embedder = new TwoLinears(config.FreqDim, config.Width, input => functional.silu(input));
        time_proj = new Linear(config.Width, 6 * config.Width);
        text_embedder = new TwoLinears(config.TextDim, config.Width, input => functional.gelu(input, TorchSharp.Modules.GELU.Approximate.tanh));
        RegisterComponents();
    }

    /// <param name="timestep_B">0 to 1000, fractions allowed.</param>
    /// <param name="text_BLD">States of the text encoder; rows of padding are zeros and are kept.</param>
    /// <returns>Time [B, D], its projection [B, 6, D], text [B, L, D].</returns>
    public override (Tensor Time, Tensor TimeProjection, Tensor Text) forward(Tensor timestep_B, Tensor text_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor time_BD = time_embedder.call(Sinusoid(timestep_B).to(time_embedder.linear_1.weight.dtype));
        Tensor projection_B6D = time_proj.call(functional.silu(time_BD)).unflatten(1, [6, -1]);
        Tensor projected_BLD = text_embedder.call(text_BLD);
        return (time_BD.MoveToOuterDisposeScope(), projection_B6D.MoveToOuterDisposeScope(), projected_BLD.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// cos(t f_i) for all i, then sin(t f_i), f_i = 10000^(−i/half): [B, freq_dim]. In float32 as in diffusers, which the reference values
    /// come from; the original code uses float64, which moves the sinusoid by up to 3e-5 and the output by 1e-5.
    /// </summary>
    internal Tensor Sinusoid(Tensor timestep_B)
    {
        using var scope = NewDisposeScope();
        int half = _freqDim / 2;
        Tensor frequencies = (arange(half, dtype: ScalarType.Float32, device: timestep_B.device) * -Math.Log(Base) / half).exp();
        Tensor angles = timestep_B.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        return cat([angles.cos(), angles.sin()], dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Linear, a non-linearity, Linear.</summary>
    internal sealed class TwoLinears : Module<Tensor, Tensor>
    {
        public readonly Linear linear_1;
        public readonly Linear linear_2;
        private readonly Func<Tensor, Tensor> _activation;

        public TwoLinears(int inputWidth, int width, Func<Tensor, Tensor> activation)
            : base(nameof(TwoLinears))
        {
            linear_1 = new Linear(inputWidth, width);
            linear_2 = new Linear(width, width);
            _activation = activation;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using Tensor inner = linear_1.call(input);
            using Tensor active = _activation(inner);
            return linear_2.call(active);
        }
    }
}
