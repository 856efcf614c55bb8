using CliWrap;
using CliWrap.Buffered;

namespace HaloLab.Notebooks.Tests.Kernel;

/// <summary>Jupyter as the distribution packages it, with this build's kernel installed in a folder of the test's own.</summary>
internal sealed class Jupyter : IDisposable
{
    private readonly string _python;

    private Jupyter(string python) => _python = python;

    /// <summary>What the test writes.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("halolab-jupyter").FullName;

    /// <summary>Installs the kernel; skips the test where a module is missing.</summary>
    public static async Task<Jupyter> Require(params string[] modules)
    {
        foreach (string python in new[] { "/usr/bin/python3", "python3" })
        {
            BufferedCommandResult found = await CliWrap.Cli.Wrap(python).WithArguments(["-c", "import " + string.Join(", ", modules)]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
            if (found.IsSuccess)
            {
                Jupyter jupyter = new(python);
                BufferedCommandResult installed = await jupyter.Run("dotnet", HaloLabProgram.Path, "kernel", "install");
                Assert.True(installed.IsSuccess, installed.StandardError);
                return jupyter;
            }
        }

        Assert.Skip($"Python has no {string.Join(", ", modules)} (apt-get install jupyter-client jupyter-nbconvert python3-ipykernel python3-jupyter-kernel-test)");
        throw new InvalidOperationException("Skipped.");
    }

    public Task<BufferedCommandResult> Script(string name, params string[] arguments) => Run(_python, [Path.Combine(AppContext.BaseDirectory, "Jupyter", name), .. arguments]);

    public Task<BufferedCommandResult> Python(params string[] arguments) => Run(_python, arguments);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>The notebook server over this folder, until it is cancelled.</summary>
    /// <param name="port">A free port.</param>
    /// <param name="token">What a page must know.</param>
    /// <param name="stop">Kills the server and its kernels: Ctrl-C is not heard by what runs in the background of a shell.</param>
    public Task Serve(int port, string token, CancellationToken stop) => Command(_python, "-m", "notebook", "--no-browser", "--allow-root", $"--port={port}", "--ip=127.0.0.1", $"--NotebookApp.token={token}", $"--notebook-dir={Folder}")
        .ExecuteAsync(stop);

    private async Task<BufferedCommandResult> Run(string program, params string[] arguments) => await Command(program, arguments).ExecuteBufferedAsync(TestContext.Current.CancellationToken);

    private Command Command(string program, params string[] arguments) => CliWrap.Cli.Wrap(program)
        .WithArguments(arguments)
        .WithEnvironmentVariables(variables => variables
            .Set("JUPYTER_DATA_DIR", Path.Combine(Folder, "data")).Set("JUPYTER_RUNTIME_DIR", Path.Combine(Folder, "runtime")).Set("JUPYTER_CONFIG_DIR", Path.Combine(Folder, "config"))
            .Set("IPYTHONDIR", Path.Combine(Folder, "ipython")))
        .WithWorkingDirectory(Folder)
        .WithValidation(CommandResultValidation.None);
}
