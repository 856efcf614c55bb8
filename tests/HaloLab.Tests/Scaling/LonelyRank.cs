using HaloLab.Scaling;
using static TorchSharp.torch;

namespace HaloLab.Tests.Scaling;

/// <summary>A rank that never meets the others: whatever it would need them for fails, unless a test says what comes of it.</summary>
internal abstract class LonelyRank(int rank, int size) : Communicator(rank, size, 0, _ => { })
{
    public override void Sum(Tensor tensor) => throw new NotSupportedException();

    public override void BeginSum(Tensor tensor) => throw new NotSupportedException();

    public override void AdvanceSums() => throw new NotSupportedException();

    public override void FinishSums() => throw new NotSupportedException();

    public override void Share(Tensor tensor, int rank) => throw new NotSupportedException();

    public override string Broadcast(string text) => throw new NotSupportedException();

    public override void Barrier() => throw new NotSupportedException();

    public override CancellationToken StopTogether(CancellationToken own) => throw new NotSupportedException();

    public override void LookForStop() => throw new NotSupportedException();

    public override void Leave() => throw new NotSupportedException();

    public override void Abort(int exitCode) => throw new NotSupportedException();
}
