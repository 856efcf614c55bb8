namespace HaloLab.TeacherEndpoint;

/// <summary>How the simulated endpoint behaves.</summary>
public sealed record SimulatedEndpointOptions
{
    /// <summary>What a client must send as key.</summary>
    public required string Key { get; init; }

    /// <summary>TCP port on the loopback address; 0 takes a free one. Default 0.</summary>
    public int Port { get; init; }

    /// <summary>Seed of grades and faults.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Default none.</summary>
    public FaultRates Faults { get; init; } = FaultRates.None;

    /// <summary>Time before every answer. Default none.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.Zero;

    /// <summary>How long a client that is told to slow down is told to wait. Default 0.2 s.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(0.2);

    /// <summary>The model that answers name; begins with "simulated".</summary>
    public string Snapshot { get; init; } = "simulated-teacher-1";

    /// <summary>From this answer on another snapshot answers; null for never.</summary>
    public int? NewSnapshotAfter { get; init; }

    /// <summary>JSON Lines file with one line a request: what it was, what went wrong, what was charged. Null for none.</summary>
    public string? Log { get; init; }

    /// <summary>Folder for the bodies of requests and answers as they went over the wire; null for none.</summary>
    public string? Record { get; init; }
}
