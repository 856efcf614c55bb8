using System.Text;
using static TorchSharp.torch;

namespace HaloLab.Scaling;

/// <summary>
/// The processes of one training, its ranks, each with its part of every batch. All of them call the same methods in the same order; what one alone does between two calls keeps the others waiting. Without
/// MPI there is one rank, for which nothing here does anything.
/// </summary>
public abstract class Communicator
{
    private readonly Action<string> _say;

    /// <param name="rank">This process's number, from 0.</param>
    /// <param name="size">Number of ranks, at least 1.</param>
    /// <param name="localRank">Its number among those of this machine, from 0.</param>
    /// <param name="say">Told what a person should read.</param>
    protected Communicator(int rank, int size, int localRank, Action<string> say) => (Rank, Size, LocalRank, _say) = (rank, size, localRank, say);

    /// <summary>A process that trains alone.</summary>
    public static Communicator Alone { get; } = new SingleProcess(_ => { });

    /// <summary>This process's number, from 0.</summary>
    public int Rank { get; }

    /// <summary>Number of ranks, at least 1.</summary>
    public int Size { get; }

    /// <summary>Its number among the ranks of this machine, from 0: which accelerator is its own.</summary>
    public int LocalRank { get; }

    /// <summary>Whether this is the rank that writes files and speaks.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Bytes that were added up by <see cref="Sum"/> and <see cref="BeginSum"/> so far.</summary>
    public long SummedBytes { get; private protected set; }

    /// <summary>Bytes that this rank gave to the others or got from one by <see cref="Share"/> so far.</summary>
    public long SharedBytes { get; private protected set; }

    /// <summary>Whether the ranks have agreed to stop; each of them has then done the same steps.</summary>
    public virtual bool HasAgreedToStop => false;

    /// <summary>
    /// The ranks that this process is one of: those that Open MPI's <c>mpirun</c>, or Slurm's <c>srun --mpi=pmix</c> or <c>--mpi=pmi2</c>, started together; else it is alone. libmpi is loaded for more than one only.
    /// </summary>
    /// <param name="environment">Values of environment variables.</param>
    /// <param name="say">Told what a person should read, on the first rank.</param>
    /// <exception cref="InputException">Processes were started together without MPI between them, or there is no Open MPI.</exception>
    public static Communicator OfThisProcess(Func<string, string?> environment, Action<string> say)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(say);
        if (Number("OMPI_COMM_WORLD_SIZE") is int size)
        {
            return size > 1 ? OpenMpi.Start(Number("OMPI_COMM_WORLD_LOCAL_RANK") ?? 0, say) : new SingleProcess(say);
        }

        int tasks = Number("SLURM_STEP_NUM_TASKS") ?? 1;
        if (tasks <= 1)
        {
            return new SingleProcess(say);
        }

        return environment("PMIX_RANK") is not null || environment("PMI_RANK") is not null
            ? OpenMpi.Start(Number("SLURM_LOCALID") ?? 0, say)
            : throw new InputException(FormattableString.Invariant($"srun started {tasks} tasks with no MPI between them. Say srun --mpi=pmix (or --mpi=pmi2; `srun --mpi=list` names what there is), or start one task."));

        int? Number(string name) => int.TryParse(environment(name), out int value) ? value : null;
    }

    /// <summary>This rank's part of a batch: neighbouring places, as many as the others' or one more.</summary>
    /// <param name="count">Places of the batch.</param>
    public Range PartOf(int count) => PartOf(count, Rank);

    /// <summary>Another rank's part of a batch.</summary>
    /// <param name="count">Places of the batch.</param>
    /// <param name="rank">The rank.</param>
    public Range PartOf(int count, int rank) => (int)((long)rank * count / Size)..(int)((rank + 1L) * count / Size);

    /// <summary>Says something to whoever started the ranks, once.</summary>
    public void Say(string message)
    {
        if (IsFirst)
        {
            _say(message);
        }
    }

    /// <summary>Replaces the numbers of each rank by the sum of all ranks', in place.</summary>
    /// <param name="tensor">Contiguous, float32 or float64, of the same shape on all ranks; on an accelerator it goes through the processor's memory.</param>
    public abstract void Sum(Tensor tensor);

    /// <summary>
    /// Begins to do what <see cref="Sum"/> does, and returns: until <see cref="FinishSums"/> the numbers are neither to be looked at nor changed, and nothing else is to be asked of the other ranks but further sums, in the same
    /// order on all ranks.
    /// </summary>
    /// <param name="tensor">Contiguous, float32 or float64, of the same shape on all ranks, in the processor's memory, below 2 GiB.</param>
    public abstract void BeginSum(Tensor tensor);

    /// <summary>Lets the sums that were begun go on; by themselves they do not.</summary>
    public abstract void AdvanceSums();

    /// <summary>Returns when all sums that were begun are done.</summary>
    public abstract void FinishSums();

    /// <summary>Replaces the numbers of the other ranks by those of one, in place.</summary>
    /// <param name="tensor">As <see cref="Sum"/> takes it.</param>
    /// <param name="rank">Whose numbers are kept.</param>
    public abstract void Share(Tensor tensor, int rank);

    /// <summary>Whether it is so on any rank.</summary>
    public bool Any(bool own)
    {
        using Tensor count = tensor(own ? 1.0 : 0.0);
        Sum(count);
        return count.item<double>() > 0;
    }

    /// <summary>Gives every rank the first one's text; the others' is not looked at.</summary>
    public abstract string Broadcast(string text);

    /// <summary>Every rank's text in the order of the ranks, on all of them.</summary>
    public IReadOnlyList<string> Gather(string text)
    {
        byte[] own = Encoding.UTF8.GetBytes(text);
        using var scope = NewDisposeScope();

        // Zeros that the others' numbers are added to.
        Tensor lengths = zeros(Size, ScalarType.Float64);
        lengths[Rank] = own.Length;
        Sum(lengths);
        int[] counts = [.. lengths.data<double>().ToArray().Select(length => (int)length)];
        Tensor bytes = zeros(counts.Sum());
        bytes.narrow(0, counts.Take(Rank).Sum(), own.Length).copy_(tensor(own));
        Sum(bytes);
        byte[] all = bytes.to(ScalarType.Byte).data<byte>().ToArray();
        return [.. counts.Select((count, rank) => Encoding.UTF8.GetString(all, counts.Take(rank).Sum(), count))];
    }

    /// <summary>Returns when all ranks have called it.</summary>
    public abstract void Barrier();

    /// <summary>A token that all ranks see cancelled after the same <see cref="LookForStop"/>, when one of them was asked to stop.</summary>
    /// <param name="own">Asks this rank.</param>
    public abstract CancellationToken StopTogether(CancellationToken own);

    /// <summary>Asks all ranks whether one of them is to stop, and cancels the token of <see cref="StopTogether"/> on all if so.</summary>
    public abstract void LookForStop();

    /// <summary>Ends the work of all ranks in good order; the last call.</summary>
    public abstract void Leave();

    /// <summary>Ends all ranks at once, wherever they are.</summary>
    /// <param name="exitCode">What the job ends with.</param>
    public abstract void Abort(int exitCode);
}
