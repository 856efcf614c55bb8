using HaloLab.Models.Layers;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.ToyWorld;

/// <summary>
/// What a caption alone says about a clip's latents: their average over all clips of that caption. It goes into the toy denoiser beside the noisy
/// latents, as extra channels, and its hidden layer beside the timestep, so that the direction of motion is at hand where the layout is
/// decided (docs/toy-world.md says what happened without it). Concatenating a condition to the noisy latents is how VideoCrafter's own
/// image-to-video models are told their picture (Chen et al. 2023, arXiv 2310.19512).
/// </summary>
public sealed class LayoutPrior : Module<Tensor, LayoutPrior.Answer>
{
    /// <summary>Width of the summary.</summary>
    public const int SummaryWidth = 256;

    /// <summary>The average has one number for so many latents in height and in width.</summary>
    private const int Stride = 2;

    private readonly Linear _summary;
    private readonly Linear _average;

    public LayoutPrior()
        : base(nameof(LayoutPrior))
    {
        LatentLattice lattice = ToyGenerator.Lattice;
        _summary = new(ToyModels.Text.ContextLength * ToyModels.Text.Width, SummaryWidth);
        _average = new(SummaryWidth, (long)ToyModels.Autoencoder.LatentChannels * lattice.Frames * (lattice.Height / Stride) * (lattice.Width / Stride));
        register_module("summary", _summary);
        register_module("average", _average);
    }

    /// <summary>What the prior says of each caption.</summary>
    /// <param name="Summary_BE">The caption in <see cref="SummaryWidth"/> numbers.</param>
    /// <param name="Average_BCTHW">The average of its latents, of the latents' shape.</param>
    public sealed record Answer(Tensor Summary_BE, Tensor Average_BCTHW);

    /// <param name="context_BLD">Text condition of each clip.</param>
    public override Answer forward(Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        LatentLattice lattice = ToyGenerator.Lattice;
        Tensor summary_BE = functional.silu(_summary.call(context_BLD.flatten(1)));
        Tensor coarse_BCTHW = _average.call(summary_BE).view(-1, ToyModels.Autoencoder.LatentChannels, lattice.Frames, lattice.Height / Stride, lattice.Width / Stride);
        Tensor average_BCTHW = coarse_BCTHW.repeat_interleave(Stride, 3).repeat_interleave(Stride, 4);
        return new(summary_BE.MoveToOuterDisposeScope(), average_BCTHW.MoveToOuterDisposeScope());
    }
}
