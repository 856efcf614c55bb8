using System.Security.Cryptography;
using System.Text;

namespace HaloLab.Notebooks.Kernel;

/// <summary>HMAC-SHA256 over the four parts of a message, in hexadecimal, as Jupyter signs. Without a key nothing is signed or checked.</summary>
internal sealed class MessageSigner(string key)
{
    private readonly byte[] _key = Encoding.UTF8.GetBytes(key);

    /// <summary>The signature of header, parent header, metadata and content.</summary>
    public string Sign(IReadOnlyList<byte[]> parts)
    {
        if (_key.Length == 0)
        {
            return "";
        }

        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        foreach (byte[] part in parts)
        {
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Whether a signature is right; takes the same time wherever it differs.</summary>
    public bool IsRight(IReadOnlyList<byte[]> parts, string signature) =>
        _key.Length == 0 || CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign(parts)), Encoding.ASCII.GetBytes(signature));
}
