namespace HaloLab.Preferences.Labels;

/// <summary>Why a question that was asked has no answer. None of these is a bad grade.</summary>
public enum Unanswered
{
    /// <summary>The teacher refused, or a content filter did; <see cref="Label.Reason"/> says why.</summary>
    Refused,

    /// <summary>The annotator said that it cannot be told.</summary>
    CannotTell,

    /// <summary>Something came back that holds no usable answer.</summary>
    Unreadable,

    /// <summary>An answer was there and was taken back.</summary>
    Withdrawn,
}
