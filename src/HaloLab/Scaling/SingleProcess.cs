using static TorchSharp.torch;

namespace HaloLab.Scaling;

/// <summary>A process that trains alone: sums are its own numbers, and nobody is waited for.</summary>
/// <param name="say">Told what a person should read.</param>
internal sealed class SingleProcess(Action<string> say) : Communicator(0, 1, 0, say)
{
    /// <inheritdoc/>
    public override void Sum(Tensor tensor)
    {
    }

    /// <inheritdoc/>
    public override void BeginSum(Tensor tensor)
    {
    }

    /// <inheritdoc/>
    public override void AdvanceSums()
    {
    }

    /// <inheritdoc/>
    public override void FinishSums()
    {
    }

    /// <inheritdoc/>
    public override void Share(Tensor tensor, int rank)
    {
    }

    /// <inheritdoc/>
    public override string Broadcast(string text) => text;

    /// <inheritdoc/>
    public override void Barrier()
    {
    }

    /// <inheritdoc/>
    public override CancellationToken StopTogether(CancellationToken own) => own;

    /// <inheritdoc/>
    public override void LookForStop()
    {
    }

    /// <inheritdoc/>
    public override void Leave()
    {
    }

    /// <inheritdoc/>
    public override void Abort(int exitCode)
    {
    }
}
