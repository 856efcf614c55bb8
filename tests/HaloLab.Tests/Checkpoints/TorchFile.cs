using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using static TorchSharp.torch;

namespace HaloLab.Tests.Checkpoints;

/// <summary>Writes float32 tensors as <c>torch.save</c> does.</summary>
internal static class TorchFile
{
    /// <summary>A list, the form of T2V-Turbo's adapter.</summary>
    public static void WriteList(string path, IReadOnlyList<Tensor> tensors) => Write(path, "]"u8, [.. tensors.Select(tensor => ((string?)null, tensor))], "e"u8);

    /// <summary>A dictionary, the form of T2V-Turbo-v2's U-Net.</summary>
    public static void WriteDictionary(string path, IReadOnlyDictionary<string, Tensor> tensors) =>
        Write(path, "}"u8, [.. tensors.Select(item => ((string?)item.Key, item.Value))], "u"u8);

    /// <summary>A dictionary in one whose only key is <c>state_dict</c>, the form of a training run's checkpoint.</summary>
    public static void WriteCheckpoint(string path, IReadOnlyDictionary<string, Tensor> tensors) =>
        Write(path, [(byte)'}', (byte)'X', 10, 0, 0, 0, .. "state_dict"u8, (byte)'}'], [.. tensors.Select(item => ((string?)item.Key, item.Value))], "us"u8);

    private static void Write(string path, ReadOnlySpan<byte> container, IReadOnlyList<(string? Name, Tensor Tensor)> tensors, ReadOnlySpan<byte> end)
    {
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        using MemoryStream pickle = new();
        pickle.Write([0x80, 2, .. container, (byte)'(']);
        foreach ((int i, (string? name, Tensor tensor)) in tensors.Index())
        {
            if (name is not null)
            {
                Text(name);
            }

            long[] shape = tensor.shape;
            long[] strides = [.. shape.Select((_, axis) => shape[(axis + 1)..].Aggregate(1L, (product, length) => product * length))];
            Global("torch._utils", "_rebuild_tensor_v2");
            pickle.Write("(("u8);
            Text("storage");
            Global("torch", "FloatStorage");
            Text(i.ToString(CultureInfo.InvariantCulture));
            Text("cpu");
            Integer(tensor.NumberOfElements);
            pickle.Write("tQ"u8);
            Integer(0);
            Tuple(shape);
            Tuple(strides);
            pickle.WriteByte(0x89);
            Global("collections", "OrderedDict");
            pickle.Write(")RtR"u8);
            Entry($"data/{i}", [.. tensor.contiguous().bytes]);
        }

        pickle.Write([.. end, (byte)'.']);
        Entry("data.pkl", pickle.ToArray());
        Entry("version", "3\n"u8.ToArray());

        void Global(string module, string name) => pickle.Write(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));

        void Text(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            pickle.WriteByte((byte)'X');
            Number(bytes.Length);
            pickle.Write(bytes);
        }

        void Integer(long value)
        {
            pickle.WriteByte((byte)'J');
            Number((int)value);
        }

        void Number(int value)
        {
            Span<byte> bytes_4 = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes_4, value);
            pickle.Write(bytes_4);
        }

        void Tuple(long[] values)
        {
            pickle.WriteByte((byte)'(');
            foreach (long value in values)
            {
                Integer(value);
            }

            pickle.WriteByte((byte)'t');
        }

        void Entry(string name, byte[] content)
        {
            using Stream stream = archive.CreateEntry("archive/" + name, CompressionLevel.NoCompression).Open();
            stream.Write(content);
        }
    }
}
