using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Marks one entry of an ELF file's table of needed symbol versions (.gnu.version_r) as weak. Why: WeakenElfVersion.targets.
/// Offsets are those of the 64-bit little-endian ELF layout (Elf64_Ehdr, Elf64_Shdr, Elfxx_Verneed, Elfxx_Vernaux).
/// </summary>
public class WeakenElfVersion : Task
{
    private const uint GnuVersionNeeds = 0x6ffffffe;
    private const int VersionFlagWeak = 0x2;

    [Required]
    public string File { get; set; }

    [Required]
    public string Version { get; set; }

    public override bool Execute()
    {
        byte[] elf = System.IO.File.ReadAllBytes(File);
        bool is64BitLittleEndian = elf.Length > 64 && elf[0] == 0x7f && elf[1] == 'E' && elf[2] == 'L' && elf[3] == 'F' && elf[4] == 2 && elf[5] == 1;
        if (!is64BitLittleEndian)
        {
            Log.LogError(File + " is not a 64-bit little-endian ELF file.");
            return false;
        }

        int weakened = 0;
        long sectionHeaders = (long)BitConverter.ToUInt64(elf, 40);
        int headerSize = BitConverter.ToUInt16(elf, 58);
        int headerCount = BitConverter.ToUInt16(elf, 60);
        for (int section = 0; section < headerCount; section++)
        {
            int header = (int)(sectionHeaders + (section * headerSize));
            if (BitConverter.ToUInt32(elf, header + 4) == GnuVersionNeeds)
            {
                int stringTableHeader = (int)(sectionHeaders + (BitConverter.ToUInt32(elf, header + 40) * headerSize));
                weakened += WeakenIn(elf, (int)BitConverter.ToUInt64(elf, header + 24), (int)BitConverter.ToUInt64(elf, stringTableHeader + 24));
            }
        }

        if (weakened > 0)
        {
            // Temporary file and rename: an interrupted build must not leave half a library. The old time stamp keeps incremental builds quiet.
            DateTime lastWrite = System.IO.File.GetLastWriteTimeUtc(File);
            string temporary = File + ".weakened";
            System.IO.File.WriteAllBytes(temporary, elf);
            System.IO.File.SetLastWriteTimeUtc(temporary, lastWrite);
            System.IO.File.Delete(File);
            System.IO.File.Move(temporary, File);
            Log.LogMessage(MessageImportance.Normal, "Marked the need for " + Version + " weak in " + File);
        }

        return true;
    }

    private int WeakenIn(byte[] elf, int need, int strings)
    {
        int weakened = 0;
        while (true)
        {
            int entryCount = BitConverter.ToUInt16(elf, need + 2);
            int entry = need + (int)BitConverter.ToUInt32(elf, need + 8);
            for (int i = 0; i < entryCount; i++)
            {
                int name = strings + (int)BitConverter.ToUInt32(elf, entry + 8);
                int end = Array.IndexOf(elf, (byte)0, name);
                bool isWanted = Encoding.ASCII.GetString(elf, name, end - name) == Version;
                if (isWanted && (elf[entry + 4] & VersionFlagWeak) == 0)
                {
                    elf[entry + 4] |= VersionFlagWeak;
                    weakened++;
                }

                entry += (int)BitConverter.ToUInt32(elf, entry + 12);
            }

            int next = (int)BitConverter.ToUInt32(elf, need + 12);
            if (next == 0)
            {
                return weakened;
            }

            need += next;
        }
    }
}
