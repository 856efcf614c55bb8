using System.Security.Cryptography;
using System.Text.Json;

namespace HaloLab;

/// <summary>The identity of a file: SHA-256 of its bytes in lower-case hexadecimal.</summary>
public static class FileHash
{
    /// <summary>One hash for several files.</summary>
    /// <param name="hashes">Hash of each by its name.</param>
    public static string OfAll(IReadOnlyDictionary<string, string> hashes) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(hashes.OrderBy(item => item.Key, StringComparer.Ordinal))));

    /// <param name="path">The file.</param>
    /// <param name="expected">What it should be, for the message.</param>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static string Of(string path, string expected = "a file")
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Expected {expected}.", exception);
        }
    }
}
