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

    private async Task<BufferedCommandResult> Run(string program, params string[] arguments) => await CliWrap.Cli.Wrap(program)
        .WithArguments(arguments)
        .WithEnvironmentVariables(variables => variables.Set("JUPYTER_DATA_DIR", Path.Combine(Folder, "data")).Set("JUPYTER_RUNTIME_DIR", Path.Combine(Folder, "runtime")).Set("IPYTHONDIR", Path.Combine(Folder, "ipython")))
        .WithWorkingDirectory(Folder)
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
}
