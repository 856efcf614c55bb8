using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>
/// The gradient of a loss with the activations of one clip in memory at a time. A loss L of <see cref="GranDpoObjective"/> depends on the parameters θ through the clips' energies alone (DESIGN D2), of each as
/// a whole and of its cells, so
/// <code>
/// dL/dθ = Σ over clips and energies E of c_E · dE/dθ   with   c_E = dL/dE
/// </code>
/// A first pass without gradients gives all energies, the loss of them gives every c exactly, and a second pass carries them on into θ, clip by clip. (Gradient caching: Gao et al. 2021, arXiv 2101.06983.)
/// </summary>
public static class ClipByClip
{
    /// <summary>The first pass: the energies of all clips, which a loss is computed from and propagated back to, no further.</summary>
    /// <param name="clips">Number of clips.</param>
    /// <param name="energiesOf">The energies of one clip by its number, for the caller's dispose scope; called without gradients.</param>
    public static PatchEnergies Energies(int clips, Func<int, PatchEnergies> energiesOf)
    {
        ArgumentNullException.ThrowIfNull(energiesOf);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        PatchEnergies[] each = [.. Enumerable.Range(0, clips).Select(clip => OfOne(clip, energiesOf))];
        return new PatchEnergies(
            cat([.. each.Select(energies => energies.Video_B)]).requires_grad_(),
            cat([.. each.Select(energies => energies.Cells_Bthw)]).requires_grad_()).MoveToOuterDisposeScope();
    }

    /// <summary>The second pass, once the loss was propagated back: adds dL/dθ to the gradients of the parameters.</summary>
    /// <param name="energies">What <see cref="Energies"/> gave; their gradients are the coefficients.</param>
    /// <param name="energiesOf">The same energies of one clip, with gradients.</param>
    /// <param name="profile">Told what is done, or null.</param>
    public static void Backward(PatchEnergies energies, Func<int, PatchEnergies> energiesOf, StepProfile? profile = null)
    {
        ArgumentNullException.ThrowIfNull(energies);
        ArgumentNullException.ThrowIfNull(energiesOf);
        using var scope = NewDisposeScope();
        using IDisposable? parts = profile?.Parts();
        PatchEnergies coefficients = new(energies.Video_B.grad!, energies.Cells_Bthw.grad!);
        for (int clip = 0; clip < energies.Video_B.shape[0]; clip++)
        {
            using (NewDisposeScope())
            {
                profile?.Phase("forward");
                PatchEnergies own = energiesOf(clip);
                profile?.Phase("backward");
                PatchEnergies of = coefficients.Rows(clip, 1);
                autograd.backward([own.Video_B, own.Cells_Bthw], [of.Video_B, of.Cells_Bthw]);
            }

            profile?.Phase("memory given back");
            FreedMemory.GiveBackGrowth();
        }
    }

    private static PatchEnergies OfOne(int clip, Func<int, PatchEnergies> energiesOf)
    {
        PatchEnergies own;
        using (NewDisposeScope())
        {
            own = energiesOf(clip).MoveToOuterDisposeScope();
        }

        FreedMemory.GiveBackGrowth();
        return own;
    }
}
