using System.CommandLine;
using System.Globalization;
using HaloLab.Cli.Progress;
using HaloLab.Preferences.Importing;
using HaloLab.Preferences.Labels;
using HaloLab.Preferences.PublicData;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab data</c>: labels in and out of a label store, and public data fetched when it is asked for.</summary>
internal static class DataVerb
{
    public static Command Create() => new("data", "Check, import and export labels; fetch public data.") { Validate(), Import(), Export(), Get() };

    private static Command Validate()
    {
        Command command = new("validate", "Check labels before anything is written: every problem with file, row, field and what was expected.");
        InputOptions input = new(command);
        command.SetWork((parsed, cancellation) =>
        {
            ImportReport report = input.Check(parsed, cancellation, out _, out _);
            report.RequireGood();
            Console.WriteLine(Summary(report));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Import()
    {
        Command command = new("import", "Check labels, then write all of them into a label store, or none.");
        InputOptions input = new(command);
        Option<string> store = Store("Label store to write to; made where there is none.");
        Option<bool> supersede = new("--supersede") { Description = "Where the store has another answer to the same question, write this one as its correction. Default: refuse." };
        command.Options.Add(store);
        command.Options.Add(supersede);
        command.SetWork((parsed, cancellation) =>
        {
            ImportReport report = input.Check(parsed, cancellation, out ILabelFormat format, out ClipNames clips);
            report.RequireGood();
            using LabelStore labels = LabelStore.OpenOrCreate(parsed.GetValue(store)!);
            OnDifferentAnswer onDifferentAnswer = parsed.GetValue(supersede) ? OnDifferentAnswer.Supersede : OnDifferentAnswer.Refuse;
            AppendResult result = default;
            RunDisplay.Bars(advanced => result = LabelImport.Write(report, format, clips, labels, onDifferentAnswer, advanced, cancellation));
            Console.WriteLine(Summary(report));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{labels.Path}: {result.Added:#,0} added, {result.Corrected:#,0} corrected, {result.Repeated:#,0} were there; {labels.Count(LabelQuery.All):#,0} labels now"));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Export()
    {
        Command command = new("export", "Write a store's labels as JSON Lines or Parquet, corrections and what they superseded included.");
        Argument<string> to = new("TO") { Description = "The file to write: .jsonl, .ndjson or .parquet." };
        Option<string> store = Store("Label store to read.");
        Option<string?> clip = new("--clip") { Description = "Only labels of this clip id." };
        Option<string?> dimension = new("--dimension") { Description = "Only labels of this dimension." };
        Option<string?> annotator = new("--annotator") { Description = "Only labels of this annotator." };
        Option<string?> grid = new("--grid") { Description = "Only labels of patches on this grid, for example 4x4x4." };
        command.Arguments.Add(to);
        foreach (Option option in (Option[])[store, clip, dimension, annotator, grid])
        {
            command.Options.Add(option);
        }

        command.SetWork((parsed, cancellation) =>
        {
            LabelQuery query = new()
            {
                Clip = parsed.GetValue(clip),
                Dimension = parsed.GetValue(dimension),
                Annotator = parsed.GetValue(annotator),
                Grid = parsed.GetValue(grid) is { } text ? PatchGrid.Parse(text) : null,
            };
            using LabelStore labels = LabelStore.Open(parsed.GetValue(store)!);
            string path = parsed.GetValue(to)!;
            long written = 0;
            RunDisplay.Bars(advanced => written = LabelExport.Write(labels, query, path, share => advanced("writing labels", share), cancellation));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {written:#,0} labels"));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Get()
    {
        Command command = new("get", "Fetch public data by name, with its hashes checked; goes on where it stopped. Without a name: list what there is.");
        Argument<string?> name = new("NAME") { Description = "Which data.", Arity = ArgumentArity.ZeroOrOne };
        Option<DirectoryInfo> output = new("--out") { Description = "Folder to write to; the data goes into NAME below it.", DefaultValueFactory = _ => new DirectoryInfo("public-data") };
        Option<DirectoryInfo?> from = new("--from") { Description = "Folder that has the files already: nothing is downloaded, they are checked and copied." };
        Option<FileInfo?> sources = new("--sources") { Description = "A list of your own in the form of data/sources.json." };
        command.Arguments.Add(name);
        foreach (Option option in (Option[])[output, from, sources])
        {
            command.Options.Add(option);
        }

        command.SetWork((parsed, cancellation) =>
        {
            string? list = parsed.GetValue(sources)?.FullName;
            if (parsed.GetValue(name) is not { } wanted)
            {
                foreach (DataSource known in DataSource.ReadAll(list))
                {
                    Console.WriteLine($"{known.Name}: {known.Description}\n  {Size(known)}; licence: {known.Licence}; {known.Homepage}");
                }

                return ExitCode.Done;
            }

            DataSource source = DataSource.Find(wanted, list);
            string folder = Path.Combine(parsed.GetValue(output)!.FullName, source.Name);
            Console.Error.WriteLine($"{source.Name}: {Size(source)}; licence: {source.Licence}");
            IReadOnlyList<ReceivedFile> files = [];
            using DataDownload download = new();
            RunDisplay.Bars(advanced => files = download.GetAsync(source, folder, parsed.GetValue(from)?.FullName, advanced, cancellation).GetAwaiter().GetResult());
            foreach (ReceivedFile file in files)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.Combine(folder, file.Name)}: {file.Size:#,0} bytes, SHA-256 {(file.IsListed ? "as listed" : $"{file.Sha256}, not listed: remembered")}"));
            }

            Console.WriteLine($"Cite: {source.Citation}");
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<string> Store(string description) => new("--store") { Description = description, Required = true };

    private static string Summary(ImportReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Path}: {report.Format}, {report.Rows:#,0} rows, {report.Labels:#,0} labels{(report.Repeated > 0 ? $", {report.Repeated:#,0} repeated and left out" : "")}{(report.Videos.Count > 0 ? $", {report.Videos.Count:#,0} videos" : "")}");

    private static string Size(DataSource source) => string.Create(CultureInfo.InvariantCulture, $"{source.Files.Count} {(source.Files.Count == 1 ? "file" : "files")}, {(source.Size is { } bytes ? $"{bytes / 1e6:#,0.0} MB" : "size not published")}");

    /// <summary>What validate and import are told of a file.</summary>
    private sealed class InputOptions
    {
        private readonly Argument<string> _path = new("FILE") { Description = "A file or folder of labels, as it was published." };
        private readonly Option<string?> _format = new("--format") { Description = "Its format: labels, videofeedback, videoscore-answers, videoalign, videodpo, vbench or richhf. Default: what it looks like." };
        private readonly Option<DirectoryInfo?> _videos = new("--videos") { Description = "Folder of the videos that the file names. Default: the file's own." };
        private readonly Option<bool> _byName = new("--by-name") { Description = "Do not look for the videos: clips are known by their published names." };
        private readonly Option<string> _grid = new("--grid") { Description = "richhf: the cells that a heat map is pooled to.", DefaultValueFactory = _ => HeatMapFormat.DefaultGrid.ToString() };

        public InputOptions(Command command)
        {
            command.Arguments.Add(_path);
            foreach (Option option in (Option[])[_format, _videos, _byName, _grid])
            {
                command.Options.Add(option);
            }
        }

        public ImportReport Check(ParseResult parsed, CancellationToken cancellation, out ILabelFormat format, out ClipNames clips)
        {
            string path = parsed.GetValue(_path)!;
            string? videos = parsed.GetValue(_videos)?.FullName;
            bool isByName = parsed.GetValue(_byName);
            if (videos is not null && (isByName || !Directory.Exists(videos)))
            {
                throw new InputException(isByName ? "--videos and --by-name: expected one of them." : $"--videos {videos}: no such folder.");
            }

            format = LabelImport.FindFormat(path, parsed.GetValue(_format), PatchGrid.Parse(parsed.GetValue(_grid)!));
            clips = isByName ? ClipNames.ByName() : ClipNames.ByContent(videos);
            return LabelImport.Validate(path, format, clips, cancellation);
        }
    }
}
