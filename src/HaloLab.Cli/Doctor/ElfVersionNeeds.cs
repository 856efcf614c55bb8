using System.Buffers.Binary;
using System.Text;

namespace HaloLab.Cli.Doctor;

/// <summary>Reads which symbol versions a 64-bit little-endian ELF library cannot be loaded without (.gnu.version_r, weak entries left out).</summary>
internal static class ElfVersionNeeds
{
    private const uint GnuVersionNeeds = 0x6ffffffe;
    private const int VersionFlagWeak = 0x2;

    /// <summary>For example <c>GLIBCXX_3.4.30</c>, in no order.</summary>
    public static IReadOnlyList<string> Read(string path)
    {
        byte[] elf = File.ReadAllBytes(path);
        int U16(long at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan((int)at));
        uint U32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(elf.AsSpan((int)at));
        long U64(long at) => BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan((int)at));

        List<string> versions = [];
        long headers = U64(40);
        int headerSize = U16(58);
        for (int section = 0; section < U16(60); section++)
        {
            long header = headers + (section * headerSize);
            if (U32(header + 4) != GnuVersionNeeds)
            {
                continue;
            }

            long strings = U64(headers + (U32(header + 40) * headerSize) + 24);
            long need = U64(header + 24);
            for (uint next = 1; next != 0; need += next)
            {
                long entry = need + U32(need + 8);
                for (int i = 0; i < U16(need + 2); i++)
                {
                    if ((U16(entry + 4) & VersionFlagWeak) == 0)
                    {
                        int name = (int)(strings + U32(entry + 8));
                        versions.Add(Encoding.ASCII.GetString(elf, name, Array.IndexOf(elf, (byte)0, name) - name));
                    }

                    entry += U32(entry + 12);
                }

                next = U32(need + 12);
            }
        }

        return versions;
    }
}
