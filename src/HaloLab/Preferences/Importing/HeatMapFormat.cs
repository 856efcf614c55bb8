using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;
using StbImageSharp;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// Human heat maps as RichHF-18K publishes them (Liang et al. 2024, arXiv 2312.10240; google-research-datasets/richhf-18k): a TFRecord file of
/// <c>tf.train.Example</c> with <c>filename</c>, four scores from 0 to 1 (<c>aesthetics_score</c>, <c>artifact_score</c>, <c>misalignment_score</c>,
/// <c>overall_score</c>, higher is better) and two grey pictures, <c>artifact_map</c> and <c>misalignment_map</c>.
/// </summary>
/// <remarks>
/// A map becomes one label per cell of a grid: the mean of its pixels over the cell, by overlap, from 0 (no heat, best) to 255 (worst). Cells are
/// equal parts of the picture. The labels of words (<c>prompt_misalignment_label</c>) are not read: they belong to no place in the picture.
/// </remarks>
/// <param name="grid">The cells; one picture has one step of time.</param>
public sealed class HeatMapFormat(PatchGrid grid) : ILabelFormat
{
    private const string Source = "richhf";

    /// <summary>A record longer than this is taken for damage.</summary>
    private const long LongestRecord = 1L << 28;

    private static readonly string[] Scores = ["aesthetics_score", "artifact_score", "misalignment_score", "overall_score"];
    private static readonly string[] Maps = ["artifact_map", "misalignment_map"];
    private static readonly RatingScale ScoreScale = new(0, 1, isWhole: false);
    private static readonly RatingScale HeatScale = new(255, 0, isWhole: false);

    /// <summary>The cells that are used where nothing else is asked for.</summary>
    public static PatchGrid DefaultGrid { get; } = new(1, 8, 8);

    /// <inheritdoc/>
    public string Name => Source;

    /// <inheritdoc/>
    public string Description => "RichHF-18K: a .tfrecord with scores and heat maps of pictures";

    /// <inheritdoc/>
    public bool Recognises(string path) => File.Exists(path) && Path.GetExtension(path).Equals(".tfrecord", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IEnumerable<ImportedRow> Read(string path, ClipNames clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        if (grid.Time != 1)
        {
            throw new InputException($"Grid {grid}: heat maps are of one picture. Expected 1 step of time, for example {DefaultGrid}.");
        }

        Recording recording = Recording.From(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        using FileStream stream = Utf8Text.Open(path);
        for (long number = 1; ReadRecord(stream, path, number) is { } record; number++)
        {
            RowFields row = new(path, number, _ => null);
            yield return ImportedRow.Of(row, () => Labels(row, Example(row, record), folder, clips, recording));
        }
    }

    private List<StoredLabel> Labels(RowFields row, Dictionary<string, object> example, string folder, ClipNames clips, Recording recording)
    {
        string file = System.Text.Encoding.UTF8.GetString(Bytes(row, example, "filename"));
        Label common = new() { Clip = clips.Of(Source, folder, file, null), Dimension = "", Annotator = "RichHF-18K raters", AnnotatorKind = AnnotatorKind.Human };
        List<StoredLabel> labels = [];
        foreach (string score in Scores)
        {
            double value = example.GetValueOrDefault(score) is float number ? number : throw row.Error(score, "is missing", "a number from 0 to 1");
            labels.Add(recording.Of(common with { Dimension = score, Value = value, Scale = ScoreScale }));
        }

        foreach (string map in Maps)
        {
            double[] heat = Pool(Picture(row, map, Bytes(row, example, map)));
            labels.AddRange(heat.Select((value, cell) => recording.Of(common with { Dimension = map, Value = value, Scale = HeatScale, Grid = grid, Cell = cell })));
        }

        return labels;
    }

    private double[] Pool(ImageResult picture)
    {
        double[,] rows = AxisWeights.Overlap(LatticeEdges.UniformAxis(picture.Height), LatticeEdges.UniformAxis(grid.Height));
        double[,] columns = AxisWeights.Overlap(LatticeEdges.UniformAxis(picture.Width), LatticeEdges.UniformAxis(grid.Width));
        double[] heat = new double[grid.Count];
        for (int y = 0; y < picture.Height; y++)
        {
            for (int w = 0; w < grid.Width; w++)
            {
                double sum = 0;
                for (int x = 0; x < picture.Width; x++)
                {
                    sum += columns[w, x] * picture.Data[(y * picture.Width) + x];
                }

                for (int h = 0; h < grid.Height; h++)
                {
                    heat[grid.Index(0, h, w)] += rows[h, y] * sum;
                }
            }
        }

        // Weights that sum to 1 only to the last digit must not carry a full map off its scale.
        return Array.ConvertAll(heat, value => Math.Clamp(value, 0, 255));
    }

    private static ImageResult Picture(RowFields row, string field, byte[] bytes)
    {
        try
        {
            return ImageResult.FromMemory(bytes, ColorComponents.Grey);
        }
        catch (Exception exception) when (exception is InvalidOperationException or IndexOutOfRangeException or ArgumentException or OverflowException or EndOfStreamException or NullReferenceException)
        {
            // The library has no one exception for a damaged picture.
            throw row.Error(field, $"is no picture ({exception.Message})", "a PNG or JPEG");
        }
    }

    private static byte[] Bytes(RowFields row, Dictionary<string, object> example, string field) =>
        example.GetValueOrDefault(field) as byte[] ?? throw row.Error(field, "is missing", "bytes");

    /// <summary>The first value of each feature: <c>byte[]</c> or <c>float</c>; whole numbers are not needed.</summary>
    private static Dictionary<string, object> Example(RowFields row, byte[] record)
    {
        Dictionary<string, object> features = new(StringComparer.Ordinal);
        try
        {
            // Example { Features features = 1 }, Features { map<string, Feature> feature = 1 }: an entry is { key = 1, value = 2 }.
            foreach (byte[] list in Parts(record, 1))
            {
                foreach (byte[] entry in Parts(list, 1))
                {
                    string name = System.Text.Encoding.UTF8.GetString(Parts(entry, 1).First());
                    byte[] feature = Parts(entry, 2).FirstOrDefault() ?? [];

                    // Feature { BytesList = 1, FloatList = 2, Int64List = 3 }, each with its values as field 1; floats are packed or not.
                    if (Parts(feature, 1).FirstOrDefault() is { } bytes && Parts(bytes, 1).FirstOrDefault() is { } value)
                    {
                        features[name] = value;
                    }
                    else if (Parts(feature, 2).FirstOrDefault() is { Length: >= 4 } floats)
                    {
                        features[name] = BinaryPrimitives.ReadSingleLittleEndian(Parts(floats, 1).FirstOrDefault() is { Length: >= 4 } packed ? packed : floats.AsSpan(1));
                    }
                }
            }
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidOperationException or ArgumentException)
        {
            throw row.Error("the record", $"cannot be read ({exception.Message})", "a tf.train.Example");
        }

        return features;
    }

    /// <summary>All length-delimited values of a field in a message; other fields and types are passed over.</summary>
    private static IEnumerable<byte[]> Parts(byte[] message, int field)
    {
        using CodedInputStream input = new(message);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited))
            {
                yield return input.ReadBytes().ToByteArray();
            }
            else
            {
                input.SkipLastField();
            }
        }
    }

    /// <summary>One record of a TFRecord file: length, its checksum, data, their checksum. Null at the end of the file.</summary>
    private static byte[]? ReadRecord(FileStream stream, string path, long row)
    {
        byte[] header = new byte[12];
        int read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read == 0)
        {
            return null;
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (read < header.Length || length > LongestRecord || BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)) != TfRecord.Checksum(header.AsSpan(0, 8)))
        {
            throw Broken(path, row);
        }

        byte[] data = new byte[length + 4];
        return stream.ReadAtLeast(data, data.Length, throwOnEndOfStream: false) == data.Length && BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan((int)length)) == TfRecord.Checksum(data.AsSpan(0, (int)length))
            ? data[..(int)length]
            : throw Broken(path, row);
    }

    private static InputException Broken(string path, long row) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: row {row} cannot be read: it is cut off or its checksum is wrong. Expected a TFRecord file; fetch it again (a small file may be a Git LFS pointer)."));
}
