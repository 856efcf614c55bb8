using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace HaloLab.Scaling;

/// <summary>Ranks over Open MPI. One thread at a time calls it.</summary>
internal sealed class OpenMpi : Communicator
{
    // Elements in one call: MPI counts in 32 bits, and so do spans of bytes.
    private const long Bucket = 1 << 22;

    // Whoever waits for the first rank's work before the training leaves the cores to it.
    private const int PollMilliseconds = 5;

    // A rank that is asked to stop and then waits so long for the others may be waiting for one that is gone.
    private const int PatienceMilliseconds = 400;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<nint> _begun = [];
    private CancellationToken _own;
    private long _calls;
    private volatile bool _isWaiting;

    private OpenMpi(int rank, int size, int localRank, Action<string> say)
        : base(rank, size, localRank, say)
    {
    }

    /// <inheritdoc/>
    public override bool HasAgreedToStop => _stop.IsCancellationRequested;

    /// <summary>Joins the ranks that were started together.</summary>
    /// <param name="localRank">Number among those of this machine.</param>
    /// <param name="say">Told what a person should read.</param>
    /// <exception cref="InputException">There is no Open MPI.</exception>
    public static OpenMpi Start(int localRank, Action<string> say)
    {
        (int rank, int size) = LibMpi.Start();
        return new OpenMpi(rank, size, localRank, say);
    }

    /// <inheritdoc/>
    public override void Sum(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        SummedBytes += InPlace(tensor, bucket => LibMpi.Sum(bucket.bytes, bucket.dtype));
    }

    /// <inheritdoc/>
    public override void BeginSum(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        _begun.Add(LibMpi.BeginSum(tensor.bytes, tensor.dtype));
        SummedBytes += tensor.NumberOfElements * tensor.ElementSize;
    }

    /// <inheritdoc/>
    public override void AdvanceSums() => LibMpi.Advance(CollectionsMarshal.AsSpan(_begun));

    /// <inheritdoc/>
    public override void FinishSums()
    {
        Together(() => LibMpi.Wait(CollectionsMarshal.AsSpan(_begun)));
        _begun.Clear();
    }

    /// <inheritdoc/>
    public override void Share(Tensor tensor, int rank)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        SharedBytes += InPlace(tensor, bucket => LibMpi.Share(bucket.bytes, rank));
    }

    /// <inheritdoc/>
    public override string Broadcast(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(IsFirst ? text : "");
        byte[] length = BitConverter.GetBytes(bytes.Length);
        Together(() => ShareText(length));
        if (!IsFirst)
        {
            bytes = new byte[BitConverter.ToInt32(length)];
        }

        Together(() => ShareText(bytes));
        return Encoding.UTF8.GetString(bytes);
    }

    /// <inheritdoc/>
    public override void Barrier() => Together(LibMpi.Barrier);

    /// <inheritdoc/>
    public override CancellationToken StopTogether(CancellationToken own)
    {
        _own = own;
        own.Register(() => SayWhetherItWaitsAsync(Interlocked.Read(ref _calls)));
        return _stop.Token;
    }

    /// <inheritdoc/>
    public override void LookForStop()
    {
        byte[] asked = BitConverter.GetBytes(_own.IsCancellationRequested ? 1.0 : 0.0);
        Together(() => LibMpi.Sum(asked, ScalarType.Float64));
        if (BitConverter.ToDouble(asked) > 0)
        {
            _stop.Cancel();
        }
    }

    /// <inheritdoc/>
    public override void Leave()
    {
        LibMpi.Stop();
        _stop.Dispose();
    }

    /// <inheritdoc/>
    public override void Abort(int exitCode) => LibMpi.Abort(exitCode);

    /// <summary>Exchanges a tensor's numbers in the processor's memory, bucket by bucket.</summary>
    /// <returns>How many bytes they are.</returns>
    private long InPlace(Tensor tensor, Action<Tensor> exchange)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor values_N = tensor.view(-1).cpu();
        long elements = values_N.NumberOfElements;
        Together(() =>
        {
            for (long start = 0; start < elements; start += Bucket)
            {
                using Tensor bucket = values_N.narrow(0, start, Math.Min(Bucket, elements - start));
                exchange(bucket);
            }
        });
        if (tensor.device.type != TorchSharp.DeviceType.CPU)
        {
            tensor.copy_(values_N.view(tensor.shape));
        }

        return elements * tensor.ElementSize;
    }

    private static void ShareText(byte[] bytes)
    {
        GCHandle held = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        try
        {
            nint request = LibMpi.BeginBroadcast(held.AddrOfPinnedObject(), bytes.Length);
            while (!LibMpi.IsDone(ref request))
            {
                Thread.Sleep(PollMilliseconds);
            }
        }
        finally
        {
            held.Free();
        }
    }

    private void Together(Action call)
    {
        Interlocked.Increment(ref _calls);
        _isWaiting = true;
        call();
        _isWaiting = false;
    }

    /// <summary>What starts ranks asks them to stop when one has died, and kills them soon after: the first one's last word.</summary>
    private async void SayWhetherItWaitsAsync(long calls)
    {
        await Task.Delay(PatienceMilliseconds, CancellationToken.None).ConfigureAwait(false);
        if (_isWaiting && calls == Interlocked.Read(ref _calls))
        {
            Say("Stopped while waiting for another rank: it has ended, or is slow. The same command goes on from the last checkpoint, also with another number of ranks.");
        }
    }
}
