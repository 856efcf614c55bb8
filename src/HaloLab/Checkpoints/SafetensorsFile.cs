using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>
/// An open safetensors file (huggingface/safetensors, format of 2022): 8 bytes of header length, a JSON header <c>name → {dtype, shape,
/// data_offsets}</c>, then the raw little-endian values. The file is data: nothing in it is executed.
/// </summary>
public sealed class SafetensorsFile : IWeightFile
{
    /// <summary>The format's own limit on the header, 100 MB.</summary>
    private const long MaxHeaderBytes = 100_000_000;

    private const long ConvertedAtOnce = 1 << 20;

    private readonly FileStream _stream;
    private readonly long _dataStart;
    private readonly Dictionary<string, Entry> _places;
    private readonly Dictionary<string, string> _metadata;
    private readonly OrderedDictionary<string, WeightEntry> _entries = [];

    private SafetensorsFile(string path)
    {
        Source = path;
        _stream = OpenFile(path);
        try
        {
            List<Entry> entries = ReadHeader(path, _stream, out _metadata, out _dataStart);
            _places = entries.ToDictionary(entry => entry.Name);
            foreach (Entry entry in entries)
            {
                _entries.Add(entry.Name, new WeightEntry(entry.Type.Name, entry.Type.Type, entry.Shape));
            }
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public string Source { get; }

    public IReadOnlyDictionary<string, WeightEntry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Opens a file and checks its whole header.</summary>
    /// <exception cref="InputException">The file is missing, truncated or not a valid safetensors file; the message names the entry.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new SafetensorsFile(path);
    }

    public Tensor Read(string name)
    {
        Tensor tensor = empty(_places[name].Shape, dtype: _places[name].Type.Type, device: CPU);
        ReadInto(new Dictionary<string, Tensor> { [name] = tensor });
        return tensor;
    }

    public void ReadInto(IReadOnlyDictionary<string, Tensor> destinations)
    {
        ArgumentNullException.ThrowIfNull(destinations);
        List<(long Place, Tensor Destination)> asTheyAre = [];
        foreach ((string name, Tensor destination) in destinations)
        {
            Entry entry = _places[name];
            if (!entry.Type.IsEightBitFloat && destination.dtype == entry.Type.Type && destination.device_type == DeviceType.CPU && destination.is_contiguous())
            {
                asTheyAre.Add((_dataStart + entry.Start, destination));
            }
            else
            {
                ReadAndConvert(entry, destination);
            }
        }

        TensorBytes.Read(_stream.SafeFileHandle, asTheyAre);
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Piece by piece through one small buffer: a table of gigabytes is not held twice.</summary>
    private void ReadAndConvert(Entry entry, Tensor destination)
    {
        long elements = _entries[entry.Name].Elements;
        using Tensor buffer_N = empty([Math.Min(ConvertedAtOnce, elements)], dtype: entry.Type.IsEightBitFloat ? ScalarType.Byte : entry.Type.Type, device: CPU);
        using Tensor destination_N = destination.view(-1);
        for (long first = 0; first < elements; first += ConvertedAtOnce)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(ConvertedAtOnce, elements - first);
            Tensor piece_N = buffer_N.narrow(0, 0, count);
            TensorBytes.Read(_stream.SafeFileHandle, [(_dataStart + entry.Start + (first * entry.Type.Size), piece_N)]);
            destination_N.narrow(0, first, count).copy_(entry.Type.IsEightBitFloat ? entry.Type.ToHalf(piece_N) : piece_N);
        }
    }

    private static FileStream OpenFile(string path)
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
                if (property.Name == Safetensors.MetadataKey)
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
        SafetensorsType type = SafetensorsType.All.FirstOrDefault(candidate => candidate.Name == typeName)
            ?? throw Broken(path, $"entry '{property.Name}' has type '{typeName}', expected one of {string.Join(", ", SafetensorsType.All.Select(known => known.Name))}");

        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64())];
        long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets.Length != 2)
        {
            throw Broken(path, $"entry '{property.Name}' has {offsets.Length} offsets, expected its start and its end");
        }

        (long start, long end) = (offsets[0], offsets[1]);
        Int128 bytes = type.Size;
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

    private sealed record Entry(string Name, SafetensorsType Type, long[] Shape, long Start, long End);
}
