using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Numerics;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>
/// A file that <c>torch.save</c> wrote (<c>.ckpt</c>, <c>.pt</c>, <c>.pth</c>, <c>.bin</c>), in the zip format of PyTorch 1.6 and later or the older one.
/// The file is data: nothing in it is executed (<see cref="RestrictedUnpickler"/>). Opening reads descriptions only; values are read on demand.
/// </summary>
public sealed class TorchCheckpoint : IWeightFile
{
    /// <summary>Entries that are looked at: what a file of a few megabytes could otherwise pretend to hold.</summary>
    private const int MostEntries = 1_000_000;
    private const int DeepestNesting = 100;

    /// <summary>The pickled number that files of the older format begin with.</summary>
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private readonly string _path;
    private readonly FileStream _stream;
    private readonly ZipArchive? _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _storageEntries = [];
    private readonly Dictionary<string, long> _storagePlaces = [];
    private readonly OrderedDictionary<string, StoredTensor> _tensors = [];
    private readonly OrderedDictionary<string, object?> _values = [];
    private readonly OrderedDictionary<string, WeightEntry> _entries = [];
    private int _seen;

    private TorchCheckpoint(string path)
    {
        _path = path;
        try
        {
            _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Expected a PyTorch checkpoint.", exception);
        }

        try
        {
            Span<byte> start_2 = stackalloc byte[2];
            int read = _stream.ReadAtLeast(start_2, 2, throwOnEndOfStream: false);
            _stream.Position = 0;
            if (read == 2 && start_2.SequenceEqual("PK"u8))
            {
                _archive = new ZipArchive(_stream, ZipArchiveMode.Read);
                Flatten("", OpenZip(_archive), 0);
                CheckStorages(tensor => _storageEntries.TryGetValue(tensor.Storage, out ZipArchiveEntry? entry) ? entry.Length : null);
            }
            else
            {
                OpenLegacy();
            }
        }
        catch (Exception exception)
        {
            Dispose();
            if (exception is InvalidDataException or EndOfStreamException)
            {
                throw Damaged(exception);
            }

            throw;
        }
    }

    /// <summary>
    /// Descriptions of all tensors, in the file's order, by their place: keys and list positions joined by dots
    /// (<c>state_dict.model.diffusion_model.time_embed.0.weight</c>, <c>3</c>).
    /// </summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>
    /// Everything else by its place: null, <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>, <see cref="double"/>,
    /// <see cref="string"/>, or <c>byte[]</c>.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Values => _values;

    public string Source => _path;

    /// <inheritdoc cref="Tensors"/>
    public IReadOnlyDictionary<string, WeightEntry> Entries => _entries;

    /// <summary><see cref="Values"/> as text.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _values.ToDictionary(item => item.Key, item => Convert.ToString(item.Value, CultureInfo.InvariantCulture) ?? "");

    /// <summary>Opens a checkpoint and checks all descriptions against the file.</summary>
    /// <exception cref="InputException">The file cannot be read, is damaged, or holds something other than tensors and plain values.</exception>
    public static TorchCheckpoint Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new TorchCheckpoint(path);
    }

    public Tensor Read(string name)
    {
        using var scope = NewDisposeScope();
        StoredTensor tensor = _tensors[name];
        return View(tensor, ReadStorage(tensor)).clone().contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Reads all tensors, on the CPU, with the strides of the file; tensors that share a storage share memory. The caller owns them.</summary>
    public Dictionary<string, Tensor> ReadAll()
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> storages = [];
        Dictionary<string, Tensor> tensors = [];
        foreach ((string name, StoredTensor tensor) in _tensors)
        {
            if (!storages.TryGetValue(tensor.Storage, out Tensor? storage))
            {
                storages.Add(tensor.Storage, storage = ReadStorage(tensor));
            }

            tensors.Add(name, View(tensor, storage).MoveToOuterDisposeScope());
        }

        return tensors;
    }

    public void Dispose()
    {
        _archive?.Dispose();
        _stream.Dispose();
    }

    private static Tensor View(StoredTensor tensor, Tensor storage) => storage.as_strided([.. tensor.Shape], [.. tensor.Strides], tensor.Offset);

    /// <summary>Finds the parts of a zip file: <c>NAME/data.pkl</c>, and a file <c>NAME/data/KEY</c> for each storage.</summary>
    private object? OpenZip(ZipArchive archive)
    {
        ZipArchiveEntry[] pickles = [.. archive.Entries.Where(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))];
        if (pickles is not [ZipArchiveEntry pickle])
        {
            throw Broken(string.Create(CultureInfo.InvariantCulture, $"it is a zip archive with {pickles.Length} files data.pkl, expected one"));
        }

        string folder = pickle.FullName[..^"data.pkl".Length];
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            // torch.save never compresses; a few bytes that unfold into gigabytes are an attack.
            if (entry.CompressedLength != entry.Length || entry.Length > _stream.Length)
            {
                throw Broken($"its part '{entry.FullName}' is compressed");
            }

            string storages = folder + "data/";
            if (entry.FullName.StartsWith(storages, StringComparison.Ordinal) && !_storageEntries.TryAdd(entry.FullName[storages.Length..], entry))
            {
                throw Broken($"its part '{entry.FullName}' stands twice");
            }

            if (entry.FullName == folder + "byteorder" && System.Text.Encoding.ASCII.GetString(Bytes(entry)) != "little")
            {
                throw Broken("its values are not in little-endian order");
            }
        }

        using MemoryStream stream = new(Bytes(pickle));
        return new RestrictedUnpickler(stream, _path).Read();
    }

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        byte[] bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The older format: magic number, protocol, facts about the machine, content, names of the storages (five pickles), then the storages.</summary>
    private void OpenLegacy()
    {
        if (_stream.Length < 2 || _stream.ReadByte() != 0x80)
        {
            throw Broken("it begins neither as a zip archive nor as a pickle");
        }

        _stream.Position = 0;
        RestrictedUnpickler pickles = new(_stream, _path);
        if (pickles.Read() is not BigInteger magic || magic != LegacyMagic)
        {
            throw Broken("it is a pickle, but not one that torch.save wrote");
        }

        if (pickles.Read() is not 1001L)
        {
            throw Broken("its version of the older format is not 1001");
        }

        if (pickles.Read() is not PickledDictionary machine || !machine.TryGetValue("little_endian", out object? little) || little is not true)
        {
            throw Broken("its values are not in little-endian order");
        }

        Flatten("", pickles.Read(), 0);
        if (pickles.Read() is not List<object?> names)
        {
            throw Broken("it does not list its storages");
        }

        Dictionary<string, ScalarType> types = _tensors.Values.DistinctBy(tensor => tensor.Storage).ToDictionary(tensor => tensor.Storage, tensor => tensor.Type);
        Dictionary<string, long> lengths = [];
        Span<byte> count_8 = stackalloc byte[8];
        foreach (object? item in names)
        {
            if (item is not string name || !types.TryGetValue(name, out ScalarType type) || _stream.ReadAtLeast(count_8, 8, throwOnEndOfStream: false) < 8)
            {
                throw Broken("its storages are not those of its tensors, or the file ends too early");
            }

            Int128 bytes = (Int128)BinaryPrimitives.ReadInt64LittleEndian(count_8) * SafetensorsType.Of(type, name).Size;
            if (bytes < 0 || bytes > _stream.Length - _stream.Position)
            {
                throw Broken($"storage '{name}' is longer than the rest of the file");
            }

            _storagePlaces[name] = _stream.Position;
            lengths[name] = (long)bytes;
            _stream.Position += (long)bytes;
        }

        CheckStorages(tensor => lengths.TryGetValue(tensor.Storage, out long bytes) ? bytes : null);
    }

    /// <summary>Every storage must be there, with the length that the tensors claim, and of one type.</summary>
    private void CheckStorages(Func<StoredTensor, long?> lengthOf)
    {
        foreach (IGrouping<string, StoredTensor> sharing in _tensors.Values.GroupBy(tensor => tensor.Storage))
        {
            StoredTensor first = sharing.First();
            if (sharing.Any(tensor => tensor.Type != first.Type || tensor.StorageElements != first.StorageElements))
            {
                throw Broken($"storage '{sharing.Key}' has different types or lengths");
            }

            long bytes = lengthOf(first) ?? throw Broken($"storage '{sharing.Key}' is missing");
            int size = SafetensorsType.Of(first.Type, sharing.Key).Size;
            if ((Int128)first.StorageElements * size != bytes)
            {
                throw Broken(string.Create(CultureInfo.InvariantCulture, $"storage '{sharing.Key}' has {bytes} bytes, expected {first.StorageElements} values of {size}"));
            }
        }
    }

    private void Flatten(string name, object? value, int depth)
    {
        if (++_seen > MostEntries || depth > DeepestNesting)
        {
            throw Broken(string.Create(CultureInfo.InvariantCulture, $"it has more than {MostEntries} entries or more than {DeepestNesting} levels, or contains itself"));
        }

        IEnumerable<KeyValuePair<string, object?>>? parts = value switch
        {
            PickledDictionary dictionary => dictionary,
            List<object?> or object?[] => ((IEnumerable<object?>)value).Select((item, i) => KeyValuePair.Create(i.ToString(CultureInfo.InvariantCulture), item)),
            _ => null,
        };
        if (parts is not null)
        {
            foreach ((string key, object? part) in parts)
            {
                Flatten(name.Length == 0 ? key : $"{name}.{key}", part, depth + 1);
            }
        }
        else if (value is StoredTensor tensor)
        {
            if (!_tensors.TryAdd(name, tensor))
            {
                throw Broken($"entry '{name}' stands twice");
            }

            _entries.Add(name, new WeightEntry(SafetensorsType.Of(tensor.Type, name).Name, tensor.Type, tensor.Shape));
        }
        else if (!_values.TryAdd(name, value))
        {
            throw Broken($"entry '{name}' stands twice");
        }
    }

    private Tensor ReadStorage(StoredTensor tensor)
    {
        Tensor storage = empty([tensor.StorageElements], dtype: tensor.Type, device: CPU);
        try
        {
            if (_archive is not null)
            {
                using Stream stream = _storageEntries[tensor.Storage].Open();
                TensorBytes.Read(stream, storage);
            }
            else
            {
                _stream.Position = _storagePlaces[tensor.Storage];
                TensorBytes.Read(_stream, storage);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(exception);
        }

        return storage;
    }

    private InputException Damaged(Exception exception) =>
        new($"{_path}: not a checkpoint that can be read: its archive is damaged ({exception.Message}). Download or export it again.", exception);

    private InputException Broken(string what) => new($"{_path}: not a checkpoint that can be read: {what}. Download or export it again.");
}
