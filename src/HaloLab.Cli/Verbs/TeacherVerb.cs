using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using HaloLab.TeacherEndpoint;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab teacher serve-simulated</c>: a fake chat completions service on this machine.</summary>
internal static class TeacherVerb
{
    private const string KeyVariable = "HALOLAB_SIMULATED_KEY";

    public static Command Create() => new("teacher", "Teachers that grade patches.") { ServeSimulated() };

    private static Command ServeSimulated()
    {
        Command command = new("serve-simulated", $"Answer chat completions requests about toy clips on this machine, in Azure's and OpenAI's address forms, as a *simulated* teacher. The key is what {KeyVariable} holds, or a random one. Stops on Ctrl-C.");
        Option<int> port = new("--port") { Description = "TCP port; 0 takes a free one.", DefaultValueFactory = _ => 0 };
        Option<long> seed = new("--seed") { Description = "Seed of grades and faults.", DefaultValueFactory = _ => 1 };
        Option<string[]> faults = new("--fault") { Description = "Something that goes wrong, with its share of requests: 429=0.05, also 500, timeout, dropped, garbage, truncated, refusal; may be given several times.", AllowMultipleArgumentsPerToken = true };
        Option<double> latency = new("--latency") { Description = "Seconds before every answer.", DefaultValueFactory = _ => 0 };
        Option<int?> newSnapshot = new("--new-snapshot-after") { Description = "Answers after which another snapshot of the model answers." };
        Option<FileInfo?> log = new("--log") { Description = "JSON Lines file to which every request is added with what was charged for it." };
        Option<DirectoryInfo?> record = new("--record") { Description = "Folder for the bodies of requests and answers." };
        foreach (Option option in (Option[])[port, seed, faults, latency, newSnapshot, log, record])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(port) is < 0 or > 65535)
            {
                throw new InputException($"--port {parsed.GetValue(port)}: expected 0 to 65535.");
            }

            if (parsed.GetValue(latency) is not (>= 0 and <= 600))
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture, $"--latency {parsed.GetValue(latency)}: expected 0 to 600 seconds."));
            }

            string? key = Environment.GetEnvironmentVariable(KeyVariable);
            bool isRandom = string.IsNullOrEmpty(key);
            SimulatedEndpointOptions options = new()
            {
                Key = isRandom ? RandomNumberGenerator.GetHexString(32, lowercase: true) : key!,
                Port = parsed.GetValue(port),
                Seed = parsed.GetValue(seed),
                Faults = FaultRates.Parse(parsed.GetValue(faults) ?? []),
                Latency = TimeSpan.FromSeconds(parsed.GetValue(latency)),
                NewSnapshotAfter = parsed.GetValue(newSnapshot),
                Log = parsed.GetValue(log)?.FullName,
                Record = parsed.GetValue(record)?.FullName,
            };
            await using SimulatedEndpoint endpoint = await SimulatedEndpoint.StartAsync(options, cancellation);
            string address = endpoint.Address.GetLeftPart(UriPartial.Authority);
            Console.WriteLine(address);
            Console.Error.WriteLine($"The simulated teacher answers at {address} (Azure's form) and {address}/v1 (OpenAI's form).");
            if (isRandom)
            {
                Console.Error.WriteLine($"Its key, for this process only: {options.Key}");
            }

            await endpoint.WaitAsync(cancellation);
            return ExitCode.Interrupted;
        });
        return command;
    }
}
