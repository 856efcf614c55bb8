using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace HaloLab.Scaling;

/// <summary>The few calls of Open MPI's C library (MPI 3.1) that data-parallel training needs, over all ranks (MPI_COMM_WORLD).</summary>
internal static class LibMpi
{
    private const string Library = "mpi";

    // dlfcn.h: bind at once; what the library loads itself later must find its symbols.
    private const int BindNow = 2;
    private const int Global = 0x100;

    // mpi.h of Open MPI: MPI_THREAD_SERIALIZED, MPI_IN_PLACE, MPI_STATUS_IGNORE and MPI_STATUSES_IGNORE.
    private const int OneThreadAtATime = 2;
    private const nint InPlace = 1;
    private const nint NoStatus = 0;

    private static nint _library;
    private static nint _world;
    private static nint _byte;
    private static nint _float;
    private static nint _double;
    private static nint _sum;

    /// <summary>Loads the library and joins the ranks; once in a process.</summary>
    /// <returns>This rank's number, and how many there are.</returns>
    /// <exception cref="InputException">There is no Open MPI.</exception>
    public static (int Rank, int Size) Start()
    {
        _library = new[] { "libmpi.so.40\0", "libmpi.so\0" }.Select(name => Load([.. name.Select(c => (byte)c)], BindNow | Global)).FirstOrDefault(found => found != 0);
        if (_library == 0)
        {
            throw new InputException("This process was started as one of several ranks, and libmpi.so.40 is not to be found. Install Open MPI 4 on every machine (Debian and Ubuntu: apt-get install openmpi-bin).");
        }

        NativeLibrary.SetDllImportResolver(typeof(LibMpi).Assembly, (name, _, _) => name == Library ? _library : 0);
        (_world, _byte, _float, _double, _sum) = (Handle("comm_world"), Handle("byte"), Handle("float"), Handle("double"), Handle("op_sum"));
        Check(MPI_Init_thread(0, 0, OneThreadAtATime, out int provided));
        if (provided < OneThreadAtATime)
        {
            throw new InputException("Open MPI was built without threads (MPI_THREAD_SERIALIZED is not provided): install another build of it.");
        }

        Check(MPI_Comm_rank(_world, out int rank));
        Check(MPI_Comm_size(_world, out int size));
        return (rank, size);
    }

    /// <summary>Replaces numbers by the sums over all ranks.</summary>
    /// <param name="bytes">The numbers.</param>
    /// <param name="type">Float32 or float64.</param>
    public static void Sum(Span<byte> bytes, ScalarType type)
    {
        (nint handle, int size) = Numbers(type);
        Check(MPI_Allreduce(InPlace, ref MemoryMarshal.GetReference(bytes), bytes.Length / size, handle, _sum, _world));
    }

    /// <summary>Begins to replace numbers by the sums over all ranks.</summary>
    /// <param name="bytes">The numbers, in memory that stays where it is until <see cref="Wait"/>: a tensor's.</param>
    /// <param name="type">Float32 or float64.</param>
    public static nint BeginSum(Span<byte> bytes, ScalarType type)
    {
        (nint handle, int size) = Numbers(type);
        Check(MPI_Iallreduce(InPlace, ref MemoryMarshal.GetReference(bytes), bytes.Length / size, handle, _sum, _world, out nint request));
        return request;
    }

    /// <summary>Lets what was begun go on.</summary>
    public static void Advance(Span<nint> requests) => Check(MPI_Testall(requests.Length, ref MemoryMarshal.GetReference(requests), out _, NoStatus));

    /// <summary>Returns when all that was begun is done.</summary>
    public static void Wait(Span<nint> requests) => Check(MPI_Waitall(requests.Length, ref MemoryMarshal.GetReference(requests), NoStatus));

    /// <summary>Replaces the bytes of the other ranks by those of one.</summary>
    public static void Share(Span<byte> bytes, int rank) => Check(MPI_Bcast(ref MemoryMarshal.GetReference(bytes), bytes.Length, _byte, rank, _world));

    /// <summary>Begins to give all ranks the first one's bytes, into memory that stays where it is until <see cref="IsDone"/>.</summary>
    public static nint BeginBroadcast(nint bytes, int count)
    {
        Check(MPI_Ibcast(bytes, count, _byte, 0, _world, out nint request));
        return request;
    }

    /// <summary>Whether what was begun is done.</summary>
    public static bool IsDone(ref nint request)
    {
        Check(MPI_Test(ref request, out int done, NoStatus));
        return done != 0;
    }

    /// <summary>Returns when all ranks are here.</summary>
    public static void Barrier() => Check(MPI_Barrier(_world));

    /// <summary>Leaves the ranks, in good order and with all of them.</summary>
    public static void Stop() => Check(MPI_Finalize());

    /// <summary>Ends all ranks.</summary>
    public static void Abort(int code) => Check(MPI_Abort(_world, code));

    // Open MPI's handles are the addresses of its own objects.
    private static nint Handle(string name) => NativeLibrary.TryGetExport(_library, "ompi_mpi_" + name, out nint address)
        ? address
        : throw new InputException("The libmpi that was found is not Open MPI's, whose ABI is expected. Put Open MPI 4 first on LD_LIBRARY_PATH.");

    private static (nint Handle, int Size) Numbers(ScalarType type) => type switch
    {
        ScalarType.Float32 => (_float, sizeof(float)),
        ScalarType.Float64 => (_double, sizeof(double)),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Expected float32 or float64."),
    };

    private static void Check(int code)
    {
        if (code != 0)
        {
            throw new InvalidOperationException(FormattableString.Invariant($"Open MPI answered with error {code}."));
        }
    }

    // dlopen(3).
    [DllImport("libc", EntryPoint = "dlopen")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Load(byte[] name, int flags);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Init_thread(nint argumentCount, nint arguments, int required, out int provided);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Comm_rank(nint ranks, out int rank);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Comm_size(nint ranks, out int size);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Allreduce(nint send, ref byte receive, int count, nint type, nint operation, nint ranks);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Iallreduce(nint send, ref byte receive, int count, nint type, nint operation, nint ranks, out nint request);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Testall(int count, ref nint requests, out int done, nint statuses);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Waitall(int count, ref nint requests, nint statuses);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Bcast(ref byte buffer, int count, nint type, int root, nint ranks);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Ibcast(nint buffer, int count, nint type, int root, nint ranks, out nint request);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Test(ref nint request, out int done, nint status);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Barrier(nint ranks);

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Finalize();

    [DllImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MPI_Abort(nint ranks, int code);
}
