using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>What a backbone makes of one clip in one pass.</summary>
/// <param name="Places_thwC">Features of every place of its lattice, which the patch head reads.</param>
/// <param name="Video_KC">What the video head reads: the states at the reward tokens, the last state, the clip's own feature.</param>
/// <param name="Lattice">Where the places lie in the clip.</param>
public sealed record BackboneFeatures(Tensor Places_thwC, Tensor Video_KC, LatticeEdges Lattice);
