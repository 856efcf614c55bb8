using HaloLab.Diffusion;
using HaloLab.Models.Layers;
using static TorchSharp.torch;

namespace HaloLab.Tests.Examples;

/// <summary>The smallest model that Gran-DPO can tune: two convolutions, with prompt and noise level as a bias of each channel.</summary>
public sealed class ConvolutionalDenoiser : nn.Module, IDenoiser
{
    private readonly Conv3d _input;
    private readonly Conv3d _output;
    private readonly Linear _text;

    public ConvolutionalDenoiser(int latentChannels, int width, int textWidth)
        : base(nameof(ConvolutionalDenoiser))
    {
        // The library's own layers: adapters can be attached to them.
        _input = new Conv3d(latentChannels, width, [3, 3, 3], null, [1, 1, 1]);
        _output = new Conv3d(width, latentChannels, [3, 3, 3], null, [1, 1, 1]);
        _text = new Linear(textWidth, width);

        // Names of tensors as they were published: a checkpoint then loads without a key map.
        register_module("conv_in", _input);
        register_module("conv_out", _output);
        register_module("text_proj", _text);

        // torch's own random weights would differ from run to run (DESIGN D6).
        Initialisation.Draw(this, runSeed: 1);
    }

    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
    {
        // What is made in between is freed here; what is returned belongs to the caller.
        using var scope = NewDisposeScope();
        Tensor bias_BC = _text.forward(context_BLD.mean([1])) + (timesteps_B.view(-1, 1) / 1000);
        Tensor hidden_BCTHW = nn.functional.silu(_input.forward(latents_BCTHW) + bias_BC.unsqueeze(-1).unsqueeze(-1).unsqueeze(-1));
        return _output.forward(hidden_BCTHW).MoveToOuterDisposeScope();
    }
}
