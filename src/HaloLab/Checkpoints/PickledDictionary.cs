namespace HaloLab.Checkpoints;

/// <summary>A dictionary of a PyTorch checkpoint, in the file's order. Integer keys come as text.</summary>
internal sealed class PickledDictionary : OrderedDictionary<string, object?>;
