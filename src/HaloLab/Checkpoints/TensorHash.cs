using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>Content hashes of tensors.</summary>
public static class TensorHash
{
    /// <summary>SHA-256, in lower-case hexadecimal, over names, types, shapes and values, in the order of the names.</summary>
    public static string Compute(IEnumerable<(string Name, Tensor Tensor)> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, Tensor tensor) in tensors.OrderBy(item => item.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{tensor.dtype}\n{string.Join(',', tensor.shape)}\n"));
            if (tensor.NumberOfElements > 0)
            {
                using Tensor detached = tensor.detach();
                using Tensor onCpu = detached.cpu();
                using Tensor contiguous = onCpu.contiguous();
                TensorBytes.AppendTo(hash, contiguous);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
