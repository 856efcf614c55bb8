namespace HaloLab.ToyWorld;

/// <summary>Where the toy checkpoints that ship with HaloLab lie.</summary>
public static class ToyCheckpoints
{
    /// <summary>The folder <c>data/toy</c> beside the program, where the build copies it.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "data", "toy");

    /// <summary>The patch reward model among them.</summary>
    public static string PatchRewardModel { get; } = Path.Combine(Folder, Pretraining.ToyPatchRewardTraining.PatchRewardFile);
}
