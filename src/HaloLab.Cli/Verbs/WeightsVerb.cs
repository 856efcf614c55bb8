using System.CommandLine;
using System.Globalization;
using HaloLab.Checkpoints;
using HaloLab.Cli.Progress;
using HaloLab.Models;
using static TorchSharp.torch;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab weights</c>: what a checkpoint is, in other layouts and types, with an adapter merged in, compared with another.</summary>
internal static class WeightsVerb
{
    private static readonly Dictionary<string, ScalarType> Types = new() { ["f32"] = ScalarType.Float32, ["f16"] = ScalarType.Float16, ["bf16"] = ScalarType.BFloat16 };

    public static Command Create() => new("weights", "Look at, convert, merge and compare checkpoints. Files are data: nothing in them is executed.") { Inspect(), Verify(), Convert(), MergeLora(), Diff() };

    private static Argument<string> File(string name, string description) => new(name) { Description = description };

    private static Argument<string> Checkpoint(string name) => File(name, "A .safetensors file, an index of several, a .ckpt, .pt, .pth or .bin, or a folder with one of these.");

    private static Command Inspect()
    {
        Command command = new("inspect", "Say what a checkpoint is: its layout, tensors, types and sizes.");
        Argument<string> path = Checkpoint("FILE");
        Option<bool> keys = new("--keys") { Description = "List every tensor with its type and shape." };
        Option<bool> statistics = new("--statistics") { Description = "Read every tensor and add its smallest and largest value, mean, standard deviation and number of values that are not finite." };
        command.Arguments.Add(path);
        command.Options.Add(keys);
        command.Options.Add(statistics);
        command.SetWork((parsed, cancellation) =>
        {
            using IWeightFile file = WeightFiles.Open(parsed.GetValue(path)!);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file.Source}: {PublishedLayout.Recognise([.. file.Entries.Keys])?.Name ?? "layout not known"}"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file.Entries.Count} tensors, {file.Entries.Values.Sum(entry => entry.Elements):#,0} values"));
            foreach (IGrouping<string, WeightEntry> type in file.Entries.Values.GroupBy(entry => entry.StoredType).OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {type.Key}: {type.Count()} tensors, {type.Sum(entry => entry.Elements):#,0} values"));
            }

            foreach ((string key, string value) in file.Metadata)
            {
                Console.WriteLine($"  {key} = {(value.Length > 100 ? value[..100].ReplaceLineEndings(" ") + "…" : value.ReplaceLineEndings(" "))}");
            }

            foreach ((string name, WeightEntry entry) in parsed.GetValue(keys) || parsed.GetValue(statistics) ? file.Entries : new Dictionary<string, WeightEntry>())
            {
                cancellation.ThrowIfCancellationRequested();
                Console.WriteLine($"{name} {entry.StoredType} [{string.Join(", ", entry.Shape)}]{(parsed.GetValue(statistics) ? Statistics(file, name) : "")}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Verify()
    {
        Command command = new("verify", "Check that a checkpoint has every tensor of its model with its shape, no other, and finite values only.");
        Argument<string> path = Checkpoint("FILE");
        Option<string?> configuration = new("--config") { Description = "The model's config.json, for VideoCrafter2 the .yaml of its code. Default: the one beside FILE." };
        command.Arguments.Add(path);
        command.Options.Add(configuration);
        command.SetWork((parsed, cancellation) =>
        {
            string given = parsed.GetValue(path)!;
            using IWeightFile file = WeightFiles.Open(given);
            PublishedLayout? layout = PublishedLayout.Recognise([.. file.Entries.Keys]);
            PublishedModel model = layout?.Model
                ?? throw new InputException($"{file.Source}: {layout?.Name ?? "its layout is not known"}, and there is no model to check it against. Known are the models of Wan2.1, CogVideoX and VideoCrafter2.");
            string config = parsed.GetValue(configuration) ?? model.ConfigurationIn((Directory.Exists(given) ? given : Path.GetDirectoryName(Path.GetFullPath(given)))!);
            model.Check(file, config);
            string[] broken = [];
            RunDisplay.Bar("reading", advanced => broken = NotFinite(file, advanced, cancellation));
            if (broken.Length > 0)
            {
                throw new InputException($"{file.Source}: {broken.Length} tensors hold values that are not finite: {string.Join("; ", broken.Take(8))}. Fetch the file again.");
            }

            Console.WriteLine($"{file.Source}: {layout.Name}, {file.Entries.Count} tensors as {config} says, every value finite");
            return ExitCode.Done;
        });
        return command;
    }

    private static string[] NotFinite(IWeightFile file, Action<double> advanced, CancellationToken cancellation)
    {
        List<string> broken = [];
        foreach ((int i, string name) in file.Entries.Keys.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            if (!file.Read(name).isfinite().all().item<bool>())
            {
                broken.Add(name);
            }

            advanced((i + 1.0) / file.Entries.Count);
        }

        return [.. broken];
    }

    private static string Statistics(IWeightFile file, string name)
    {
        using Tensor tensor = file.Read(name);
        WeightStatistics values = WeightStatistics.Of(tensor);
        return string.Create(CultureInfo.InvariantCulture, $" {values.Minimum:g6} to {values.Maximum:g6}, mean {values.Mean:g6}, sd {values.StandardDeviation:g6}, {values.NonFinite} not finite");
    }

    private static Command Convert()
    {
        Command command = new("convert", "Write a checkpoint as one safetensors file, tensor by tensor.");
        Argument<string> from = Checkpoint("FROM");
        Argument<string> to = File("TO", "The .safetensors file to write.");
        Option<string?> type = new("--dtype") { Description = "Type of floating-point tensors: f32, f16 or bf16. Default: as they are." };
        type.AcceptOnlyFromAmong([.. Types.Keys]);
        Option<bool> otherLayout = new("--other-layout") { Description = "Rename the tensors to the model's other published layout (original to diffusers, or back)." };
        Option<string> prefix = new("--prefix") { Description = "Take only tensors whose names begin with this, and take it off: state_dict.", DefaultValueFactory = _ => "" };
        command.Arguments.Add(from);
        command.Arguments.Add(to);
        command.Options.Add(type);
        command.Options.Add(otherLayout);
        command.Options.Add(prefix);
        command.SetWork((parsed, cancellation) =>
        {
            using IWeightFile file = WeightFiles.Open(parsed.GetValue(from)!);
            string start = parsed.GetValue(prefix)!;
            Func<string, string?> own = name => name.StartsWith(start, StringComparison.Ordinal) ? name[start.Length..] : null;
            Func<string, string?> rename = own;
            if (parsed.GetValue(otherLayout))
            {
                PublishedLayout? layout = PublishedLayout.Recognise([.. file.Entries.Keys.Select(own).OfType<string>()]);
                Func<string, string?> toOther = layout?.ToOther
                    ?? throw new InputException($"{file.Source}: {layout?.Name ?? "its layout is not known"}, and there is no table to another layout. Known are Wan2.1's transformer, autoencoder and text encoder.");
                rename = name => own(name) is { } stem ? toOther(stem) : null;
            }

            string target = parsed.GetValue(to)!;
            ScalarType? wanted = parsed.GetValue(type) is { } chosen ? Types[chosen] : null;
            RunDisplay.Bar("writing", advanced => WeightConversion.Write(file, target, rename, wanted, advanced, cancellation));
            Console.WriteLine(target);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command MergeLora()
    {
        Command command = new("merge-lora", "Put an adapter (peft's folder or file, diffusers' file) into a model's weights.");
        Argument<string> from = Checkpoint("FROM");
        Argument<string> adapter = File("ADAPTER", "The adapter.");
        Argument<string> to = File("TO", "The .safetensors file to write.");
        Option<double> strength = new("--strength") { Description = "Factor on the adapter.", DefaultValueFactory = _ => 1 };
        command.Arguments.Add(from);
        command.Arguments.Add(adapter);
        command.Arguments.Add(to);
        command.Options.Add(strength);
        command.SetWork((parsed, cancellation) =>
        {
            string source = parsed.GetValue(adapter)!;
            using IWeightFile file = WeightFiles.Open(parsed.GetValue(from)!);
            using LoraFile lora = LoraFile.Load(source);
            string target = parsed.GetValue(to)!;
            RunDisplay.Bar("writing", advanced => WeightConversion.MergeLora(file, lora, source, parsed.GetValue(strength), target, advanced, cancellation));
            Console.WriteLine(target);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Diff()
    {
        Command command = new("diff", "Compare two checkpoints tensor by tensor.");
        Argument<string> first = Checkpoint("A");
        Argument<string> second = Checkpoint("B");
        command.Arguments.Add(first);
        command.Arguments.Add(second);
        command.SetWork((parsed, cancellation) =>
        {
            using IWeightFile a = WeightFiles.Open(parsed.GetValue(first)!);
            using IWeightFile b = WeightFiles.Open(parsed.GetValue(second)!);
            int different = 0;
            foreach (string name in a.Entries.Keys.Union(b.Entries.Keys))
            {
                cancellation.ThrowIfCancellationRequested();
                if (Difference(a, b, name) is { } difference)
                {
                    different++;
                    Console.WriteLine($"{name}: {difference}");
                }
            }

            Console.WriteLine(different == 0 ? $"The same {a.Entries.Count} tensors." : $"{different} tensors differ.");
            return ExitCode.Done;
        });
        return command;
    }

    private static string? Difference(IWeightFile a, IWeightFile b, string name)
    {
        if (!a.Entries.TryGetValue(name, out WeightEntry? inA) || !b.Entries.TryGetValue(name, out WeightEntry? inB))
        {
            return inA is null ? "only in B" : "only in A";
        }

        if (!inA.Shape.SequenceEqual(inB.Shape))
        {
            return $"[{string.Join(", ", inA.Shape)}] in A, [{string.Join(", ", inB.Shape)}] in B";
        }

        using var scope = NewDisposeScope();
        (Tensor valuesA, Tensor valuesB) = (a.Read(name), b.Read(name));
        string types = inA.StoredType == inB.StoredType ? "" : $"{inA.StoredType} in A, {inB.StoredType} in B, ";
        if (types.Length == 0 && valuesA.eq(valuesB).all().item<bool>())
        {
            return null;
        }

        double largest = valuesA.NumberOfElements == 0 ? 0 : (valuesA.to(ScalarType.Float64) - valuesB.to(ScalarType.Float64)).abs().max().item<double>();
        return string.Create(CultureInfo.InvariantCulture, $"{types}largest difference {largest:g6}");
    }
}
