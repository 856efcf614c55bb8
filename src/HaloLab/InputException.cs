namespace HaloLab;

/// <summary>
/// What the user gave cannot be used: the message names the file, the field, what was expected and what to do. The command line prints the
/// message alone and exits with 2; every other exception is our fault and exits with 1.
/// </summary>
public sealed class InputException : Exception
{
    public InputException(string message)
        : base(message)
    {
    }

    public InputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public InputException()
    {
    }
}
