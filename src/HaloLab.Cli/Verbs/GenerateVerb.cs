using System.CommandLine;
using System.Globalization;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab generate</c>: samples clips of prompts from the toy generator.</summary>
internal static class GenerateVerb
{
    public static Command Create()
    {
        Command command = new("generate", "Sample clips from the toy generator: an animated PNG for each, a page to watch them, and a manifest.");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "generate"));
        Option<string[]> prompts = new("--prompt") { Description = "What to show, for example \"a red circle moving left on a dark background\"; may be given several times.", Required = true };
        Option<int> count = new("--count") { Description = "Clips per prompt, at least 1.", DefaultValueFactory = _ => 1 };
        Option<string> checkpoints = new("--checkpoints") { Description = "Folder of the toy checkpoints.", DefaultValueFactory = _ => ToyCheckpoints.Folder };
        command.Options.Add(prompts);
        command.Options.Add(count);
        command.Options.Add(checkpoints);
        command.SetAction((parsed, _) =>
        {
            int clipsPerPrompt = parsed.GetValue(count);
            if (clipsPerPrompt < 1)
            {
                throw new InputException($"--count {clipsPerPrompt}: expected at least 1.");
            }

            string[] texts = [.. parsed.GetValue(prompts)!.Select(text => ToyCaption.Parse(text).ToString()).SelectMany(text => Enumerable.Repeat(text, clipsPerPrompt))];
            common.UseCompute(parsed);
            Generate(texts, clipsPerPrompt, parsed.GetValue(common.Seed), parsed.GetValue(checkpoints)!, parsed.GetValue(common.Out)!.FullName);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
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
