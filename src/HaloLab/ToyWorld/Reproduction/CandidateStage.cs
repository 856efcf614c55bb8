using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Generates the candidate clips of the training prompts: independent layouts, and re-noised versions of each that share its layout.</summary>
/// <param name="settings">Settings of the run.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="generator">The untuned generator.</param>
/// <param name="round">The round of tuning that learns from them.</param>
internal sealed class CandidateStage(ReproductionSettings settings, long seed, ToyGeneratorFiles generator, TuningRound round)
{
    private const int PromptsPerFile = 8;
    private const double SecondsPerClip = 0.35;

    public Stage Stage() => new(
        round.NameOf("candidates", seed),
        1,
        Settings(),
        round.Inputs,
        settings.TrainingPrompts * settings.LayoutsPerPrompt * settings.ClipsPerLayout * SecondsPerClip,
        Generate);

    /// <summary>The bundles of the stage in the order of the prompts.</summary>
    public static ClipBundle Load(string folder) => ClipBundle.Load(Directory.GetFiles(folder, "clips-*.safetensors").Order(StringComparer.Ordinal));

    private JsonObject Settings()
    {
        JsonObject named = new()
        {
            ["seed"] = seed,
            ["generator"] = generator.Hash,
            ["prompts"] = settings.TrainingPrompts,
            ["layoutsPerPrompt"] = settings.LayoutsPerPrompt,
            ["clipsPerLayout"] = settings.ClipsPerLayout,
            ["resampleShare"] = settings.ResampleShare,
            ["guidance"] = ToyGenerator.Guidance,
        };

        // Folders from before there were rounds keep their names.
        if (round.Number > 1)
        {
            named["round"] = round.Number;
        }

        return named;
    }

    private void Generate(StageContext context)
    {
        IReadOnlyList<string> prompts = PromptSample.Draw(ToySplit.Training, settings.TrainingPrompts, seed);
        using ToyGenerator model = generator.Load(context, round.Before);
        for (int first = 0; first < prompts.Count; first += PromptsPerFile)
        {
            string path = context.PathOf(string.Create(CultureInfo.InvariantCulture, $"clips-{first:0000}.safetensors"));
            if (!File.Exists(path))
            {
                using var scope = NewDisposeScope();
                using ClipBundle bundle = Bundle(model, [.. prompts.Skip(first).Take(PromptsPerFile)]);
                bundle.Save(path);
            }

            context.Report(first + PromptsPerFile, prompts.Count);
        }
    }

    private ClipBundle Bundle(ToyGenerator model, string[] prompts)
    {
        string[] rows = [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, settings.LayoutsPerPrompt))];
        string[] groups = [.. rows.Select((prompt, i) => string.Create(CultureInfo.InvariantCulture, $"{prompt} / layout {i % settings.LayoutsPerPrompt}"))];
        GeneratedClips samples = model.Generate(rows, Seeds(groups, 0));
        List<Tensor> latents = [samples.Latents_BCTHW];
        List<Tensor> pixels = [samples.Pixels_BCTHW];
        for (int version = 1; version < settings.ClipsPerLayout; version++)
        {
            GeneratedClips versions = model.Resample(rows, Seeds(groups, version), samples.Latents_BCTHW, settings.ResampleShare);
            latents.Add(versions.Latents_BCTHW);
            pixels.Add(versions.Pixels_BCTHW);
        }

        VideoClip[] clips = cat([.. pixels]).ToClips(ToyRenderer.FramesPerSecond);
        string[] Repeated(string[] values) => [.. Enumerable.Repeat(values, settings.ClipsPerLayout).SelectMany(value => value)];
        return new ClipBundle(clips, Repeated(rows), Repeated(groups), cat([.. latents]));
    }

    private long[] Seeds(string[] groups, int version)
    {
        string purpose = round.Number == 1 ? "candidate " : string.Create(CultureInfo.InvariantCulture, $"candidate of round {round.Number} ");
        return [.. groups.Select(group => new RandomStream(seed, purpose + group, version).NextInt64())];
    }
}
