using System.Diagnostics;
using System.Text.Json;
using CliWrap.Buffered;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.Preferences.PublicData;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab data</c> as a user runs it.</summary>
public sealed class DataVerbTests : IDisposable
{
    private const string Header = "clip,prompt,dimension,value,scale_worst,scale_best,scale_whole,annotator,annotator_kind\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-data-verb").FullName;

    private string Store => Path.Combine(_folder, "labels.sqlite");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task LabelsGoInAndComeOut()
    {
        string path = Write("labels.csv", Header + "x:1,a cat,quality,3,1,5,true,ann,human\nx:2,a cat,quality,4,1,5,true,ann,human\nx:2,a cat,quality,4,1,5,true,ann,human\n");
        Assert.Contains("labels, 3 rows, 2 labels, 1 repeated", await Output("data", "validate", path), StringComparison.Ordinal);
        Assert.Contains("2 added, 0 corrected, 1 were there; 2 labels now", await Output("data", "import", path, "--store", Store), StringComparison.Ordinal);
        string changed = Write("changed.csv", Header + "x:1,a cat,quality,5,1,5,true,ann,human\n");
        await Refused("row 1: quality of x:1, by ann: is 5 on whole grades from 1 (worst) to 5 (best) here, and 3", "data", "import", changed, "--store", Store);
        Assert.Contains("0 added, 1 corrected, 0 were there; 2 labels now", await Output("data", "import", changed, "--store", Store, "--supersede"), StringComparison.Ordinal);
        string export = Path.Combine(_folder, "labels.parquet");
        Assert.Contains("3 labels", await Output("data", "export", export, "--store", Store), StringComparison.Ordinal);
        string copy = Path.Combine(_folder, "copy.sqlite");
        Assert.Contains("2 added, 1 corrected", await Output("data", "import", export, "--store", copy), StringComparison.Ordinal);
        using LabelStore first = LabelStore.Open(Store);
        using LabelStore second = LabelStore.Open(copy);
        Assert.Equal(first.Read(new LabelQuery { WithSuperseded = true }), second.Read(new LabelQuery { WithSuperseded = true }));
        Assert.Contains("1 labels", await Output("data", "export", Path.Combine(_folder, "one.jsonl"), "--store", Store, "--clip", "x:2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnImportThatIsKilledLeavesNothingOrEverything()
    {
        const int Rows = 60_000;
        string path = Write("labels.csv", Header + string.Concat(Enumerable.Range(0, Rows).Select(i => $"x:{i},a cat,quality,3,1,5,true,ann,human\n")));
        for (int kill = 0; kill < 2; kill++)
        {
            using Process process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "HaloLab.Cli.dll"), "data", "import", path, "--store", Store]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            while (!process.HasExited && !File.Exists(Store))
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            await Task.Delay(50 + (kill * 300), TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            using LabelStore killed = LabelStore.OpenOrCreate(Store);
            Assert.Contains(killed.Count(LabelQuery.All), new long[] { 0, Rows });
        }

        Assert.Contains("60,000 labels now", await Output("data", "import", path, "--store", Store), StringComparison.Ordinal);
        using LabelStore store = LabelStore.Open(Store);
        Assert.Equal(Rows, store.Read(LabelQuery.All).Count());
    }

    [Fact]
    public async Task WhatIsWrongIsOneLineARowAndNothingIsWritten()
    {
        string path = Write("labels.csv", Header + "x:1,a cat,quality,3,1,5,true,ann,human\nx:2,a cat,quality,six,1,5,true,ann,human\nx:3,a cat,quality,6,1,5,true,ann,human\n");
        foreach (string[] command in (string[][])[["data", "validate", path], ["data", "import", path, "--store", Store]])
        {
            string message = await Refused($"{path}: row 2: 'value' is 'six'. Expected a finite number.", command);
            Assert.Contains($"{path}: row 3: value is 6. Expected whole grades from 1 (worst) to 5 (best).", message, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(Store));
        await Refused("no such file or folder", "data", "validate", Path.Combine(_folder, "missing.csv"));
        await Refused("no such label store", "data", "export", Path.Combine(_folder, "x.jsonl"), "--store", Store);
        await Refused("expected one of them", "data", "validate", path, "--videos", _folder, "--by-name");
        await Refused("is not known", "data", "validate", path, "--format", "excel");
        await Refused("--store", "data", "import", path);
    }

    [Fact]
    public async Task AFolderOfVBenchsVideosIsRemembered()
    {
        Ffmpeg.Require();
        string videos = Directory.CreateDirectory(Path.Combine(_folder, "videos")).FullName;
        for (int i = 0; i < 2; i++)
        {
            await VideoFile.WriteAsync(new VideoClip([.. Enumerable.Repeat((byte)(i * 9), 2 * 4 * 4 * 3)], 2, 4, 4, 8), Path.Combine(videos, $"a cat-{i}.png"), TestContext.Current.CancellationToken);
        }

        Assert.Contains("vbench, 2 rows, 0 labels, 2 videos", await Output("data", "import", videos, "--store", Store), StringComparison.Ordinal);
        using LabelStore store = LabelStore.Open(Store);
        Assert.Equal(["a cat-0.png", "a cat-1.png"], store.ReadClips().Select(clip => clip.Name));
    }

    [Fact]
    public async Task PublicDataIsListedFetchedAndNeverUnasked()
    {
        Assert.Contains("richhf-18k: ", await Output("data", "get"), StringComparison.Ordinal);
        byte[] content = [1, 2, 3, 4];
        using LoopbackServer server = new(content);
        string list = Write("sources.json", JsonSerializer.Serialize(new
        {
            sources = new[] { new { name = "mine", description = "four bytes", homepage = "https://example.org/", licence = "CC0", citation = "nobody", files = new[] { new { name = "a.bin", address = server.Address() } } } },
        }));
        Assert.Contains("mine: four bytes", await Output("data", "get", "--sources", list), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        string output = Path.Combine(_folder, "out");
        string said = await Output("data", "get", "mine", "--sources", list, "--out", output);
        Assert.Contains("not listed: remembered", said, StringComparison.Ordinal);
        Assert.Contains("Cite: nobody", said, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(output, "mine", "a.bin"), TestContext.Current.CancellationToken));
        Assert.Single(server.Requests);
        await Output("data", "get", "mine", "--sources", list, "--out", Path.Combine(_folder, "other"), "--from", Path.Combine(output, "mine"));
        Assert.Single(server.Requests);
        server.FaultOf = _ => new LoopbackServer.Fault(Head: "HTTP/1.1 404 Not Found");
        await Refused("the server answers 404", "data", "get", "mine", "--sources", list, "--out", Path.Combine(_folder, "third"));
        await Refused("is no data that can be fetched", "data", "get", "yours", "--sources", list);
    }

    private static async Task<string> Output(params string[] arguments)
    {
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        return result.StandardOutput;
    }

    private static async Task<string> Refused(string expected, params string[] arguments)
    {
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}: {result.StandardError}");
        Assert.DoesNotContain("   at ", result.StandardError, StringComparison.Ordinal);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        return result.StandardError;
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
