using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace HaloLab.Preferences.Importing;

/// <summary>Text files are UTF-8. A file in another encoding would be read as something that nobody wrote, so it is refused by line.</summary>
internal static class Utf8Text
{
    /// <exception cref="InputException">The file cannot be read or is not UTF-8; the message names the line.</exception>
    public static void Require(string path)
    {
        byte[] buffer = new byte[1 << 16];
        int kept = 0;
        long line = 1;
        using FileStream stream = Open(path);
        while (true)
        {
            int read = stream.ReadAtLeast(buffer.AsSpan(kept), 1, throwOnEndOfStream: false);
            ReadOnlySpan<byte> bytes = buffer.AsSpan(0, kept + read);
            int whole = read == 0 ? bytes.Length : bytes.Length - Unfinished(bytes);
            if (!Utf8.IsValid(bytes[..whole]))
            {
                line += bytes[..FirstFault(bytes[..whole])].Count((byte)'\n');
                throw new InputException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}: line {line} is not UTF-8{(line == 1 && bytes is [0xff, 0xfe, ..] or [0xfe, 0xff, ..] ? " (the file seems to be UTF-16)" : "")}. Save the file as UTF-8, for example: iconv -f LATIN1 -t UTF-8 IN > OUT"));
            }

            if (read == 0)
            {
                return;
            }

            line += bytes[..whole].Count((byte)'\n');
            bytes[whole..].CopyTo(buffer);
            kept = bytes.Length - whole;
        }
    }

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Give the path of a file that you may read.", exception);
        }
    }

    /// <summary>How many bytes at the end begin a character that goes on after them.</summary>
    private static int Unfinished(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            byte lead = bytes[^back];
            if (lead >= 0xc0)
            {
                int needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
                return needed > back ? back : 0;
            }

            if (lead < 0x80)
            {
                return 0;
            }
        }

        return 0;
    }

    private static int FirstFault(ReadOnlySpan<byte> bytes)
    {
        int place = 0;
        while (place < bytes.Length && Rune.DecodeFromUtf8(bytes[place..], out _, out int consumed) == OperationStatus.Done)
        {
            place += consumed;
        }

        return place;
    }
}
