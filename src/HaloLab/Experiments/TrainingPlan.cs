using HaloLab.Diffusion;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Experiments;

/// <summary>
/// What tuning a published model (<c>halolab train</c>) will need of memory, in bytes. Weights, adapters and clips are counted. What a step holds beside them is measured: steps on clips of a smaller picture, as
/// many at a time as the training takes, and from there along a line, because it grows with the number of latent places. The training and the encoding of prompts and videos before it are not in memory together.
/// </summary>
/// <param name="Program">The program and what the kernels keep.</param>
/// <param name="Weights">The denoiser's weights. The reference is the denoiser with its adapters off: it needs none.</param>
/// <param name="Adapters">The adapters, their gradients, and the optimiser's two moments.</param>
/// <param name="Clips">Latents of all pairs and conditions of all prompts.</param>
/// <param name="Step">Activations, their gradients and whatever else a step holds at its peak.</param>
/// <param name="Probes">The steps that were measured, smallest first.</param>
public sealed record TrainingPlan(long Program, long Weights, long Adapters, long Clips, long Step, IReadOnlyList<TrainingPlan.Probe> Probes)
{
    // The C library keeps tensors below 32 MiB with gaps between them, and gives larger ones pages of their own: what is measured has to have many of these, as what is asked for has. Small U-Nets whose blocks are
    // computed again need half as much again for a place up to 1 GiB.
    private const long Enough = 4L << 30;

    // Values, gradients, two moments.
    private const int CopiesOfAdapters = 4;

    private const double Growth = 1.4;

    /// <summary>A step on smaller clips.</summary>
    /// <param name="Lattice">The latents of a clip.</param>
    /// <param name="Bytes">By how much memory rose at its peak.</param>
    public sealed record Probe(LatentLattice Lattice, long Bytes)
    {
        internal long Places => PlacesOf(Lattice);
    }

    /// <summary>Bytes at the peak of the training.</summary>
    public long Peak => Program + Weights + Adapters + Clips + Step;

    /// <summary>Measures, on Linux.</summary>
    /// <param name="loaded">The denoiser with its weights, on the CPU; it gets the adapters.</param>
    /// <param name="target">What it is trained to say.</param>
    /// <param name="inputs">What it is shown of a clip.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="pairs">Number of pairs.</param>
    /// <param name="prompts">Number of different prompts.</param>
    public static TrainingPlan Measure(VideoPipeline.LoadedDenoiser loaded, ITrainingTarget target, DenoiserInputs inputs, GranDpoTrainerOptions options, int pairs, int prompts)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(options);
        long weights = Bytes(loaded.Module.parameters());
        LoraAdapters lora = options.AttachTo(loaded.Module)!;
        using FlatParameters parameters = new(lora.Parameters);
        using AdamW optimiser = new(parameters, options.Optimiser);
        long adapters = CopiesOfAdapters * Bytes([parameters.Values]);
        int clips = options.TwoPass ? 1 : 2 * options.BatchPairs;
        List<Probe> probes = [];
        long program = 0;
        foreach (LatentLattice lattice in Lattices(inputs))
        {
            if (program == 0)
            {
                // The kernels' own memory is there from the first step on.
                Train(lattice);
                FreedMemory.GiveBack();
                program = ProcessMemory.Resident - weights - adapters;
            }

            FreedMemory.GiveBack();
            probes.Add(new Probe(lattice, ProcessMemory.RiseOf(() => Train(lattice))));
            if (probes.Count > 1 && probes[^1].Bytes >= Enough)
            {
                break;
            }
        }

        long places = PlacesOf(inputs.Lattice);
        long data = sizeof(float) * ((2 * pairs * inputs.Channels * places) + ((long)prompts * inputs.TextLength * inputs.TextWidth));
        return new TrainingPlan(program, weights, adapters, data, At(places, probes), probes);

        // What GranDpoTrainer does, with the same scopes and in the same order: what is freed when decides what is held. The second of two steps does not fit into all the gaps that the first one leaves.
        void Train(LatentLattice lattice)
        {
            bool isCached = options.Reference == ReferenceMode.Cached;
            if (isCached)
            {
                Twice(Reference);
                FreedMemory.GiveBack();
            }

            Twice(energies =>
            {
                if (!isCached)
                {
                    Reference(energies);
                }

                Step(energies);
            });

            void Twice(Action<Func<PatchEnergies>> part)
            {
                for (int time = 0; time < 2; time++)
                {
                    FreedMemory.CloseGaps();
                    using var scope = NewDisposeScope();
                    part(Clips(lattice));
                }
            }
        }

        Func<PatchEnergies> Clips(LatentLattice lattice)
        {
            Tensor clean_BCTHW = zeros([clips, inputs.Channels, lattice.Frames, lattice.Height, lattice.Width]);
            Tensor level_B = full([clips], target.DrawLevel(new RandomStream(1, "plan")));
            TrainingExample example = target.Example(clean_BCTHW, randn_like(clean_BCTHW), level_B);
            Tensor context_BLD = zeros([clips, inputs.TextLength, inputs.TextWidth]);
            CellSums cells = new(new PatchGrid(1, 1, 1), lattice.Frames, lattice.Height, lattice.Width);
            return () =>
            {
                using var scope = NewDisposeScope();
                Tensor prediction_BCTHW = loaded.Denoiser.Predict(example.Noisy_BCTHW, example.Timestep_B, context_BLD);
                return PatchEnergies.Compute(prediction_BCTHW, example.Target_BCTHW, cells).MoveToOuterDisposeScope();
            };
        }

        void Reference(Func<PatchEnergies> energiesOf)
        {
            using var noGradient = no_grad();
            lora.Enable(false);
            _ = energiesOf();
            lora.Enable(true);
        }

        void Step(Func<PatchEnergies> energiesOf)
        {
            PatchEnergies energies = options.TwoPass ? ClipByClip.Energies(1, _ => energiesOf()) : energiesOf();
            (energies.Video_B.sum() + energies.Cells_Bthw.sum()).backward();
            if (options.TwoPass)
            {
                ClipByClip.Backward(energies, _ => energiesOf());
            }

            parameters.CollectGradients();
            optimiser.Step(learningRate: 0);
        }
    }

    /// <summary>Squares that grow until they cover as much as what is asked for.</summary>
    private static IEnumerable<LatentLattice> Lattices(DenoiserInputs inputs)
    {
        LatentLattice asked = inputs.Lattice;
        for (int side = inputs.Multiple; side * side < asked.Height * asked.Width; side = inputs.Multiple * (int)Math.Ceiling(Growth * side / inputs.Multiple))
        {
            yield return asked with { Height = side, Width = side };
        }

        yield return asked;
    }

    /// <summary>On the line through the two largest.</summary>
    private static long At(long places, List<Probe> probes)
    {
        Probe last = probes[^1];
        if (probes.Count == 1 || last.Places == places)
        {
            return last.Bytes;
        }

        double slope = (double)(last.Bytes - probes[^2].Bytes) / (last.Places - probes[^2].Places);
        return last.Bytes + (long)(slope * (places - last.Places));
    }

    private static long PlacesOf(LatentLattice lattice) => (long)lattice.Frames * lattice.Height * lattice.Width;

    private static long Bytes(IEnumerable<Tensor> tensors) => tensors.Sum(tensor => tensor.NumberOfElements * tensor.element_size());
}
