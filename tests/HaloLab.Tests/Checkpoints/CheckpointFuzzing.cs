using System.Diagnostics;
using HaloLab.Checkpoints;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Checkpoints;

/// <summary>Damages checkpoints in every format at random places: each must end in a clear error or load, within a second and little memory.</summary>
/// <param name="mutations">Damaged files of each format.</param>
/// <param name="isAlone">Whether nothing else runs in this process, so that a second and the memory of the whole process can be held to.</param>
public abstract class CheckpointFuzzing(int mutations, bool isAlone)
{
    public static TheoryData<string> Formats => ["model_ckpt_expected.safetensors", "model.ckpt", "model_legacy.ckpt", "unet_lora_parameters.pt"];

    [Theory]
    [MemberData(nameof(Formats))]
    public void DamagedFilesGiveAnErrorOrLoad(string file)
    {
        Assert.SkipUnless(File.Exists(Path.Combine(GoldenCase.Root, "lora", file)), $"no lora/{file} in {GoldenCase.Root}");
        byte[] original = File.ReadAllBytes(Path.Combine(GoldenCase.Root, "lora", file));
        string folder = Directory.CreateTempSubdirectory("halolab-fuzz").FullName;
        string path = Path.Combine(folder, file);
        int refused = 0;

        // The whole file is read, and the libraries' own start is not a mutation's.
        Load(Path.Combine(GoldenCase.Root, "lora", file));
        TimeSpan limit = TimeSpan.FromSeconds(isAlone ? 1 : 10);
        long memory = Environment.WorkingSet;
        try
        {
            for (int i = 0; i < mutations; i++)
            {
                File.WriteAllBytes(path, Damaged(original, new RandomStream(1, $"checkpoint fuzzing {file}", i)));
                Stopwatch clock = Stopwatch.StartNew();
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Load(path);
                }
                catch (InputException)
                {
                    refused++;
                }

                Assert.True(clock.Elapsed < limit, $"mutation {i} took {clock.Elapsed}");
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 256 << 20, $"mutation {i} took much memory");
                Assert.True(!isAlone || Environment.WorkingSet - memory < 256 << 20, $"after mutation {i} the process had much memory");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Assert.InRange(refused, mutations / 5, mutations);
    }

    private static void Load(string path)
    {
        using var scope = NewDisposeScope();
        if (path.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            Safetensors.Load(path);
        }
        else
        {
            using TorchCheckpoint checkpoint = TorchCheckpoint.Open(path);
            checkpoint.ReadAll();
        }
    }

    /// <summary>One to eight bytes changed, a length made extreme, a piece cut out, doubled or cut off.</summary>
    private static byte[] Damaged(byte[] original, RandomStream random)
    {
        // The descriptions are a small part of the file: half of all damage goes there.
        int bound = random.Next(2) == 0 ? Math.Min(original.Length, 3000) : original.Length;
        int place = random.Next(bound);
        int length = Math.Min(1 + random.Next(64), original.Length - place);
        byte[] copy = [.. original];
        switch (random.Next(5))
        {
            case 0:
                for (int i = random.Next(8); i >= 0; i--)
                {
                    copy[random.Next(bound)] = (byte)random.Next(256);
                }

                return copy;
            case 1:
                copy.AsSpan(place, Math.Min(8, length)).Fill(random.Next(2) == 0 ? (byte)0xff : (byte)0x7f);
                return copy;
            case 2:
                return [.. copy[..place], .. copy[(place + length)..]];
            case 3:
                return [.. copy[..(place + length)], .. copy[place..]];
            default:
                return copy[..place];
        }
    }
}
