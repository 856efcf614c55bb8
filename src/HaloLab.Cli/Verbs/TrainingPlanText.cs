using System.Globalization;
using HaloLab.Experiments;
using HaloLab.Generation;

namespace HaloLab.Cli.Verbs;

/// <summary>What <c>halolab train --plan</c> says.</summary>
internal static class TrainingPlanText
{
    private const double GiB = 1L << 30;

    /// <summary>Measures and writes it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="training">What it is to be trained on.</param>
    public static void Write(TunablePipeline model, VideoPairTraining training)
    {
        if (!OperatingSystem.IsLinux() || Compute.Device.type != TorchSharp.DeviceType.CPU)
        {
            throw new InputException("--plan: measures on the CPU and with what Linux says of a process. Leave out --device there, or plan on such a machine: what a step holds is much the same elsewhere.");
        }

        Console.Error.WriteLine("Measuring steps on smaller clips …");
        (TrainingPlan plan, MemoryEstimate encoding) = model.Plan(training.Options, training.Pairs.Count, training.Prompts.Count);
        foreach ((string name, long bytes) in new[]
        {
            ("the program and its kernels", plan.Program),
            ("weights of the denoiser", plan.Weights),
            ("the reference (the denoiser with its adapters off)", 0),
            ("adapters, their gradients, the optimiser", plan.Adapters),
            ("latents of the clips, conditions of the prompts", plan.Clips),
            ("a step: activations and gradients", plan.Step),
        })
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes / GiB,9:0.000} GiB  {name}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{plan.Peak / GiB,9:0.000} GiB  at the peak of the training"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(plan.Program + encoding.Encoding) / GiB,9:0.000} GiB  roughly, before it, while prompts and videos are encoded"));
        TrainingPlan.Probe last = plan.Probes[^1];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A step was measured up to latents of {last.Lattice}: {last.Bytes / GiB:0.000} GiB."));
        double there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / GiB;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"This machine has {there:0.0} GiB{(Math.Max(plan.Peak, plan.Program + encoding.Encoding) / GiB > there ? ": not enough. --two-pass, --recompute and --precision bfloat16 need less" : "")}."));
    }
}
