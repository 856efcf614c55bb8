namespace HaloLab;

/// <summary>Writes whole files or nothing: a temporary file beside the target, flushed to the disk, then renamed over it.</summary>
public static class AtomicFile
{
    /// <summary>Writes <paramref name="path"/> by <paramref name="write"/>; whatever goes wrong, the old file stays as it was.</summary>
    /// <exception cref="InputException">The folder cannot be made or written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string fullPath = Path.GetFullPath(path);
        string temporaryPath = $"{fullPath}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(fullPath)!);
            using FileStream stream = new(temporaryPath, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
            write(stream);
            stream.Flush(flushToDisk: true);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            DeleteIfPossible(temporaryPath);
            throw new InputException($"{path}: cannot be written ({exception.Message}). Give a folder that you may write to, with room on its disk.", exception);
        }
        catch
        {
            DeleteIfPossible(temporaryPath);
            throw;
        }

        File.Move(temporaryPath, fullPath, overwrite: true);
    }

    /// <summary>Writes UTF-8 text without a byte-order mark.</summary>
    public static void WriteAllText(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    private static void DeleteIfPossible(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            // The first error is the one to report; a stray *.tmp is never read.
        }
    }
}
