using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using HaloLab.Preferences.Importing;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Tests.Preferences.Importing;

/// <summary>Heat maps in RichHF-18K's form, written here from the specifications of TFRecord, protocol buffers and PNG.</summary>
public sealed class HeatMapFormatTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-heat").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ChecksumsAreThoseOfTheSpecification()
    {
        // RFC 3720, B.4: the CRC-32C of 32 zero bytes.
        Assert.Equal(0x8a9136aau, Crc(new byte[32]));
    }

    [Fact]
    public void MapsArePooledToTheCellsAndScoresKeepTheirScale()
    {
        // Left half 0, right half 100 above and 200 below; the other map is white.
        byte[] map = [.. Enumerable.Range(0, 6 * 4).Select(i => (byte)(i % 6 < 3 ? 0 : i / 6 < 2 ? 100 : 200))];
        string path = Write("train.tfrecord", Record(Example("train/a.png", [0.25f, 0.5f, 0.75f, 1], Png(map, 6, 4), Png([.. Enumerable.Repeat((byte)255, 9)], 3, 3))));
        Label[] labels = Import(path, new PatchGrid(1, 2, 2));
        Assert.Equal(4 + (2 * 4), labels.Length);
        Assert.Equal([("aesthetics_score", 0.25), ("artifact_score", 0.5), ("misalignment_score", 0.75), ("overall_score", 1)], labels.Take(4).Select(label => (label.Dimension, label.Value!.Value)));
        Assert.All(labels.Take(4), label => Assert.Equal((new RatingScale(0, 1, isWhole: false), null, "richhf:train/a.png", null), (label.Scale!.Value, label.Grid, label.Clip, label.Prompt)));
        Assert.Equal([0.0, 100, 0, 200], labels.Where(label => label.Dimension == "artifact_map").Select(label => label.Value!.Value), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal([0, 1, 2, 3], labels.Where(label => label.Dimension == "artifact_map").Select(label => label.Cell!.Value));
        Assert.All(labels.Where(label => label.Dimension == "misalignment_map"), label => Assert.Equal(255, label.Value!.Value, 9));
        Assert.All(labels.Skip(4), label => Assert.Equal((255.0, 0.0), (label.Scale!.Value.Worst, label.Scale.Value.Best)));

        // Cells that split pixels take their share: thirds of a row of six are two pixels each, halves of a row of three are one and a half.
        Assert.Equal([0, 50, 100, 0, 100, 200], Import(path, new PatchGrid(1, 2, 3)).Where(label => label.Dimension == "artifact_map").Select(label => label.Value!.Value), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void DamageIsNamedByRow()
    {
        byte[] good = Record(Example("a.png", [0, 0, 0, 0], Png(new byte[4], 2, 2), Png(new byte[4], 2, 2)));
        byte[] noMap = Record(Example("b.png", [0, 0, 0, 0], null, Png(new byte[4], 2, 2)));
        byte[] badMap = Record(Example("c.png", [0, 0, 0, 0], [1, 2, 3], Png(new byte[4], 2, 2)));
        byte[] badScore = Record(Example("d.png", [0, 2, 0, 0], Png(new byte[4], 2, 2), Png(new byte[4], 2, 2)));
        byte[] noExample = Record([0xff, 0xff, 0xff]);
        string path = Write("damaged.tfrecord", [.. good, .. noMap, .. badMap, .. badScore, .. noExample, .. good[..^1]]);
        ImportReport report = LabelImport.Validate(path, new HeatMapFormat(HeatMapFormat.DefaultGrid), ClipNames.ByName(), Cancellation);
        Assert.Equal(5, report.ProblemCount);
        Assert.Contains("row 2: 'artifact_map' is missing. Expected bytes", report.Problems[0], StringComparison.Ordinal);
        Assert.Contains("row 3: 'artifact_map' is no picture", report.Problems[1], StringComparison.Ordinal);
        Assert.Contains("row 4: value is 2. Expected a number from 0 (worst) to 1 (best)", report.Problems[2], StringComparison.Ordinal);
        Assert.Contains("row 5: 'the record' cannot be read", report.Problems[3], StringComparison.Ordinal);
        Assert.Contains("row 6 cannot be read: it is cut off", report.Problems[4], StringComparison.Ordinal);

        byte[] flipped = [.. good];
        flipped[40] ^= 1;
        Assert.Contains("row 1 cannot be read: it is cut off or its checksum is wrong", LabelImport.Validate(Write("flipped.tfrecord", flipped), new HeatMapFormat(HeatMapFormat.DefaultGrid), ClipNames.ByName(), Cancellation).Problems[0], StringComparison.Ordinal);
        string pointer = Write("pointer.tfrecord", Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"));
        Assert.Contains("Git LFS pointer", LabelImport.Validate(pointer, new HeatMapFormat(HeatMapFormat.DefaultGrid), ClipNames.ByName(), Cancellation).Problems[0], StringComparison.Ordinal);
        Assert.Contains("Expected 1 step of time", LabelImport.Validate(path, new HeatMapFormat(new PatchGrid(2, 4, 4)), ClipNames.ByName(), Cancellation).Problems[0], StringComparison.Ordinal);
    }

    private Label[] Import(string path, PatchGrid grid)
    {
        HeatMapFormat format = new(grid);
        Assert.True(format.Recognises(path));
        using LabelStore store = LabelStore.OpenOrCreate(Path.Combine(_folder, $"{grid}.sqlite"));
        ImportReport report = LabelImport.Validate(path, format, ClipNames.ByName(), Cancellation);
        LabelImport.Write(report, format, ClipNames.ByName(), store, cancellation: Cancellation);
        return [.. store.Read(LabelQuery.All).Select(stored => stored.Label)];
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static byte[] Example(string file, float[] scores, byte[]? artifact, byte[]? misalignment)
    {
        List<byte> features = [];
        void Add(string name, int kind, byte[] values) => features.AddRange(Field(1, [.. Field(1, Encoding.UTF8.GetBytes(name)), .. Field(2, Field(kind, values))]));
        Add("filename", 1, Field(1, Encoding.UTF8.GetBytes(file)));
        foreach ((string name, float score) in new[] { "aesthetics_score", "artifact_score", "misalignment_score", "overall_score" }.Zip(scores))
        {
            byte[] bytes = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, score);

            // One score not packed, the others packed, as both are legal.
            Add(name, 2, name == "artifact_score" ? [(1 << 3) | 5, .. bytes] : Field(1, bytes));
        }

        if (artifact is not null)
        {
            Add("artifact_map", 1, Field(1, artifact));
        }

        if (misalignment is not null)
        {
            Add("misalignment_map", 1, Field(1, misalignment));
        }

        Add("prompt_misalignment_label", 1, Field(1, "1 0 1"u8.ToArray()));
        return Field(1, [.. features]);
    }

    /// <summary>A length-delimited field of a protocol buffer.</summary>
    private static byte[] Field(int number, byte[] value)
    {
        using MemoryStream stream = new();
        using (CodedOutputStream output = new(stream, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(value));
        }

        return stream.ToArray();
    }

    private static byte[] Record(byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        return [.. length, .. Masked(length), .. data, .. Masked(data)];
    }

    private static byte[] Masked(byte[] data)
    {
        uint crc = Crc(data);
        byte[] masked = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(masked, ((crc >> 15) | (crc << 17)) + 0xa282ead8);
        return masked;
    }

    /// <summary>CRC-32C bit by bit, polynomial 0x1EDC6F41 reflected.</summary>
    private static uint Crc(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0x82f63b78);
            }
        }

        return ~crc;
    }

    /// <summary>A grey PNG of 8 bits.</summary>
    private static byte[] Png(byte[] pixels, int width, int height)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(pixels.AsSpan(y * width, width));
            }
        }

        return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, .. Chunk("IHDR", header), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        byte[] ends = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(ends, data.Length);
        uint crc = uint.MaxValue;
        foreach (byte value in body)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : 0xedb88320);
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(ends.AsSpan(4), ~crc);
        return [.. ends[..4], .. body, .. ends[4..]];
    }
}
