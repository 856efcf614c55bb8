using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using HaloLab.Cli.Progress;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Notebooks;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Ablations;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab ablate</c>: variants of the recipe on the toy world, with statements declared before the run and decided after it.</summary>
internal static class AblateVerb
{
    public static Command Create()
    {
        Command command = new("ablate", $"Run variants of HALO on the toy world with several seeds and decide what was stated about them. What they share is computed once; a variant that fails is recorded and the others go on; the same command goes on where it stopped. Grids: {string.Join(", ", AblationGrid.Names)}.");
        Argument<string> grid = new("grid") { Description = "A JSON file (docs/ablations.md), or the name of a grid that comes with HaloLab." };
        CommonOptions common = new();
        Option<string?> preset = new("--preset") { Description = "How much of everything: quick, full or smoke. Default: the grid's own." };
        Option<int?> seeds = new("--seeds") { Description = "Number of seeds. Default: the grid's own." };
        Option<int> workers = new("--workers") { Description = "Processes that compute beside each other, each with --threads: where cores are few, --threads 1 with a worker a core. Results are the same bytes for any number of them.", DefaultValueFactory = _ => 1 };
        Option<bool> isWorker = new("--as-worker") { Hidden = true };
        Option<bool> plan = new("--plan") { Description = "Only say how many stages there are and roughly how long they take." };
        Option<string> checkpoints = new("--checkpoints") { Description = "Folder of the toy checkpoints.", DefaultValueFactory = _ => ToyCheckpoints.Folder };
        command.Arguments.Add(grid);
        common.AddTo(command, Path.Combine("runs", "ablate"));
        foreach (Option option in (Option[])[preset, seeds, workers, isWorker, plan, checkpoints])
        {
            command.Options.Add(option);
        }

        command.SetWork((parsed, cancellation) =>
        {
            string folder = parsed.GetValue(common.Out)!.FullName;
            AblationGrid asked = AblationGrid.Read(parsed.GetValue(grid)!, parsed.GetValue(preset));
            int count = parsed.GetValue(seeds) ?? asked.Seeds;
            if (count < 1)
            {
                throw new InputException($"--seeds {count}: expected at least 1.");
            }

            int processes = parsed.GetValue(workers);
            if (processes < 1)
            {
                throw new InputException($"--workers {processes}: expected at least 1.");
            }

            common.Compute.Use(parsed, Path.Combine(folder, "stages"));
            Ablation ablation = new(asked, parsed.GetValue(common.Seed), count, parsed.GetValue(checkpoints)!);
            if (parsed.GetValue(isWorker))
            {
                return Serve(ablation, folder, cancellation);
            }

            (int stages, int uses, double seconds) = ablation.Size;
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{asked.Name}, {asked.Preset.Preset}, {count} seeds: {stages} stages serve {uses} uses; about {DisplayNumber.Duration(seconds)} in all."));
            if (parsed.GetValue(plan))
            {
                return ExitCode.Done;
            }

            StageWorkers? beside = processes == 1 ? null : new StageWorkers(processes, Worker([command.Name, isWorker.Name, .. parsed.Tokens.Skip(1).Select(token => token.Value)]), RunDisplay.Say);
            AblationResult result = RunDisplay.Show(progress => ablation.Run(folder, beside, progress, cancellation));
            Console.WriteLine(result.StatementsTable().ToText());
            Console.WriteLine(Path.Combine(ablation.OutputOf(folder), "ablation.html"));
            string[] failed = [.. result.Variants.SelectMany(arm => arm.Errors.Select(error => string.Create(CultureInfo.InvariantCulture, $"{arm.Name}, seed {error.Key}: {error.Value}")))];
            foreach (string failure in failed)
            {
                Console.Error.WriteLine($"Failed: {failure}");
            }

            return failed.Length == 0 ? ExitCode.Done : ExitCode.Fault;
        });
        return command;
    }

    /// <summary>How this program is started to work for this process.</summary>
    private static ProcessStartInfo Worker(string[] arguments) => new(ProgramCopy.DotnetHost, [Path.Combine(AppContext.BaseDirectory, KernelVerb.Program), .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    /// <summary>Works for the process that started this one, until it wants no more or is gone.</summary>
    private static int Serve(Ablation ablation, string folder, CancellationToken cancellation)
    {
        ParentWatch.Start();
        try
        {
            ablation.Serve(folder, Console.In, Console.Out, cancellation);
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            // The process that started this one says so.
            return ExitCode.Interrupted;
        }
    }
}
