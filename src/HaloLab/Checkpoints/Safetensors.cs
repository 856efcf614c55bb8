using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>
/// Reads and writes whole safetensors files (huggingface/safetensors, format of 2022): 8 bytes of header length, a JSON header
/// <c>name → {dtype, shape, data_offsets}</c>, then the raw little-endian values. The file is data: nothing in it is executed.
/// </summary>
public static class Safetensors
{
    internal const string MetadataKey = "__metadata__";

    /// <summary>Loads every tensor into memory that torch allocated, on the CPU. The caller owns the tensors.</summary>
    /// <exception cref="InputException">The file is missing, truncated or not a valid safetensors file; the message names the entry.</exception>
    public static Dictionary<string, Tensor> Load(string path) => Load(path, out _);

    /// <inheritdoc cref="Load(string)"/>
    /// <param name="path">The file.</param>
    /// <param name="metadata">The header's text entries, empty when there are none.</param>
    public static Dictionary<string, Tensor> Load(string path, out Dictionary<string, string> metadata)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        metadata = new Dictionary<string, string>(file.Metadata);
        Dictionary<string, Tensor> tensors = [];
        try
        {
            foreach (string name in file.Entries.Keys)
            {
                tensors.Add(name, file.Read(name));
            }

            return tensors;
        }
        catch
        {
            foreach (Tensor tensor in tensors.Values)
            {
                tensor.Dispose();
            }

            throw;
        }
    }

    /// <summary>Writes the tensors, sorted by name so that equal contents give equal bytes, atomically.</summary>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Save(path, [.. tensors.Select(item => (item.Key, item.Value.dtype, (IReadOnlyList<long>)item.Value.shape))], name => tensors[name].alias(), metadata);
    }

    /// <summary>Writes tensors that are made one after the other, so that more can be written than fits the memory.</summary>
    /// <param name="path">The file, replaced atomically.</param>
    /// <param name="entries">Name, type and shape of every tensor.</param>
    /// <param name="make">Makes the tensor of a name, which is disposed here.</param>
    /// <param name="metadata">Text entries of the header.</param>
    public static void Save(string path, IReadOnlyCollection<(string Name, ScalarType Type, IReadOnlyList<long> Shape)> entries, Func<string, Tensor> make, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(make);
        (string Name, ScalarType Type, IReadOnlyList<long> Shape)[] sorted = [.. entries.OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        byte[] header = Header(sorted, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length_8 = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length_8, header.Length);
            stream.Write(length_8);
            stream.Write(header);
            foreach ((string name, ScalarType type, IReadOnlyList<long> shape) in sorted)
            {
                // The scope takes the intermediate tensors too: a checkpoint in a training loop leaves none to the finaliser.
                using var scope = NewDisposeScope();
                Tensor made = make(name);
                if (made.dtype != type || !made.shape.SequenceEqual(shape))
                {
                    throw new ArgumentException($"Tensor '{name}' was announced as {type} [{string.Join(", ", shape)}] and came as {made.dtype} [{string.Join(", ", made.shape)}].", nameof(make));
                }

                TensorBytes.Write(stream, made.detach().cpu().contiguous());
            }
        });
    }

    private static byte[] Header((string Name, ScalarType Type, IReadOnlyList<long> Shape)[] sorted, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream headerStream = new();
        using (Utf8JsonWriter json = new(headerStream))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach ((string name, ScalarType type, IReadOnlyList<long> shape) in sorted)
            {
                SafetensorsType known = SafetensorsType.Of(type, name);
                long end = offset + (shape.Aggregate(1L, (product, length) => product * length) * known.Size);
                json.WriteStartObject(name);
                json.WriteString("dtype", known.Name);
                json.WriteStartArray("shape");
                foreach (long length in shape)
                {
                    json.WriteNumberValue(length);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                offset = end;
            }

            json.WriteEndObject();
        }

        // The data start at a multiple of 8 bytes, the header being padded with spaces.
        while (headerStream.Length % 8 != 0)
        {
            headerStream.WriteByte((byte)' ');
        }

        return headerStream.ToArray();
    }
}
