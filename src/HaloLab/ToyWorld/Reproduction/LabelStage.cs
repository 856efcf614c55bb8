using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>
/// The labels that the reward model learns from: patch grades of the simulated teacher (standing in for GPT-4o), and clip grades of simulated
/// annotators (standing in for the human labels that the video reward model was trained on).
/// </summary>
internal sealed class LabelStage(ReproductionSettings settings, long seed, Stage candidates)
{
    public const string File = "labels.json";
    private const double SecondsPerClip = 0.03;

    public Stage Stage() => new(
        $"labels-s{seed}",
        1,
        Settings(),
        [candidates],
        settings.TrainingPrompts * settings.LayoutsPerPrompt * settings.ClipsPerLayout * SecondsPerClip,
        Label);

    private JsonObject Settings()
    {
        JsonObject named = new() { ["seed"] = seed, ["labelledPrompts"] = settings.LabelledPrompts, ["grid"] = settings.Grid.ToString() };

        // Folders from before there was a choice keep their names.
        if (settings.TeacherNoise != SimulatedTeacher.DefaultNoise)
        {
            named["teacherNoise"] = settings.TeacherNoise;
        }

        return named;
    }

    private void Label(StageContext context)
    {
        using ClipBundle bundle = CandidateStage.Load(context.Input(candidates.Name, ""));
        HashSet<string> labelled = [.. bundle.Prompts.Distinct().Take(settings.LabelledPrompts)];
        SimulatedTeacher teacher = new(seed, settings.TeacherNoise);
        IReadOnlyList<SimulatedAnnotator> annotators = SimulatedAnnotator.Population(seed);
        CandidateLabels[] rows = new CandidateLabels[bundle.Clips.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            context.Report(i, rows.Length);
            ToyCaption caption = ToyCaption.Parse(bundle.Prompts[i]);
            OracleVerdict verdict = OracleVerdict.Of(bundle.Clips[i], caption, settings.Grid);
            rows[i] = new CandidateLabels(
                bundle.Clips[i].ContentHash,
                bundle.Prompts[i],
                labelled.Contains(bundle.Prompts[i]) ? teacher.Grade(verdict) : null,
                SimulatedAnnotator.MeanClipGrade(annotators, verdict));
        }

        JsonFile.Write(context.PathOf(File), rows);
    }
}
