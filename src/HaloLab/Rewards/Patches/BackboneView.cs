using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>What a backbone is shown of one clip and its prompt: all that its pass needs, as tensors that a file can hold.</summary>
/// <param name="Tensors">The backbone's own, by name, on the CPU.</param>
/// <param name="Lattice">Where the places of its features lie in the clip.</param>
public sealed record BackboneView(IReadOnlyDictionary<string, Tensor> Tensors, LatticeEdges Lattice);
