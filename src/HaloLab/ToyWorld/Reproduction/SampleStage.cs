using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Samples a generator, tuned or not, on the prompts that it is judged on; every arm gets the same noise.</summary>
/// <param name="settings">Settings of the run.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="generator">The untuned generator.</param>
/// <param name="name">Name of the arm.</param>
/// <param name="tuned">The stage that tuned it, or null for the untuned generator.</param>
internal sealed class SampleStage(ReproductionSettings settings, long seed, ToyGeneratorFiles generator, string name, Stage? tuned)
{
    private const int PromptsPerFile = 8;
    private const double SecondsPerClip = 0.35;

    public Stage Stage() => new(
        $"samples-{name}-s{seed}",
        1,
        new JsonObject
        {
            ["seed"] = seed,
            ["generator"] = generator.Hash,
            ["split"] = settings.JudgedSplit.ToString(),
            ["prompts"] = settings.ReportingPrompts,
            ["samplesPerPrompt"] = settings.SamplesPerPrompt,
            ["guidance"] = ToyGenerator.Guidance,
        },
        tuned is null ? [] : [tuned],
        settings.ReportingPrompts * settings.SamplesPerPrompt * SecondsPerClip,
        Generate);

    private void Generate(StageContext context)
    {
        IReadOnlyList<string> prompts = PromptSample.Draw(settings.JudgedSplit, settings.ReportingPrompts, seed);
        using ToyGenerator model = generator.Load(context, tuned);
        for (int first = 0; first < prompts.Count; first += PromptsPerFile)
        {
            string path = context.PathOf(string.Create(CultureInfo.InvariantCulture, $"clips-{first:0000}.safetensors"));
            if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                string[] rows = [.. prompts.Skip(first).Take(PromptsPerFile).SelectMany(prompt => Enumerable.Repeat(prompt, settings.SamplesPerPrompt))];
                string[] groups = [.. rows.Select((prompt, i) => string.Create(CultureInfo.InvariantCulture, $"{prompt} / sample {i % settings.SamplesPerPrompt}"))];
                GeneratedClips samples = model.Generate(rows, [.. groups.Select(group => new RandomStream(seed, "judged " + group).NextInt64())]);
                using ClipBundle bundle = new(samples.Pixels_BCTHW.ToClips(ToyRenderer.FramesPerSecond), rows, groups, samples.Latents_BCTHW);
                bundle.Save(path);
            }

            context.Report(first + PromptsPerFile, prompts.Count);
        }
    }
}
