using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CliWrap.Buffered;
using HaloLab.Notebooks.Kernel;
using HaloLab.Notebooks.Tests.Documents;

namespace HaloLab.Notebooks.Tests.Kernel;

/// <summary>The kernel as Jupyter runs it.</summary>
public class JupyterKernelTests
{
    [Fact]
    public async Task AnswersAsTheProtocolSays()
    {
        using Jupyter jupyter = await Jupyter.Require("jupyter_client", "zmq");
        BufferedCommandResult result = await jupyter.Script("kernel_checks.py", KernelSpec.Name);
        TestContext.Current.TestOutputHelper!.WriteLine(result.StandardOutput + result.StandardError);
        Assert.True(result.IsSuccess, result.StandardOutput.Replace("\\n", "\n", StringComparison.Ordinal) + result.StandardError);
        Assert.Contains("ok execute", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("ok shutdown", result.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PassesJupytersOwnSuite()
    {
        using Jupyter jupyter = await Jupyter.Require("jupyter_kernel_test");
        BufferedCommandResult result = await jupyter.Script("kernel_test_suite.py", "-v");
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Matches(@"Ran \d\d tests", result.StandardError);
    }

    [Fact]
    public async Task NbconvertRunsTheFirstNotebookAsTheRunnerDoes()
    {
        using Jupyter jupyter = await Jupyter.Require("nbconvert", "nbformat");
        string notebooks = Path.Combine(RepositoryRoot.Path, "notebooks");
        BufferedCommandResult converted = await jupyter.Python("-m", "nbconvert", "--to", "notebook", "--execute", Path.Combine(notebooks, "00-environment.ipynb"), "--output-dir", jupyter.Folder);
        Assert.True(converted.IsSuccess, converted.StandardError);
        BufferedCommandResult run = await HaloLabProgram.Run("notebooks", "run", Path.Combine(notebooks, "00-environment.ipynb"), "--out", Path.Combine(jupyter.Folder, "run"));
        Assert.True(run.IsSuccess, run.StandardError);
        string byJupyter = NotebookFile.Shown(Path.Combine(jupyter.Folder, "00-environment.ipynb"));
        Assert.Equal(byJupyter, NotebookFile.Shown(Path.Combine(jupyter.Folder, "run", "00-environment.ipynb")));
        Assert.Contains("weighted by size", byJupyter, StringComparison.Ordinal);

        BufferedCommandResult valid = await jupyter.Python("-c", $"import nbformat; nbformat.validate(nbformat.read({Quoted(Path.Combine(jupyter.Folder, "run", "00-environment.ipynb"))}, as_version=nbformat.NO_CONVERT))");
        Assert.True(valid.IsSuccess, valid.StandardError);
    }

    [Fact]
    public async Task NotebooksMadeForInteractiveFindTheKernelAndUninstallTakesItOut()
    {
        using Jupyter jupyter = await Jupyter.Require("jupyter_client");
        string kernels = Path.Combine(jupyter.Folder, "data", "kernels");
        Assert.Equal([".net-csharp", "halolab-csharp"], Directory.EnumerateDirectories(kernels).Select(Path.GetFileName).Order(StringComparer.Ordinal)!);
        BufferedCommandResult result = await jupyter.Script("kernel_checks.py", KernelSpec.InteractiveName, "execute");
        Assert.True(result.IsSuccess, result.StandardOutput);

        string foreign = Path.Combine(kernels, KernelSpec.InteractiveName, "kernel.json");
        File.WriteAllText(foreign, """{"argv": ["dotnet", "interactive", "jupyter", "{connection_file}"], "display_name": ".NET (C#)", "language": "C#"}""");
        Assert.Single(KernelSpec.Install(kernels, "HaloLab.Cli.dll"));
        Assert.Single(KernelSpec.Uninstall(kernels));
        Assert.True(File.Exists(foreign));
    }

    /// <summary>Also where the front end ends while its kernel still starts, so that the kernel never was its child.</summary>
    [Fact]
    public async Task AKernelWhoseFrontEndIsGoneEnds()
    {
        string file = Path.GetTempFileName();
        using Process frontEnd = Process.Start("sleep", "600");
        try
        {
            TcpListener[] free = [.. Enumerable.Range(0, 5).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
            Array.ForEach(free, listener => listener.Start());
            int[] ports = [.. free.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
            Array.ForEach(free, listener => listener.Dispose());
            File.WriteAllText(file, $$"""
                {"transport": "tcp", "ip": "127.0.0.1", "signature_scheme": "hmac-sha256", "key": "",
                 "shell_port": {{ports[0]}}, "control_port": {{ports[1]}}, "stdin_port": {{ports[2]}}, "iopub_port": {{ports[3]}}, "hb_port": {{ports[4]}} }
                """);
            ProcessStartInfo start = new("dotnet", [HaloLabProgram.Path, "kernel", "run", file]);
            start.Environment["JPY_PARENT_PID"] = frontEnd.Id.ToString(CultureInfo.InvariantCulture);
            using Process kernel = Process.Start(start)!;
            await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken);
            Assert.False(kernel.HasExited);
            frontEnd.Kill();
            await kernel.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            Assert.Equal(1, kernel.ExitCode);
        }
        finally
        {
            frontEnd.Kill();
            File.Delete(file);
        }
    }

    [Fact]
    public async Task AMalformedConnectionFileIsNamed()
    {
        string file = Path.GetTempFileName();
        try
        {
            await HaloLabProgram.Refuses("cannot be read as a Jupyter connection file", "kernel", "run", file);
            File.WriteAllText(file, """{"transport": "tcp", "ip": "127.0.0.1", "signature_scheme": "hmac-md5", "key": ""}""");
            await HaloLabProgram.Refuses("signature_scheme 'hmac-md5', expected hmac-sha256", "kernel", "run", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>
    /// The staged notebooks at their default size, one after the other as a reviewer runs them, then by the runner without Jupyter. The stages of <c>runs/reproduce</c> are taken
    /// where they are there (run <c>halolab reproduce</c> before), else computed; what a notebook trains itself is trained by whoever comes first.
    /// </summary>
    [Theory]
    [MemberData(nameof(NotebookFile.Staged), MemberType = typeof(NotebookFile))]
    [Trait("Category", "Long")]
    public async Task NbconvertRunsEveryNotebookAsTheRunnerDoes(string name)
    {
        using Jupyter jupyter = await Jupyter.Require("nbconvert");
        string notebook = Path.Combine(RepositoryRoot.Path, "notebooks", name + ".ipynb");
        Stopwatch watch = Stopwatch.StartNew();
        BufferedCommandResult converted = await jupyter.Python("-m", "nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=-1", notebook, "--output-dir", jupyter.Folder);
        Assert.True(converted.IsSuccess, converted.StandardError);
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {watch.Elapsed.TotalSeconds:0} s");
        BufferedCommandResult run = await HaloLabProgram.Run("notebooks", "run", notebook, "--out", Path.Combine(jupyter.Folder, "run"));
        Assert.True(run.IsSuccess, run.StandardError);
        Assert.Equal(NotebookFile.Shown(Path.Combine(jupyter.Folder, name + ".ipynb")), NotebookFile.Shown(Path.Combine(jupyter.Folder, "run", name + ".ipynb")));
    }

    /// <summary>A cell becomes an assembly, which .NET cannot unload: 161 MB after 100 cells and 231 MB after 1000 when measured.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task AThousandCellsLeaveMemoryFlat()
    {
        using Jupyter jupyter = await Jupyter.Require("jupyter_client");
        BufferedCommandResult result = await jupyter.Script("many_cells.py", KernelSpec.Name, "1000");
        Assert.True(result.IsSuccess, result.StandardError);
        double[] megabytes = [.. result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
        TestContext.Current.TestOutputHelper!.WriteLine($"{megabytes[0]} MB after 100 cells, {megabytes[1]} MB after 1000");
        Assert.InRange(megabytes[1] - megabytes[0], 0, 110);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task TwoHundredStartsLeaveNothingBehind()
    {
        using Jupyter jupyter = await Jupyter.Require("jupyter_client");
        BufferedCommandResult result = await jupyter.Script("many_starts.py", KernelSpec.Name, "200");
        Assert.True(result.IsSuccess, result.StandardOutput + result.StandardError);
        Assert.Contains("processes [] ports []", result.StandardOutput, StringComparison.Ordinal);
    }

    private static string Quoted(string text) => $"'{text}'";
}
