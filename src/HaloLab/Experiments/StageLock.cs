namespace HaloLab.Experiments;

/// <summary>
/// Keeps other processes from computing a stage, by a file <c>NAME-KEY.lock</c> that is open. The system lets go of it when this process is killed.
/// The file is deleted only when the stage is finished: whoever gets hold of a deleted file finds the stage finished and computes nothing.
/// </summary>
internal sealed class StageLock : IDisposable
{
    // What Linux calls EWOULDBLOCK; the runtime hands its numbers on as they are.
    private const int HeldByAnother = 11;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly string _finished;
    private readonly FileStream _file;

    private StageLock(string finished, FileStream file) => (_finished, _file) = (finished, file);

    /// <summary>Takes the lock of a stage, once whoever has it lets go.</summary>
    /// <param name="finished">Folder of the stage when it is finished.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InputException">The file cannot be made.</exception>
    public static StageLock Take(string finished, CancellationToken cancellation)
    {
        string path = finished + ".lock";
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new StageLock(finished, new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
            }
            catch (IOException exception) when (exception.HResult == HeldByAnother)
            {
                cancellation.WaitHandle.WaitOne(Interval);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new InputException($"{path}: cannot be made ({exception.Message}). Give --out a folder that you may write to.", exception);
            }
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(_finished))
        {
            File.Delete(_file.Name);
        }

        _file.Dispose();
    }
}
