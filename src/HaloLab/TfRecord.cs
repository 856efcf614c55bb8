using System.Buffers.Binary;
using System.Numerics;

namespace HaloLab;

/// <summary>Records of TFRecord files: length, its checksum, the bytes, their checksum; all numbers little-endian.</summary>
internal static class TfRecord
{
    /// <summary>Writes one record.</summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> data)
    {
        Span<byte> header = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(header, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Checksum(header[..8]));
        stream.Write(header);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(header, Checksum(data));
        stream.Write(header[..4]);
    }

    /// <summary>CRC-32C, rotated and offset as TFRecord masks it.</summary>
    public static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}
