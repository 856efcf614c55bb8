using static TorchSharp.torch;

namespace HaloLab.Benchmarks.Speed;

/// <summary>A Diffusion-DPO step's forward and backward through HaloLab's layers against the same graph saved as TorchScript, in one process: what writing models in C# costs.</summary>
internal static class EagerAgainstScript
{
    private const double Limit = 1.05;

    /// <param name="rounds">Rounds that count.</param>
    /// <param name="folder">Folder of the cases.</param>
    public static bool Run(int rounds, string folder)
    {
        bool isKept = true;
        foreach (SpeedCase speed in SpeedCase.All(folder))
        {
            using (speed)
            {
                using jit.ScriptModule script = jit.load(speed.Path + ".ts.pt");
                foreach ((long T, long H, long W) in SpeedCase.Sizes)
                {
                    Dictionary<string, Tensor> inputs = speed.Inputs(T, H, W);
                    object[] arguments = speed.Arguments(inputs);
                    isKept &= Paired.Compare(
                        FormattableString.Invariant($"{speed.Name} at {T}x{H}x{W}: eager / TorchScript"),
                        Limit,
                        rounds,
                        () => speed.Loss(inputs).backward(),
                        () => ((Tensor)script.call(arguments)).backward());
                }
            }
        }

        return isKept;
    }
}
