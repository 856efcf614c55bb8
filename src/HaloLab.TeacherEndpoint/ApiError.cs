namespace HaloLab.TeacherEndpoint;

/// <summary>An error of the protocol: status and error object.</summary>
internal sealed class ApiError(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}
