using System.Diagnostics;
using HaloLab.Statistics;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.Documentation;

/// <summary>
/// Runs what documents say: the commands of one document one after the other in an empty folder that holds the files which its text speaks of. Every command of every document either runs here or has a reason why not
/// (<see cref="NotRun"/>).
/// </summary>
public sealed class DocumentedRunTests : IDisposable
{
    private const string Prompt = "a red circle moving left on a dark background";

    /// <summary>Documents whose commands run, but for those that have a reason.</summary>
    private static readonly string[] Run = ["README.md", "docs/annotation.md", "docs/getting-started.md", "docs/own-model.md", "docs/own-videos.md", "docs/teacher.md"];

    /// <summary>Why a command that contains a text does not run here.</summary>
    private static readonly (string Text, string Reason)[] NotRun =
    [
        ("git clone", "the address is the reader's"),
        ("cd halolab", "the same"),
        ("alias ", "says what `halolab` stands for"),
        (".devcontainer/setup.sh", ".ci/run runs its steps"),
        ("apt-get ", ".devcontainer/setup.sh does it"),
        ("jupyter ", "waits for a reader; HaloLab.Notebooks.Tests runs Jupyter"),
        ("kernel install", "writes into the user's home; HaloLab.Notebooks.Tests installs it elsewhere"),
        ("notebooks ", "HaloLab.Notebooks.Tests runs every notebook"),
        ("reproduce", "ten minutes; .ci/run runs its smallest preset, with kills"),
        ("toy tune", "three hours"),
        ("halolab ablate ", "an hour; AblateVerbTests runs the smallest preset"),
        ("halolab claims", "reads and writes the repository's own documents; ClaimsVerbTests runs all of them on a copy"),
        ("mpirun ", "RankedTrainingTests runs ranks"),
        ("srun ", ".ci/slurm runs ranks on a Slurm of its own"),
        ("dotnet test", "is what runs this"),
        ("tests/HaloLab.Benchmarks", "needs a quiet machine"),
        ("annotate clips --grid", "waits for people; AnnotateVerbTests opens the page in a browser"),
        ("annotate agreement labels.sqlite", "needs people's labels; AnnotateVerbTests has such"),
        ("data get", "needs the network; DataVerbTests fetches from a server of its own"),
        ("public-data/", "needs what `data get` fetched; DataVerbTests imports such a table"),
        ("export labels.parquet", "the same"),
        ("Wan2.1-T2V-1.3B-Diffusers", "needs published weights; VideoVerbTests and RunVerbTests run these on tiny ones"),
        ("--model MODEL", "the same"),
        ("videoreward:", "needs published weights; ScoreWithTests and RewardVerbTests run these on tiny ones"),
        ("videoscore:", "the same"),
        ("patch:models/", "needs a trained patch reward model; RewardVerbTests trains one and scores with it"),
        ("patch:runs/", "the same"),
        ("dino:", "needs published weights; EvaluateTests runs these on tiny ones"),
        ("viclip:", "the same"),
        ("data import labels.jsonl", "needs labels; DataVerbTests imports such"),
        ("samples/base", "needs samples of two models; DefectsVerbTests and EvaluateTests have such"),
        ("gpt-4o", "needs a key and money"),
        ("--teacher local", "needs published weights; LabelVerbTests runs it on tiny ones"),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-documents").FullName;

    public static TheoryData<string> RunDocuments => [.. Run];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryCommandRunsOrHasAReason()
    {
        DocumentedCommand[] commands = [.. RepositoryDocument.All.SelectMany(path => new RepositoryDocument(path).Commands())];
        Assert.DoesNotContain(commands, command => !Run.Contains(command.Document) && Reason(command) is null);

        // A reason that nothing needs is a leftover.
        Assert.Empty(NotRun.Where(item => !commands.Any(command => command.ToString().Contains(item.Text, StringComparison.Ordinal))).Select(item => item.Text));
    }

    [Theory]
    [MemberData(nameof(RunDocuments))]
    public async Task CommandsRun(string path)
    {
        Ffmpeg.Require();
        RepositoryDocument document = new(path);
        await WriteFilesAsync(document);
        Dictionary<string, string> environment = [];
        List<Process> background = [];
        try
        {
            foreach (DocumentedCommand command in document.Commands().Where(command => Reason(command) is null))
            {
                if (command.Words[0] == "export")
                {
                    foreach (string[] setting in command.Words.Skip(1).Select(word => word.Split('=', 2)))
                    {
                        environment[setting[0]] = setting[1];
                    }

                    continue;
                }

                Process process = Start(command, environment);
                if (command.IsBackground)
                {
                    background.Add(process);
                    continue;
                }

                using (process)
                {
                    Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
                    string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
                    await process.WaitForExitAsync(TestContext.Current.CancellationToken);
                    Assert.True(process.ExitCode == 0, $"{command} ended with {process.ExitCode}:\n{errors}\n{await output}");
                }
            }
        }
        finally
        {
            foreach (Process process in background)
            {
                process.Kill();
                process.Dispose();
            }
        }
    }

    private static string? Reason(DocumentedCommand command) =>
        NotRun.FirstOrDefault(item => command.ToString().Contains(item.Text, StringComparison.Ordinal)).Reason;

    private Process Start(DocumentedCommand command, Dictionary<string, string> environment)
    {
        IReadOnlyList<string> words = command.HaloLab ?? throw new InvalidOperationException($"{command}: is no command of halolab, and has no reason not to run.");

        // One thread: with two, beside any other load, torch is ten times slower.
        string[] threads = words[0] is "generate" or "train" or "score" ? ["--threads", "1"] : [];
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "HaloLab.Cli.dll"), .. words, .. threads]) { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>The repository's data, a video of the reader's, clips, and the tables that the document shows.</summary>
    private async Task WriteFilesAsync(RepositoryDocument document)
    {
        Directory.CreateSymbolicLink(Path.Combine(_folder, "data"), Path.Combine(RepositoryRoot.Path, "data"));
        int number = 0;
        foreach (string file in (string[])["my-video.mp4", "clips/clip-000.mp4", "clips/clip-001.mp4", "clips/clip-002.mp4", $"videos/theirs/{Prompt}-0.mp4", $"videos/mine/{Prompt}-0.mp4"])
        {
            string path = Path.Combine(_folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            ToyCaption caption = ToyCaption.Parse(Prompt);
            await VideoFile.WriteAsync(ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, new RandomStream(1, "documents", number++))), path, TestContext.Current.CancellationToken);
        }

        string[] tables = [.. document.CodeBlocks.Where(block => block.Language == "csv").Select(block => block.Code)];
        await WriteTableAsync("prompts.csv", tables.FirstOrDefault(table => table.StartsWith("clip,", StringComparison.Ordinal)));
        await WriteTableAsync("pairs.csv", tables.FirstOrDefault(table => table.StartsWith("path_A,", StringComparison.Ordinal)) ?? $"path_A,path_B,prompt,VQ\nclips/clip-000.mp4,clips/clip-001.mp4,{Prompt},A\n");
    }

    private async Task WriteTableAsync(string name, string? table)
    {
        if (table is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(_folder, name), table + "\n", TestContext.Current.CancellationToken);
        }
    }
}
