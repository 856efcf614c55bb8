using System.CommandLine;
using System.Globalization;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab generate</c>: samples clips of prompts, from the toy generator or from a published model's folder.</summary>
internal static class GenerateVerb
{
    public static Command Create()
    {
        Command command = new("generate", "Sample clips from the toy generator (animated PNGs, a page to watch them, a manifest) or from a published model's folder (goes on where it stopped).");
        CommonOptions common = new(hasPrecision: true);
        common.AddTo(command, Path.Combine("runs", "generate"));
        Option<string[]> prompts = new("--prompt") { Description = "What to show, for example \"a red circle moving left on a dark background\"; may be given several times." };
        Option<FileInfo?> file = new("--prompts") { Description = "Text file with a prompt on each line." };
        Option<int> count = new("--count") { Description = "Clips per prompt, at least 1.", DefaultValueFactory = _ => 1 };
        Option<string> checkpoints = new("--checkpoints") { Description = "Folder of the toy checkpoints.", DefaultValueFactory = _ => ToyCheckpoints.Folder };
        ModelOptions model = new();
        foreach (Option option in (Option[])[prompts, file, count, checkpoints, .. model.All])
        {
            command.Options.Add(option);
        }

        command.SetWork((parsed, cancellation) =>
        {
            int clipsPerPrompt = parsed.GetValue(count);
            if (clipsPerPrompt < 1)
            {
                throw new InputException($"--count {clipsPerPrompt}: expected at least 1.");
            }

            string[] texts = Prompts(parsed.GetValue(prompts) ?? [], parsed.GetValue(file)?.FullName);
            string folder = parsed.GetValue(common.Out)!.FullName;
            if (parsed.GetValue(model.Folder) is not null)
            {
                common.Compute.Use(parsed, model.StoreIn(parsed, folder));
                model.Generate(parsed, texts, clipsPerPrompt, parsed.GetValue(common.Seed), folder, cancellation);
                return ExitCode.Done;
            }

            model.RefuseWithoutFolder(parsed);
            common.Compute.Use(parsed, isToy: true);
            string[] captions = [.. texts.Select(text => ToyCaption.Parse(text).ToString()).SelectMany(text => Enumerable.Repeat(text, clipsPerPrompt))];
            Generate(captions, clipsPerPrompt, parsed.GetValue(common.Seed), parsed.GetValue(checkpoints)!, folder);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>All prompts, each once.</summary>
    private static string[] Prompts(string[] given, string? file)
    {
        string[] all = [.. given, .. file is null ? [] : PromptFile.Read(file)];
        if (all.Length == 0)
        {
            throw new InputException(file is null ? "There is no prompt. Give one with --prompt, or a file of them with --prompts." : $"{file}: holds no prompt. Expected one on each line.");
        }

        string[] distinct = [.. all.Distinct()];
        if (distinct.Length < all.Length)
        {
            Console.Error.WriteLine($"{all.Length - distinct.Length} prompts repeat others and are left out.");
        }

        return distinct;
    }

    private static void Generate(string[] prompts, int clipsPerPrompt, long seed, string checkpoints, string folder)
    {
        using ToyGenerator generator = ToyGenerator.Load(checkpoints);
        long[] seeds = [.. prompts.Select((prompt, i) => new RandomStream(seed, "generate " + prompt, i % clipsPerPrompt).NextInt64())];
        using GeneratedClips generated = generator.Generate(prompts, seeds);
        VideoClip[] clips = generated.Pixels_BCTHW.ToClips(ToyRenderer.FramesPerSecond);
        List<object> rows = [];
        for (int i = 0; i < clips.Length; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"clip-{i:000}.png");
            AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(Apng.Encode(clips[i])));
            rows.Add(new { File = name, Prompt = prompts[i], ContentHash = clips[i].ContentHash });
        }

        JsonFile.Write(Path.Combine(folder, "manifest.json"), new { Generator = generator.Hash, Seed = seed, Guidance = ToyGenerator.Guidance, Compute.Threads, Clips = rows });
        HtmlPage page = new("Generated clips", "toy generator");
        page.Add("Clips", new ClipPlayer([.. clips.Select((clip, i) => new PlayerClip(string.Create(CultureInfo.InvariantCulture, $"clip {i}"), clip, prompts[i]))]).ToHtml());
        page.Write(Path.Combine(folder, "clips.html"));
        Console.WriteLine(Path.Combine(folder, "clips.html"));
    }
}
