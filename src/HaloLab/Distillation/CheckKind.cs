namespace HaloLab.Distillation;

/// <summary>Why a patch was shown again. Such answers measure the teacher and train nothing.</summary>
public enum CheckKind
{
    /// <summary>The whole clip was graded a second time.</summary>
    Repeat,

    /// <summary>A request hid the patch twice.</summary>
    Duplicate,
}
