using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using HaloLab.Annotation;
using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab annotate</c>: people grade clips and patches in a page of this machine; how they agree; simulated annotators over the same page.</summary>
internal static class AnnotateVerb
{
    public static Command Create()
    {
        Command command = new("annotate", $"Serve a page on this machine in which people grade or compare clips and their patches; every answer goes to a label store at once. Prints a link for each annotator; the secret in them is made of {AnnotationServerOptions.TokenVariable}, or random. Stops on Ctrl-C; the same command goes on.");
        StudyArguments study = new(command, "labels.sqlite");
        Option<string> annotators = new("--annotators") { Description = "Ids of the annotators, separated by commas.", DefaultValueFactory = _ => "annotator" };
        Option<int> port = new("--port") { Description = "TCP port; 0 takes a free one. Answers that wait in a browser for a lost connection belong to the port: keep it.", DefaultValueFactory = _ => 8137 };
        command.Options.Add(annotators);
        command.Options.Add(port);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(port) is < 0 or > 65535)
            {
                throw new InputException($"--port {parsed.GetValue(port)}: expected 0 to 65535.");
            }

            string? token = Environment.GetEnvironmentVariable(AnnotationServerOptions.TokenVariable);
            AnnotationServerOptions options = new() { Token = string.IsNullOrEmpty(token) ? NewToken() : token, Port = parsed.GetValue(port) };
            AnnotationStudy asked = Read(study.Options(parsed, Names(parsed.GetValue(annotators)!)), cancellation);
            using LabelStore store = LabelStore.OpenOrCreate(parsed.GetValue(study.Store)!);
            await using AnnotationServer server = await AnnotationServer.StartAsync(asked, store, options, cancellation);
            Console.Error.WriteLine($"{asked.Clips.Count} clips, {asked.Items(asked.Options.Annotators[0]).Count} items of {asked.QuestionsPerItem} questions for each annotator; answers go to {store.Path}. Stops on Ctrl-C.");
            foreach (string annotator in asked.Options.Annotators)
            {
                Console.WriteLine($"{annotator}: {server.LinkOf(annotator)}");
            }

            await server.WaitAsync(cancellation);
            foreach ((string annotator, int done, int items) in server.Progress())
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{annotator}: {done} of {items} items done"));
            }

            return ExitCode.Interrupted;
        });
        command.Subcommands.Add(Agreement());
        command.Subcommands.Add(Simulate());
        return command;
    }

    private static Command Agreement()
    {
        Command command = new("agreement", "How the annotators of a label store agree: Krippendorff's alpha by dimension and by patch, kappa of every two, who disagrees where, and the ceiling for models, with intervals over prompts (agreement.html, agreement.json).");
        Argument<string> from = new("STORE") { Description = "Label store to read." };
        Option<string?> annotators = new("--annotators") { Description = "Whose labels, separated by commas. Default: all people, or all simulated annotators where there are no people." };
        Option<string?> dimensions = new("--dimensions") { Description = "Which dimensions, separated by commas. Default: all." };
        Option<long> seed = new("--seed") { Description = "Seed of the bootstrap.", DefaultValueFactory = _ => 1 };
        Option<DirectoryInfo> output = new("--out") { Description = "Folder to write to.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "agreement")) };
        command.Arguments.Add(from);
        foreach (Option option in (Option[])[annotators, dimensions, seed, output])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellation) =>
        {
            using LabelStore store = LabelStore.Open(parsed.GetValue(from)!);
            string[] wanted = Names(parsed.GetValue(dimensions) ?? "");
            AgreementReport? report = null;
            RunDisplay.Bar("agreement", advance => report = AgreementReport.Of(store, Names(parsed.GetValue(annotators) ?? ""), dimension => wanted.Length == 0 || wanted.Contains(dimension), parsed.GetValue(seed), advance, cancellation));
            Console.WriteLine(report!.ToText());
            Console.WriteLine(report.Write(parsed.GetValue(output)!.FullName));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command Simulate()
    {
        Command command = new("simulate", "Let simulated annotators of the toy world answer over the same interface as the page; they are labelled simulated. Goes on where it stopped.");
        StudyArguments study = new(command, "simulated-labels.sqlite");
        Option<int> count = new("--annotators") { Description = "How many simulated annotators, at least 2.", DefaultValueFactory = _ => 5 };
        command.Options.Add(count);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(count) is < 2 or > 1000)
            {
                throw new InputException($"--annotators {parsed.GetValue(count)}: expected 2 to 1000.");
            }

            SimulatedAnnotation simulation = new(parsed.GetValue(study.Seed), parsed.GetValue(count));
            AnnotationStudy asked = Read(study.Options(parsed, simulation.Annotators), cancellation);
            SimulatedAnnotation.RequireToy(asked);
            using LabelStore store = LabelStore.OpenOrCreate(parsed.GetValue(study.Store)!);
            await using AnnotationServer server = await AnnotationServer.StartAsync(asked, store, new AnnotationServerOptions { Token = NewToken(), Port = 0 }, cancellation);
            RunDisplay.Bar("simulated annotators", advance => Answer(simulation, server, advance, cancellation));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{store.Path}: {store.Count(LabelQuery.All):#,0} labels now, those of {string.Join(", ", simulation.Annotators)} simulated"));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>All annotators at once; what each has done is shown by the thread that waits.</summary>
    private static void Answer(SimulatedAnnotation simulation, AnnotationServer server, Action<double> advance, CancellationToken cancellation)
    {
        int items = server.Progress().Sum(annotator => annotator.Items);
        int[] done = new int[simulation.Annotators.Count];
        Task all = Task.WhenAll(simulation.Annotators.Select((annotator, i) => Task.Run(
            async () =>
            {
                using AnnotationClient client = new(server.Address, annotator, server.TokenOf(annotator), TimeSpan.FromSeconds(30));
                await simulation.AnswerAsync(i, client, count => Volatile.Write(ref done[i], count), cancellation);
            },
            cancellation)));
        while (Task.WaitAny([all], TimeSpan.FromMilliseconds(100)) < 0)
        {
            advance((double)done.Sum() / items);
        }

        all.GetAwaiter().GetResult();
    }

    private static AnnotationStudy Read(StudyOptions options, CancellationToken cancellation)
    {
        AnnotationStudy? study = null;
        RunDisplay.Bar("check clips", advance => study = AnnotationStudy.ReadAsync(options, advance, cancellation).GetAwaiter().GetResult());
        return study!;
    }

    private static string NewToken() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private static string[] Names(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What is asked about which clips.</summary>
    private sealed class StudyArguments
    {
        private readonly Argument<string> _clips = new("CLIPS") { Description = "A folder of clips (one that `halolab generate` wrote, or any with --prompts), a list of clips and prompts (.jsonl or .csv), or a label store, whose clips are meant." };
        private readonly Option<string> _grid = new("--grid") { Description = "Patches: time x height x width.", DefaultValueFactory = _ => "4x4x4" };
        private readonly StrideOption _stride = new();
        private readonly Option<FileInfo?> _prompts = new("--prompts") { Description = "For a folder: clips (relative to it) and their prompts, .jsonl or .csv with the fields clip and prompt. Default: the folder's manifest.json." };
        private readonly Option<DirectoryInfo?> _videos = new("--videos") { Description = "For a list or a label store: the folder that its names of clips start from. Default: its own." };
        private readonly Option<bool> _compare = new("--compare") { Description = "Compare every two clips of a prompt, side by side, instead of grading each." };
        private readonly Option<string?> _patches = new("--patch-dimensions") { Description = "What is asked of every patch, separated by commas; none for nothing. Default: local defect, or nothing with --compare." };
        private readonly Option<string?> _whole = new("--video-dimensions") { Description = "What is asked of the whole video; none for nothing. Default: the five dimensions of VideoScore, or overall quality with --compare." };
        private readonly Option<FileInfo?> _questionnaire = new("--questionnaire") { Description = "A questionnaire of your own in the form of data/annotation/questionnaire.v1.json." };
        private readonly Option<FileInfo?> _training = new("--training") { Description = "Label store whose labels are known answers to its clips: annotators begin with those and are told where they differ." };
        private readonly Option<DirectoryInfo?> _trainingVideos = new("--training-videos") { Description = "Folder that the training store's names of clips start from. Default: its own." };
        private readonly Option<double> _repeats = new("--repeat-share") { Description = "Share of the items that every annotator gets again at the end, unannounced, to measure agreement with itself.", DefaultValueFactory = _ => 0 };

        public StudyArguments(Command command, string store)
        {
            Store = new("--store") { Description = "Label store to write to; made where there is none.", DefaultValueFactory = _ => Path.Combine("runs", "annotate", store) };
            command.Arguments.Add(_clips);
            foreach (Option option in (Option[])[Store, _grid, _stride.Option, _prompts, _videos, _compare, _patches, _whole, _questionnaire, _training, _trainingVideos, _repeats, Seed])
            {
                command.Options.Add(option);
            }
        }

        public Option<string> Store { get; }

        public Option<long> Seed { get; } = new("--seed") { Description = "Seed of orders and sides.", DefaultValueFactory = _ => 1 };

        public StudyOptions Options(ParseResult parsed, IReadOnlyList<string> annotators)
        {
            (int frames, int pixels) = _stride.Read(parsed);
            return new StudyOptions
            {
                Clips = parsed.GetValue(_clips)!,
                Prompts = parsed.GetValue(_prompts)?.FullName,
                Videos = parsed.GetValue(_videos)?.FullName,
                Grid = PatchGrid.Parse(parsed.GetValue(_grid)!),
                TemporalStride = frames,
                SpatialStride = pixels,
                Compares = parsed.GetValue(_compare),
                PatchDimensions = Dimensions(parsed.GetValue(_patches)),
                VideoDimensions = Dimensions(parsed.GetValue(_whole)),
                Questionnaire = parsed.GetValue(_questionnaire)?.FullName,
                Training = parsed.GetValue(_training)?.FullName,
                TrainingVideos = parsed.GetValue(_trainingVideos)?.FullName,
                RepeatShare = parsed.GetValue(_repeats),
                Annotators = annotators,
                Seed = parsed.GetValue(Seed),
            };
        }

        private static string[]? Dimensions(string? text) => text is null ? null : text == "none" ? [] : Names(text);
    }
}
