using static TorchSharp.torch;

namespace HaloLab;

/// <summary>
/// The one place that says where and with how many threads tensors are computed. Set once, before the first tensor: sums are split by the
/// number of threads, so it belongs to what a run records (DESIGN D6).
/// </summary>
public static class Compute
{
    private const string Single = "float32";
    private const string Half = "bfloat16";

    /// <summary>Where models and their inputs live; the CPU unless <see cref="Use"/> said otherwise.</summary>
    public static Device Device { get; private set; } = CPU;

    /// <summary>Number of threads of torch's CPU kernels.</summary>
    public static int Threads => get_num_threads();

    /// <summary>What the large weights of published models are held and multiplied in, float32 (default) or bfloat16; norms, time embeddings, heads and losses are float32 either way.</summary>
    public static ScalarType Precision { get; private set; } = ScalarType.Float32;

    /// <summary>Name of <see cref="Precision"/> in options and records.</summary>
    public static string PrecisionName => Precision == ScalarType.BFloat16 ? Half : Single;

    /// <summary>Bytes of a value in <see cref="Precision"/>.</summary>
    public static long BytesPerWeight => Precision == ScalarType.BFloat16 ? 2 : 4;

    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads of the CPU kernels, at least 1.</param>
    /// <param name="precision"><c>float32</c> or <c>bfloat16</c>.</param>
    /// <exception cref="InputException">The device is unknown or not there, or there is no such precision.</exception>
    public static void Use(string device, int threads, string precision = Single)
    {
        ArgumentException.ThrowIfNullOrEmpty(device);
        if (threads < 1)
        {
            throw new InputException($"--threads {threads}: expected at least 1.");
        }

        Device = Parse(device);
        Precision = precision switch
        {
            Single => ScalarType.Float32,
            Half => ScalarType.BFloat16,
            _ => throw new InputException($"--precision {precision}: expected {Single} or {Half}."),
        };
        if (get_num_threads() != threads)
        {
            set_num_threads(threads);
        }
    }

    private static Device Parse(string text)
    {
        string[] parts = text.Split(':');
        bool isCuda = parts[0] == "cuda" && (parts.Length == 1 || (parts.Length == 2 && int.TryParse(parts[1], out int index) && index >= 0));
        if (text == "cpu")
        {
            return CPU;
        }

        if (!isCuda)
        {
            throw new InputException($"--device {text}: expected cpu, cuda or cuda:N.");
        }

        if (!cuda.is_available())
        {
            throw new InputException($"--device {text}: no CUDA device can be used. Build with -p:HaloLabDevice=cuda on a machine with an NVIDIA driver, or give --device cpu.");
        }

        // Float32 means float32: TF32 keeps 10 bits of the mantissa, and convolutions use it unless told otherwise.
        backends.cuda.matmul.allow_tf32 = false;
        backends.cudnn.allow_tf32 = false;

        return device(text);
    }
}
