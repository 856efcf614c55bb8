using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Models;
using HaloLab.Models.Wan;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>
/// Loading a Wan2.1 transformer from several safetensors files against reading the same files into one buffer, all in the file cache: once with model and buffer there already, once with
/// both made for it. Beside it, the memory that loading takes.
/// </summary>
internal static class Loading
{
    private const string Part = "transformer";

    // Eight tenths of the speed of reading.
    private const double Limit = 1 / 0.8;
    private const double MemoryLimit = 1.1;
    private const double GiB = 1L << 30;

    /// <param name="rounds">Rounds that count.</param>
    /// <param name="size">GiB of weights, rounded up to whole layers of the 1.3B model.</param>
    public static bool Run(int rounds, double size)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-loading").FullName;
        try
        {
            WanConfig config = new() { NumLayers = Layers(size * GiB) };
            Write(folder, config);
            string[] files = Directory.GetFiles(Path.Combine(folder, Part), "*.safetensors");
            long bytes = files.Sum(file => new FileInfo(file).Length);
            Console.WriteLine(FormattableString.Invariant($"{files.Length} files, {bytes / GiB:f2} GiB, {config.NumLayers} layers"));
            DiffusersFolder model = DiffusersFolder.Open(folder);
            bool isSmall = Memory(model, config, bytes);
            using WanTransformer loaded = Load(model, config);
            using Tensor buffer_N = empty([bytes], dtype: ScalarType.Byte);
            bool isFast = Paired.Compare("loading into a model that is there / reading into a buffer that is there", Limit, rounds, () => model.Fill(Part, loaded), () => Read(files, buffer_N));

            // Fresh pages cost what the system takes for them, a virtual machine's a multiple when its host has taken them back: the same on both sides.
            isFast &= Paired.Compare("loading into a new model / reading into a new buffer", Limit, rounds, () => Load(model, config).Dispose(), () => ReadIntoNew(files, bytes));
            return isFast & isSmall;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static WanTransformer Load(DiffusersFolder model, WanConfig config) => model.Fill(Part, new WanTransformer(config));

    private static bool Memory(DiffusersFolder model, WanConfig config, long bytes)
    {
        // What every start of the libraries needs is there after the first layer.
        using (new WanTransformer(config with { NumLayers = 1 }))
        {
        }

        (long resident, long anonymous) = (ProcessMemory.Resident, ProcessMemory.Anonymous);
        ProcessMemory.ForgetPeak();
        using WanTransformer loaded = Load(model, config);
        double peak = (ProcessMemory.Peak - resident) / (double)bytes;
        double held = (ProcessMemory.Anonymous - anonymous) / (double)bytes;
        bool isKept = peak <= MemoryLimit;
        Console.WriteLine(FormattableString.Invariant($"memory: {peak:f3} times the weights at the peak, {held:f3} times anonymous afterwards; limit {MemoryLimit}: {(isKept ? "kept" : "EXCEEDED")}"));
        return isKept;
    }

    private static void ReadIntoNew(string[] files, long bytes)
    {
        using Tensor buffer_N = empty([bytes], dtype: ScalarType.Byte);
        Read(files, buffer_N);
    }

    private static void Read(string[] files, Tensor buffer_N)
    {
        long place = 0;
        foreach (string file in files)
        {
            using SafeFileHandle handle = File.OpenHandle(file);
            long length = RandomAccess.GetLength(handle);
            using Tensor part_N = buffer_N.narrow(0, place, length);
            Span<byte> bytes = part_N.bytes;
            for (int done = 0; done < bytes.Length;)
            {
                int read = RandomAccess.Read(handle, bytes[done..], done);
                done += read > 0 ? read : throw new EndOfStreamException(file);
            }

            place += length;
        }
    }

    private static int Layers(double bytes)
    {
        long Bytes(int layers)
        {
            using WanTransformer model = new(new WanConfig { NumLayers = layers });
            return sizeof(float) * model.parameters().Sum(parameter => parameter.NumberOfElements);
        }

        long one = Bytes(1);
        return 1 + Math.Max(0, (int)Math.Ceiling((bytes - one) / (Bytes(2) - one)));
    }

    /// <summary>Random weights in diffusers' layout, in files of about 1 GiB.</summary>
    private static void Write(string folder, WanConfig config)
    {
        using WanTransformer model = new(config);
        Dictionary<string, Tensor> state = StateLoader.StateOf(model);
        double bytes = state.Values.Sum(tensor => sizeof(float) * tensor.NumberOfElements);
        int count = (int)Math.Ceiling(bytes / GiB);
        JsonObject map = [];
        double before = 0;
        foreach (IGrouping<int, string> file in state.Keys.GroupBy(key => FileOf(state[key])).ToArray())
        {
            string name = FormattableString.Invariant($"diffusion_pytorch_model-{file.Key + 1:00000}-of-{count:00000}.safetensors");
            Safetensors.Save(Path.Combine(folder, Part, name), [.. file.Select(key => (key, ScalarType.Float32, (IReadOnlyList<long>)state[key].shape))], key => rand(state[key].shape));
            foreach (string key in file)
            {
                map[key] = name;
            }
        }

        File.WriteAllText(Path.Combine(folder, Part, "diffusion_pytorch_model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "model_index.json"), new JsonObject { ["_class_name"] = "WanPipeline" }.ToJsonString());

        int FileOf(Tensor tensor)
        {
            int place = (int)(before / bytes * count);
            before += sizeof(float) * tensor.NumberOfElements;
            return place;
        }
    }
}
