namespace HaloLab.TeacherEndpoint;

/// <summary>What goes wrong with a request on purpose.</summary>
public enum Fault
{
    None,

    /// <summary>429 with the time to wait; not charged.</summary>
    RateLimit,

    /// <summary>500; not charged.</summary>
    ServerError,

    /// <summary>The answer is made and charged, and never sent.</summary>
    Timeout,

    /// <summary>The answer is made and charged, and the connection is cut before it.</summary>
    Dropped,

    /// <summary>Charged: no JSON at all, or JSON that keeps not to the schema.</summary>
    Garbage,

    /// <summary>Charged: the answer ends in the middle, with or without the connection.</summary>
    Truncated,

    /// <summary>Charged: the model declines.</summary>
    Refusal,
}
