using System.CommandLine;
using HaloLab;
using HaloLab.Benchmarks;
using HaloLab.Benchmarks.Speed;

Option<int> rounds = new("--rounds") { Description = "Rounds that count.", DefaultValueFactory = _ => 40 };
Option<int> threads = new("--threads") { Description = "Threads of the CPU kernels.", DefaultValueFactory = _ => 2 };
RootCommand root = new("Times of HaloLab as ratios, side by side in one run. Exit code 1 when a limit is exceeded.") { rounds, threads };
Add("objective", "A Gran-DPO step against a Diffusion-DPO step.", count =>
{
    using TrainingSteps steps = new();
    return steps.Objective(count);
});
Add("reference", "A step with cached reference energies against one that computes them.", count =>
{
    using TrainingSteps steps = new();
    return steps.Reference(count);
});
Add("optimiser", "Clipping, AdamW and moving average as a share of a LoRA step.", count =>
{
    using TrainingSteps steps = new();
    return steps.Optimiser(count);
});
Add("precision", "A LoRA step of a published model in bfloat16 against float32.", HalfPrecisionSteps.Run);
Option<DirectoryInfo?> videos = new("--videos") { Description = "Folder of .mp4 files; default one that is written.", Recursive = true };
root.Options.Add(videos);
Add("decoding", "Reading video files against ffmpeg alone.", count => Decoding.Run(count, root.Parse(args).GetValue(videos)?.FullName));
Option<double> gib = new("--gib") { Description = "GiB of weights of `loading`.", DefaultValueFactory = _ => 4, Recursive = true };
root.Options.Add(gib);
Add("loading", "Loading a model from several safetensors files against reading them.", count => Loading.Run(count, root.Parse(args).GetValue(gib)));
Add("decoding-wan", "Wan2.1's autoencoder in pieces against the whole: numbers and memory.", _ => WanDecoding.Run(root.Parse(args).GetValue(threads)));
Option<DirectoryInfo> cases = new("--cases") { Description = "Folder of the cases of `eager`: video_dit and unet3d, each .ts.pt, .safetensors and .json.", Recursive = true };
root.Options.Add(cases);
Add("eager", "Forward and backward through HaloLab's layers against the same graph as TorchScript.", count => EagerAgainstScript.Run(count, root.Parse(args).GetRequiredValue(cases).FullName));
Option<string> python = new("--python") { Description = "Python with PyTorch, of `pytorch`.", DefaultValueFactory = _ => "python3", Recursive = true };
root.Options.Add(python);
Add("pytorch", "Forward and backward through HaloLab's layers against the same models in PyTorch, in a process beside.", count =>
    EagerAgainstPyTorch.Run(count, root.Parse(args).GetRequiredValue(cases).FullName, root.Parse(args).GetRequiredValue(python), root.Parse(args).GetValue(threads)));
Argument<int> frames = new("FRAMES");
Argument<int> framesAtOnce = new("AT-ONCE");
AddProcess(Program.Once, "One decoding of `decoding-wan`, in a process of its own.", [frames, framesAtOnce], parsed => WanDecoding.Once(parsed.GetValue(frames), parsed.GetValue(framesAtOnce)));
Add("recomputation", "A training step whose blocks are computed again, in one pass and in two, against one that keeps them: time and memory.", count => RecomputedBlocks.Run(count, root.Parse(args).GetValue(threads)));
Argument<bool> recomputes = new("RECOMPUTES");
Argument<bool> twoPass = new("TWO-PASS");
AddProcess(Program.StepOnce, "One step of `recomputation`, in a process of its own.", [recomputes, twoPass], parsed => RecomputedBlocks.Once(parsed.GetValue(recomputes), parsed.GetValue(twoPass)));
Add("plan", "What `train --plan` says of a training's memory against what it has at its peak.", _ => PlannedMemory.Run(root.Parse(args).GetValue(threads)));
Argument<string> model = new("MODEL");
Argument<string> what = new("WHAT");
AddProcess(Program.PlanOnce, "One process of `plan`.", [model, what, recomputes, twoPass], parsed => PlannedMemory.Once(parsed.GetValue(model)!, parsed.GetValue(what)!, parsed.GetValue(recomputes), parsed.GetValue(twoPass)));
Add("reference-memory", "What the reference takes of a training's memory: a second network, cached energies.", _ => ReferenceMemory.Run(root.Parse(args).GetValue(threads)));
Argument<string> reference = new("REFERENCE");
Argument<string> cacheFolder = new("FOLDER");
AddProcess(Program.ReferenceOnce, "One process of `reference-memory`.", [reference, cacheFolder], parsed => ReferenceMemory.Once(parsed.GetValue(reference)!, parsed.GetValue(cacheFolder)!));
Add("ranks", "Two ranks of one training against two processes by themselves: weak-scaling efficiency, and bytes that are added up in a step. Needs mpirun.", RankedSteps.Run);
Command ranksOnce = new(Program.RanksOnce, "One rank of `ranks`.");
ranksOnce.Hidden = true;
ranksOnce.SetAction(parsed =>
{
    Compute.Use("cpu", parsed.GetValue(threads));
    return RankedSteps.Once(parsed.GetValue(rounds)) ? 0 : 1;
});
root.Subcommands.Add(ranksOnce);
Option<double> efficiency = new("--efficiency") { Description = "What `ranks` measured, for `cost`.", DefaultValueFactory = _ => 1, Recursive = true };
root.Options.Add(efficiency);
Add("cost", "Calculated hours and dollars of a run on 1, 8 and 64 accelerators (docs/scaling.md).", _ => RunCost.Run(root.Parse(args).GetValue(efficiency)));
Add("scoring", "Patch rewards in one pass against one crop per patch.", PatchScoring.Run);
Add("patch-head", "Patch rewards on a published backbone against its video rewards alone.", PatchHeadCost.Run);
Add("labels", "A label store of a million labels: import, size, queries.", LabelStoring.Run);
Add("label", "Requests a second of the chat teacher against the simulated endpoint.", count => LabelRate.RunAsync(count).GetAwaiter().GetResult());
Add("views", "What each view costs a chat teacher, and how well its grades follow the oracle; --rounds clips.", count =>
{
    TeacherViews.RunAsync(count).GetAwaiter().GetResult();
    return true;
});
Option<DirectoryInfo> finished = new("--run") { Description = "Folder of a run of `halolab reproduce`.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "reproduce")) };
Option<FileInfo> picture = new("--picture") { Description = "File to write.", DefaultValueFactory = _ => new FileInfo(Path.Combine("docs", "before-after.png")) };
Command beforeAfter = new("before-after", "The README's picture: samples of a run before and after tuning, with the severity of each patch over them.") { finished, picture };
beforeAfter.SetAction(parsed => BeforeAfter.Draw(parsed.GetValue(finished)!.FullName, parsed.GetValue(picture)!.FullName));
root.Subcommands.Add(beforeAfter);
return root.Parse(args).Invoke();

void Add(string name, string description, Func<int, bool> run)
{
    Command command = new(name, description);
    rounds.Recursive = true;
    threads.Recursive = true;
    command.SetAction(parsed =>
    {
        Compute.Use("cpu", parsed.GetValue(threads));
        return run(parsed.GetValue(rounds)) ? 0 : 1;
    });
    root.Subcommands.Add(command);
}

// A part of a benchmark, which it starts as a process of its own.
void AddProcess(string name, string description, Argument[] arguments, Action<ParseResult> run)
{
    Command command = new(name, description) { Hidden = true };
    Array.ForEach(arguments, command.Arguments.Add);
    command.SetAction(parsed =>
    {
        Compute.Use("cpu", parsed.GetValue(threads));
        run(parsed);
    });
    root.Subcommands.Add(command);
}

/// <summary>Names that the benchmarks call themselves by.</summary>
internal static partial class Program
{
    public const string Once = "decoding-wan-once";
    public const string StepOnce = "recomputation-once";
    public const string PlanOnce = "plan-once";
    public const string ReferenceOnce = "reference-memory-once";
    public const string RanksOnce = "ranks-once";
}
