using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>
/// Reads and writes safetensors files (huggingface/safetensors, format of 2022): 8 bytes of header length, a JSON header
/// <c>name → {dtype, shape, data_offsets}</c>, then the raw little-endian values. The file is data: nothing in it is executed.
/// </summary>
public static class Safetensors
{
    private const string MetadataKey = "__metadata__";

    /// <summary>The format's own limit on the header, 100 MB.</summary>
    private const long MaxHeaderBytes = 100_000_000;

    private static readonly (string Name, ScalarType Type, int Size)[] Types =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>Loads every tensor into memory that torch allocated, on the CPU. The caller owns the tensors.</summary>
    /// <exception cref="InputException">The file is missing, truncated or not a valid safetensors file; the message names the entry.</exception>
    public static Dictionary<string, Tensor> Load(string path) => Load(path, out _);

    /// <inheritdoc cref="Load(string)"/>
    /// <param name="path">The file.</param>
    /// <param name="metadata">The header's text entries, empty when there are none.</param>
    public static Dictionary<string, Tensor> Load(string path, out Dictionary<string, string> metadata)
    {
        using FileStream stream = Open(path);
        List<Entry> entries = ReadHeader(path, stream, out metadata, out long dataStart);
        Dictionary<string, Tensor> tensors = [];
        try
        {
            foreach (Entry entry in entries)
            {
                Tensor tensor = empty(entry.Shape, dtype: entry.Type, device: CPU);
                tensors.Add(entry.Name, tensor);
                if (entry.End > entry.Start)
                {
                    stream.Position = dataStart + entry.Start;
                    TensorBytes.Read(stream, tensor);
                }
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
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));
    }

    private static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        KeyValuePair<string, Tensor>[] sorted = [.. tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal)];
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
            foreach ((string name, Tensor tensor) in sorted)
            {
                (string typeName, _, int size) = Array.Find(Types, type => type.Type == tensor.dtype);
                if (typeName is null)
                {
                    throw new NotSupportedException($"Tensor '{name}' has type {tensor.dtype}, which safetensors cannot hold.");
                }

                long end = offset + (tensor.NumberOfElements * size);
                json.WriteStartObject(name);
                json.WriteString("dtype", typeName);
                json.WriteStartArray("shape");
                foreach (long length in tensor.shape)
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

        Span<byte> length_8 = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length_8, headerStream.Length);
        stream.Write(length_8);
        headerStream.Position = 0;
        headerStream.CopyTo(stream);
        foreach ((_, Tensor tensor) in sorted)
        {
            if (tensor.NumberOfElements > 0)
            {
                // The scope takes the intermediate tensors too: a checkpoint in a training loop leaves none to the finaliser.
                using var scope = NewDisposeScope();
                TensorBytes.Write(stream, tensor.detach().cpu().contiguous());
            }
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Expected a .safetensors file.", exception);
        }
    }

    private static List<Entry> ReadHeader(string path, FileStream stream, out Dictionary<string, string> metadata, out long dataStart)
    {
        metadata = [];
        Span<byte> length_8 = stackalloc byte[8];
        if (stream.ReadAtLeast(length_8, 8, throwOnEndOfStream: false) < 8)
        {
            throw Broken(path, "it is shorter than 8 bytes");
        }

        long headerLength = BinaryPrimitives.ReadInt64LittleEndian(length_8);
        if (headerLength < 2 || headerLength > MaxHeaderBytes || headerLength > stream.Length - 8)
        {
            throw Broken(path, string.Create(CultureInfo.InvariantCulture, $"its header claims {headerLength} bytes, the file has {stream.Length}"));
        }

        byte[] header = new byte[headerLength];
        stream.ReadExactly(header);
        dataStart = 8 + headerLength;
        long dataLength = stream.Length - dataStart;
        List<Entry> entries = [];
        try
        {
            using JsonDocument json = JsonDocument.Parse(Encoding.UTF8.GetString(header).TrimEnd(' '));
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataKey)
                {
                    foreach (JsonProperty item in property.Value.EnumerateObject())
                    {
                        metadata[item.Name] = item.Value.GetString() ?? "";
                    }
                }
                else
                {
                    entries.Add(ReadEntry(path, property, dataLength));
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InputException($"{path}: not a valid safetensors file: its header cannot be read ({exception.Message}). Download or export it again.", exception);
        }

        entries.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        long expectedStart = 0;
        HashSet<string> names = [];
        foreach (Entry entry in entries)
        {
            if (!names.Add(entry.Name))
            {
                throw Broken(path, $"entry '{entry.Name}' stands twice");
            }

            // The format allows neither overlaps nor holes.
            if (entry.Start != expectedStart)
            {
                throw Broken(path, string.Create(CultureInfo.InvariantCulture, $"entry '{entry.Name}' starts at byte {entry.Start}, expected {expectedStart}"));
            }

            expectedStart = entry.End;
        }

        if (expectedStart != dataLength)
        {
            throw Broken(path, string.Create(CultureInfo.InvariantCulture, $"its entries cover {expectedStart} bytes of data, the file has {dataLength}"));
        }

        return entries;
    }

    private static Entry ReadEntry(string path, JsonProperty property, long dataLength)
    {
        string typeName = property.Value.GetProperty("dtype").GetString() ?? "";
        (string known, ScalarType type, int size) = Array.Find(Types, candidate => candidate.Name == typeName);
        if (known is null)
        {
            throw Broken(path, $"entry '{property.Name}' has type '{typeName}', expected one of {string.Join(", ", Types.Select(t => t.Name))}");
        }

        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        JsonElement offsets = property.Value.GetProperty("data_offsets");
        long start = offsets[0].GetInt64();
        long end = offsets[1].GetInt64();
        Int128 bytes = size;
        foreach (long length in shape)
        {
            if (length < 0)
            {
                throw Broken(path, $"entry '{property.Name}' has a negative length in its shape");
            }

            bytes *= length;
            if (bytes > long.MaxValue)
            {
                throw Broken(path, $"entry '{property.Name}' claims an impossible shape");
            }
        }

        if (start < 0 || end > dataLength || (Int128)end - start != bytes)
        {
            throw Broken(path, string.Create(CultureInfo.InvariantCulture, $"entry '{property.Name}' of shape [{string.Join(", ", shape)}] and type {typeName} needs {bytes} bytes but lies at {start}..{end} of {dataLength}"));
        }

        return new Entry(property.Name, type, shape, start, end);
    }

    private static InputException Broken(string path, string what) =>
        new($"{path}: not a valid safetensors file: {what}. Download or export it again.");

    private sealed record Entry(string Name, ScalarType Type, long[] Shape, long Start, long End);
}
