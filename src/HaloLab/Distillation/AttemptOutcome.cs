namespace HaloLab.Distillation;

/// <summary>How one attempt at a request ended.</summary>
public enum AttemptOutcome
{
    /// <summary>Grades for every patch.</summary>
    Answered,

    /// <summary>The model declined: final.</summary>
    Refused,

    /// <summary>A content filter stopped question or answer: final.</summary>
    Filtered,

    /// <summary>An answer that cannot be read or does not keep to the schema.</summary>
    Unreadable,

    /// <summary>The answer ended at its largest length.</summary>
    CutShort,

    /// <summary>The service asked to slow down (429).</summary>
    RateLimited,

    /// <summary>The service failed (5xx, 408, 409).</summary>
    ServerError,

    /// <summary>The service will not take such requests (other 4xx): stops the run.</summary>
    Rejected,

    /// <summary>No answer in time.</summary>
    TimedOut,

    /// <summary>The connection broke.</summary>
    Dropped,

    /// <summary>A whole answer, of another snapshot of the model than before: stops the run.</summary>
    OtherSnapshot,
}
