using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Prompts with videos, as <see cref="Qwen2VlModel"/> reads them. The tensors belong to whoever made them.</summary>
/// <param name="Ids_BL">Token ids, int64.</param>
/// <param name="Mask_BL">1 where there is a token, 0 for padding, int64.</param>
/// <param name="Patches_NV">Patches of all videos one after the other, float32.</param>
/// <param name="Videos">The videos, in the order in which their tokens occur.</param>
public sealed record Qwen2VlInput(Tensor Ids_BL, Tensor Mask_BL, Tensor Patches_NV, IReadOnlyList<Qwen2VlGrid> Videos)
{
    /// <summary>The same on a device.</summary>
    public Qwen2VlInput To(Device device) => new(Ids_BL.to(device), Mask_BL.to(device), Patches_NV.to(device), Videos);
}
