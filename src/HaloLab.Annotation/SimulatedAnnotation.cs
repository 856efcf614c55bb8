using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Preferences.Labels;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Annotation;

/// <summary>
/// Simulated annotators of the toy world who answer over the page's own HTTP interface: they look at the frames that are served, ask the oracle about them and
/// answer item by item. Their ids begin with <c>simulated</c>, and so does whatever is stored of them.
/// </summary>
public sealed class SimulatedAnnotation
{
    private const string LocalDefect = "local defect";
    private const string Overall = "overall quality";
    private static readonly string[] VideoDimensions = ["visual quality", "temporal consistency", "dynamic degree", "text-to-video alignment", "factual consistency"];

    private readonly long _seed;
    private readonly IReadOnlyList<SimulatedAnnotator> _population;
    private readonly ConcurrentDictionary<string, Lazy<OracleVerdict>> _verdicts = new();

    /// <param name="seed">Seed of the annotators' habits and of all noise.</param>
    /// <param name="count">How many annotators, at least 2.</param>
    public SimulatedAnnotation(long seed, int count) => (_seed, _population) = (seed, SimulatedAnnotator.Population(seed, count));

    /// <summary>Their ids, <c>simulated-annotator-1</c> and so on.</summary>
    public IReadOnlyList<string> Annotators => [.. _population.Select(annotator => annotator.Name.Replace(' ', '-'))];

    /// <summary>Refuses a study that simulated annotators cannot answer.</summary>
    /// <exception cref="InputException">A question or a prompt is not of the toy world.</exception>
    public static void RequireToy(AnnotationStudy study)
    {
        ArgumentNullException.ThrowIfNull(study);
        string? unknown = study.PatchQuestions.Where(question => question.Dimension != LocalDefect).Concat(study.VideoQuestions.Where(question => question.Dimension is not (LocalDefect or Overall) && !VideoDimensions.Contains(question.Dimension)))
            .Select(question => question.Dimension).FirstOrDefault();
        if (unknown is not null)
        {
            throw new InputException($"Simulated annotators cannot judge '{unknown}' there. They know {LocalDefect} of patches, and of the whole video {string.Join(", ", VideoDimensions)} and {Overall}.");
        }

        foreach (StudyClip clip in study.Clips)
        {
            ToyCaption.Parse(clip.Prompt ?? throw new InputException($"{clip.Path}: has no prompt. Simulated annotators look at toy clips with their captions."));
        }
    }

    /// <summary>One annotator answers everything that is not answered yet.</summary>
    /// <param name="index">Which annotator.</param>
    /// <param name="client">Its connection.</param>
    /// <param name="advance">Told how many items are done.</param>
    /// <param name="cancellation">Stops between two acts.</param>
    public async Task AnswerAsync(int index, AnnotationClient client, Action<int> advance, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(advance);
        JsonObject study = await client.StudyAsync(cancellation).ConfigureAwait(false);
        int[] grid = [.. study["grid"]!.AsArray().Select(number => (int)number!)];
        string[] patchDimensions = [.. study["patchQuestions"]!.AsArray().Select(question => (string)question!["dimension"]!)];
        string[] videoDimensions = [.. study["videoQuestions"]!.AsArray().Select(question => (string)question!["dimension"]!)];
        int done = 0;
        foreach (JsonNode? listed in await client.ItemsAsync(cancellation).ConfigureAwait(false))
        {
            string id = (string)listed!["id"]!;
            if (!(bool)listed["isDone"]!)
            {
                JsonObject item = await client.ItemAsync(id, cancellation).ConfigureAwait(false);
                OracleVerdict[] seen = new OracleVerdict[item["clips"]!.AsArray().Count];
                for (int side = 0; side < seen.Length; side++)
                {
                    seen[side] = await SeeAsync(client, item, side, new PatchGrid(grid[0], grid[1], grid[2]), cancellation).ConfigureAwait(false);
                }

                AnnotationAct.SaidAnswer[] answers = [.. Answers(_population[index], seen, patchDimensions, videoDimensions)];
                for (int number = 0; number < answers.Length; number++)
                {
                    // The same answer to the same question is the same act, however often a run is begun.
                    string act = string.Create(CultureInfo.InvariantCulture, $"simulated-{_seed}-{id}-{number}");
                    await client.SendAsync(new AnnotationAct { Id = act, Item = id, At = DateTimeOffset.UtcNow, Answers = [answers[number]] }, cancellation).ConfigureAwait(false);
                }
            }

            advance(++done);
        }
    }

    private static IEnumerable<AnnotationAct.SaidAnswer> Answers(SimulatedAnnotator annotator, OracleVerdict[] seen, string[] patchDimensions, string[] videoDimensions)
    {
        PatchGrades[] grades = [.. seen.Select(annotator.Grade)];
        foreach (string dimension in patchDimensions)
        {
            // What a person does: one act for all patches of which the same is to be said, the faulty ones first.
            IEnumerable<IGrouping<AnnotationAct.SaidAnswer, int>> same = Enumerable.Range(0, grades[0].Cells.Length)
                .GroupBy(cell => Say(dimension, [.. grades.Select(one => one.Cells[cell])], annotator.KindOf(seen[0], cell)));
            foreach (IGrouping<AnnotationAct.SaidAnswer, int> group in same.OrderBy(group => group.Key.Grade ?? 0))
            {
                yield return group.Key with { Cells = [.. group] };
            }
        }

        foreach (string dimension in videoDimensions)
        {
            yield return Say(dimension, [.. seen.Select((verdict, side) => dimension is Overall or LocalDefect ? grades[side].Clip : annotator.GradeVideo(verdict)[Array.IndexOf(VideoDimensions, dimension)])], null);
        }
    }

    /// <summary>One grade is said as it is, of two the better side; a gap is "cannot tell".</summary>
    private static AnnotationAct.SaidAnswer Say(string dimension, int?[] grades, DefectType? kind)
    {
        if (grades.Any(grade => grade is null))
        {
            return new AnnotationAct.SaidAnswer(dimension, CannotTell: true);
        }

        return grades.Length == 1
            ? new AnnotationAct.SaidAnswer(dimension, Grade: grades[0], Defect: dimension != LocalDefect || kind is null ? null : grades[0] == 5 ? DefectType.None : kind)
            : new AnnotationAct.SaidAnswer(dimension, Choice: grades[0] > grades[1] ? Side.Left : grades[0] < grades[1] ? Side.Right : Side.Same);
    }

    private async Task<OracleVerdict> SeeAsync(AnnotationClient client, JsonObject item, int side, PatchGrid grid, CancellationToken cancellation)
    {
        JsonNode clip = item["clips"]![side]!;
        (int frames, int height, int width) = ((int)clip["frames"]!, (int)clip["height"]!, (int)clip["width"]!);
        byte[] pixels = new byte[frames * height * width * 3];
        for (int frame = 0; frame < frames; frame++)
        {
            PngStill.Decode(await client.FrameAsync((string)item["id"]!, side, frame, cancellation).ConfigureAwait(false)).Pixels.CopyTo(pixels, frame * height * width * 3);
        }

        VideoClip seen = ToyResampling.Fit(new VideoClip(pixels, frames, height, width, (double)clip["rate"]!));
        string prompt = (string)item["prompt"]!;
        return _verdicts.GetOrAdd($"{seen.ContentHash}/{prompt}", _ => new Lazy<OracleVerdict>(() => OracleVerdict.Of(seen, ToyCaption.Parse(prompt), grid))).Value;
    }
}
