using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>What Qwen2-VL is shown of a clip.</summary>
/// <param name="Patches_NV">Its patches, float32.</param>
/// <param name="Grid">How they lie.</param>
/// <param name="Frames">Which frames of the clip they are of, an even number: of an odd one the last is shown twice.</param>
public sealed record Qwen2VlView(Tensor Patches_NV, Qwen2VlGrid Grid, IReadOnlyList<int> Frames);
