namespace HaloLab.Distillation;

/// <summary>How patches are shown to the teacher.</summary>
public enum PatchView
{
    /// <summary>Whole frames over the clip for context, then each patch as a picture of its own: its crops over time.</summary>
    Crops,

    /// <summary>The frames of the patches' time segment with a numbered grid over them: fewer pictures, less detail.</summary>
    Overlay,
}
