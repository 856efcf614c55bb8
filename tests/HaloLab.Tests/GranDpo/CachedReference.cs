using HaloLab.GranDpo;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>Reference energies as a training with a cached reference has them: written to a file and read again.</summary>
internal static class CachedReference
{
    /// <param name="sums_2Bthw">Sums of squared errors of the preferred clips, then of the others.</param>
    /// <param name="latents">Shape of the latents, [.., C, T, H, W].</param>
    /// <param name="grid">The cells.</param>
    /// <returns>Energies in the same order.</returns>
    public static PatchEnergies Energies(Tensor sums_2Bthw, long[] latents, PatchGrid grid)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-reference-").FullName;
        try
        {
            int channels = (int)latents[^4];
            LatentLattice lattice = new((int)latents[^3], (int)latents[^2], (int)latents[^1], 8);
            string path = Path.Combine(folder, "reference.safetensors");
            ReferenceEnergies cache = ReferenceEnergies.Open(path, "key", lattice, channels, grid);
            float[] sums = sums_2Bthw.contiguous().data<float>().ToArray();
            int pairs = (int)sums_2Bthw.shape[0] / 2;
            (string Pair, int Draw)[] entries = [.. Enumerable.Range(0, pairs).Select(pair => ($"pair {pair}", 0))];
            for (int pair = 0; pair < pairs; pair++)
            {
                cache.Add(entries[pair].Pair, 0, sums.AsSpan(pair * grid.Count, grid.Count), sums.AsSpan((pairs + pair) * grid.Count, grid.Count));
            }

            cache.Save();
            (PatchEnergies a, PatchEnergies b) = ReferenceEnergies.Open(path, "key", lattice, channels, grid).Get(entries, grid);
            return new PatchEnergies(cat([a.Video_B, b.Video_B]), cat([a.Cells_Bthw, b.Cells_Bthw]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
