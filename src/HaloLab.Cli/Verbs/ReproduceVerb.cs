using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab reproduce</c>: the whole of HALO on the toy world, ending in claims with verdicts.</summary>
internal static class ReproduceVerb
{
    private static readonly Dictionary<string, ReproductionSettings> Presets =
        new[] { ReproductionSettings.Quick, ReproductionSettings.Full, ReproductionSettings.Smoke }.ToDictionary(settings => settings.Preset);

    public static Command Create()
    {
        Command command = new("reproduce", "Run the whole of HALO on the toy world and write claims.json, report.html and manifest.json (goes on where it stopped).");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "reproduce"));
        Option<string> preset = new("--preset") { Description = "quick: ten minutes, one seed. full: all arms, five seeds, hours. smoke: a minute, everything at its smallest, means nothing.", DefaultValueFactory = _ => "quick" };
        preset.AcceptOnlyFromAmong([.. Presets.Keys]);
        Option<int?> seeds = new("--seeds") { Description = "Number of seeds; default 1 for quick, 5 for full." };
        Option<bool> fresh = new("--fresh") { Description = "Delete what an earlier run left in --out and start over." };
        Option<string> checkpoints = new("--checkpoints") { Description = "Folder of the toy checkpoints.", DefaultValueFactory = _ => ToyCheckpoints.Folder };
        command.Options.Add(preset);
        command.Options.Add(seeds);
        command.Options.Add(fresh);
        command.Options.Add(checkpoints);
        command.SetAction((parsed, cancellation) =>
        {
            string folder = parsed.GetValue(common.Out)!.FullName;
            ReproductionSettings settings = Presets[parsed.GetValue(preset)!];
            int count = parsed.GetValue(seeds) ?? settings.Seeds;
            if (count < 1)
            {
                throw new InputException($"--seeds {count}: expected at least 1.");
            }

            if (parsed.GetValue(fresh) && Directory.Exists(Path.Combine(folder, "stages")))
            {
                Directory.Delete(Path.Combine(folder, "stages"), recursive: true);
            }

            common.UseCompute(parsed, Path.Combine(folder, "stages"));
            ToyReproduction reproduction = new(settings, parsed.GetValue(common.Seed), count, parsed.GetValue(checkpoints)!);
            IReadOnlyList<Claim> claims = RunDisplay.Show(progress => reproduction.Run(folder, progress, cancellation));
            foreach (Claim claim in claims)
            {
                Console.WriteLine(FormattableString.Invariant($"{claim.Id,-4} {Text(claim.Verdict),-13} {claim.Estimate,9:0.0000} [{claim.CiLow:0.0000}, {claim.CiHigh:0.0000}]  {claim.Measure}"));
            }

            Console.WriteLine(Path.Combine(folder, "report.html"));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static string Text(Verdict verdict) => verdict switch
    {
        Verdict.Shown => "shown",
        Verdict.NotShown => "not shown",
        Verdict.Contradicted => "contradicted",
        _ => "not run",
    };
}
