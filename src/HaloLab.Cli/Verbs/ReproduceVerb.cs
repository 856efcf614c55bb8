using System.CommandLine;
using System.Globalization;
using HaloLab.Cli.Ledger;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Notebooks.Documents;
using HaloLab.Notebooks.Running;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab reproduce</c>: the whole of HALO on the toy world, ending in claims with verdicts.</summary>
internal static class ReproduceVerb
{
    // With --preset full a cell may tune and sample an arm that the run does not have.
    private static readonly TimeSpan CellTimeout = TimeSpan.FromHours(12);

    public static Command Create()
    {
        Command command = new("reproduce", "Run the whole of HALO on the toy world and write claims.json, report.html and manifest.json (goes on where it stopped).");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "reproduce"));
        Option<string> preset = new("--preset") { Description = string.Join(" ", ReproductionSettings.Presets.Values.Select(known => $"{known.Preset}: {known.Description}.")), DefaultValueFactory = _ => ReproductionSettings.Quick.Preset };
        preset.AcceptOnlyFromAmong([.. ReproductionSettings.Presets.Keys]);
        Option<int?> seeds = new("--seeds") { Description = "Number of seeds; default 1 for quick, 5 for full." };
        Option<bool> fresh = new("--fresh") { Description = "Delete what an earlier run left in --out and start over." };
        Option<string> checkpoints = new("--checkpoints") { Description = "Folder of the toy checkpoints.", DefaultValueFactory = _ => ToyCheckpoints.Folder };
        command.Options.Add(preset);
        command.Options.Add(seeds);
        command.Options.Add(fresh);
        Option<string?> notebooks = new("--notebooks") { Description = $"Run these notebooks (a file or a folder, default: notebooks) on the finished run and write them into its folder '{ToyReproduction.NotebookFolder}'; the report links to them.", Arity = ArgumentArity.ZeroOrOne };
        command.Options.Add(checkpoints);
        command.Options.Add(notebooks);
        command.SetWork((parsed, cancellation) =>
        {
            string folder = parsed.GetValue(common.Out)!.FullName;
            ReproductionSettings settings = ReproductionSettings.Presets[parsed.GetValue(preset)!];
            int count = parsed.GetValue(seeds) ?? settings.Seeds;
            if (count < 1)
            {
                throw new InputException($"--seeds {count}: expected at least 1.");
            }

            if (parsed.GetValue(fresh) && Directory.Exists(Path.Combine(folder, "stages")))
            {
                Directory.Delete(Path.Combine(folder, "stages"), recursive: true);
            }

            common.Compute.Use(parsed, Path.Combine(folder, "stages"));
            ToyReproduction reproduction = new(settings, parsed.GetValue(common.Seed), count, parsed.GetValue(checkpoints)!);
            Notebook[] shown = parsed.GetResult(notebooks) is null ? [] : [.. Notebook.ReadAll([parsed.GetValue(notebooks) ?? "notebooks"])];
            IReadOnlyList<Claim> claims = RunDisplay.Show(progress => reproduction.Run(folder, progress, cancellation, () => Render(shown, folder, settings.Preset, parsed.GetValue(common.Seed), progress, cancellation)));
            foreach (Claim claim in claims)
            {
                Console.WriteLine(FormattableString.Invariant($"{claim.Id,-4} {LedgerDocument.Text(claim.Verdict),-13} {claim.Estimate,9:0.0000} [{claim.CiLow:0.0000}, {claim.CiHigh:0.0000}]  {claim.Measure}"));
            }

            Console.WriteLine(Path.Combine(folder, "report.html"));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Render(Notebook[] notebooks, string folder, string preset, long seed, IRunProgress progress, CancellationToken cancellation)
    {
        if (notebooks.Length > 0)
        {
            Dictionary<string, string> parameters = new() { ["preset"] = preset, ["seed"] = seed.ToString(CultureInfo.InvariantCulture), ["folder"] = folder };
            new NotebookRunner(KernelVerb.Program, Path.Combine(folder, ToyReproduction.NotebookFolder), CellTimeout).Run(notebooks, parameters, progress, cancellation);
        }
    }
}
