using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>A type of values in safetensors files.</summary>
/// <param name="Name">The format's name.</param>
/// <param name="Type">Type of the tensor that is read.</param>
/// <param name="Size">Bytes of a value in the file.</param>
internal sealed record SafetensorsType(string Name, ScalarType Type, int Size)
{
    private const string E4M3 = "F8_E4M3";
    private const string E5M2 = "F8_E5M2";

    public static IReadOnlyList<SafetensorsType> All { get; } =
    [
        new("F64", ScalarType.Float64, 8),
        new("F32", ScalarType.Float32, 4),
        new("F16", ScalarType.Float16, 2),
        new("BF16", ScalarType.BFloat16, 2),
        new("I64", ScalarType.Int64, 8),
        new("I32", ScalarType.Int32, 4),
        new("I16", ScalarType.Int16, 2),
        new("I8", ScalarType.Int8, 1),
        new("U8", ScalarType.Byte, 1),
        new("BOOL", ScalarType.Bool, 1),
        new(E4M3, ScalarType.Float16, 1),
        new(E5M2, ScalarType.Float16, 1),
    ];

    // TorchSharp has no 8-bit floats, but every one of them is a 16-bit float.
    private static readonly float[] OfE4M3 = [.. Enumerable.Range(0, 256).Select(code => FromE4M3((byte)code))];
    private static readonly float[] OfE5M2 = [.. Enumerable.Range(0, 256).Select(code => (float)BitConverter.Int16BitsToHalf((short)(code << 8)))];

    public bool IsEightBitFloat => Name is E4M3 or E5M2;

    /// <summary>The type that a tensor is written with.</summary>
    /// <exception cref="NotSupportedException">The format has none.</exception>
    public static SafetensorsType Of(ScalarType type, string tensor) =>
        All.FirstOrDefault(known => known.Type == type) ?? throw new NotSupportedException($"Tensor '{tensor}' has type {type}, which safetensors cannot hold.");

    /// <summary>8-bit floats as 16-bit ones.</summary>
    /// <param name="codes_N">The bytes of the file.</param>
    public Tensor ToHalf(Tensor codes_N)
    {
        using Tensor table_K = torch.tensor(Name == E4M3 ? OfE4M3 : OfE5M2, ScalarType.Float16);
        using Tensor places_N = codes_N.to(ScalarType.Int64);
        return table_K.index_select(0, places_N);
    }

    /// <summary>One sign, four exponent (bias 7) and three mantissa bits; no infinity, all ones is NaN (Micikevicius et al. 2022, arXiv 2209.05433).</summary>
    private static float FromE4M3(byte code)
    {
        int exponent = (code >> 3) & 0xf;
        int mantissa = code & 0x7;
        float magnitude = (exponent, mantissa) switch
        {
            (0xf, 0x7) => float.NaN,
            (0, _) => MathF.ScaleB(mantissa, -9),
            _ => MathF.ScaleB(8 + mantissa, exponent - 10),
        };
        return (code & 0x80) != 0 ? -magnitude : magnitude;
    }
}
