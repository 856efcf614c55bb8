using CliWrap;
using CliWrap.Buffered;
using static HaloLab.Notebooks.Tests.Documents.NotebookFile;

namespace HaloLab.Notebooks.Tests.Documents;

/// <summary><c>halolab notebooks export</c>.</summary>
public sealed class NotebookExportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-export").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task CellsBecomeStatementsCommentsAndTypes()
    {
        string notebook = Write(
            Path.Combine(_folder, "small.ipynb"),
            Markdown("# Title\n\nSome text."),
            Code("#r \"nuget: Humanizer.Core, 2.14.1\"\nusing System.Numerics;\n// a comment\npublic int F(int a) => a + 1;\nrecord Point(int X);"),
            Code("int x = 1;\nstatic int Twice(this int value) => 2 * value;\nF(x)"),
            Code("int x = 2;\nConsole.WriteLine(x.Twice())"));
        string program = Path.Combine(_folder, "small.cs");
        BufferedCommandResult result = await HaloLabProgram.Run("notebooks", "export", notebook, "--out", program);
        Assert.True(result.IsSuccess, result.StandardError);
        string text = File.ReadAllText(program);
        string body = text[text.IndexOf("// # Title", StringComparison.Ordinal)..];
        Assert.Equal(
            """
            // # Title
            //
            // Some text.

            // a comment
            int F(int a) => a + 1;

            int x = 1;
            ShowResult(F(x));

            x = 2;
            Console.WriteLine(x.Twice());

            static class ScriptExtensions
            {
            static int Twice(this int value) => 2 * value;
            }

            record Point(int X);
            """,
            body.TrimEnd());
        Assert.Contains("#:package Humanizer.Core@2.14.1\n", text, StringComparison.Ordinal);
        Assert.Contains("using System.Numerics;\n", text, StringComparison.Ordinal);
        Assert.Contains("HaloLab.Notebooks\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatAProgramCannotHoldIsRefused()
    {
        string notebook = Write(Path.Combine(_folder, "small.ipynb"), Code("int x = 1;"), Code("string x = \"\";"));
        await HaloLabProgram.Refuses("cell 2: 'x' is declared again as string", "notebooks", "export", notebook);
        Write(notebook, Code("int F() => 1;"), Code("int F() => 2;"));
        await HaloLabProgram.Refuses("cell 2: 'F' is declared again", "notebooks", "export", notebook);
        Write(notebook, Code("int F() => missing;"));
        await HaloLabProgram.Refuses("cell 1 does not compile", "notebooks", "export", notebook);
        Assert.False(File.Exists(Path.Combine(_folder, "small.cs")));
    }

    /// <summary>Builds the library once more, for programs of its own. The stages of <c>runs/reproduce</c> are taken where they are there, else computed.</summary>
    [Theory]
    [MemberData(nameof(NotebookFile.Staged), MemberType = typeof(NotebookFile))]
    [Trait("Category", "Long")]
    public async Task ANotebookGivesTheSameNumbersAsAProgram(string name)
    {
        string notebooks = Path.Combine(RepositoryRoot.Path, "notebooks");
        string notebook = Path.Combine(notebooks, name + ".ipynb");
        string program = Path.Combine(RepositoryRoot.Path, "artifacts", name + ".cs");
        try
        {
            BufferedCommandResult exported = await HaloLabProgram.Run("notebooks", "export", notebook, "--out", program);
            Assert.True(exported.IsSuccess, exported.StandardError);
            BufferedCommandResult ran = await CliWrap.Cli.Wrap("dotnet").WithArguments(["run", "-c", "Release", program]).WithWorkingDirectory(notebooks).WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
            Assert.True(ran.IsSuccess, ran.StandardOutput + ran.StandardError);
            BufferedCommandResult run = await HaloLabProgram.Run("notebooks", "run", notebook, "--out", _folder);
            Assert.True(run.IsSuccess, run.StandardError);
            Assert.Equal(Shown(Path.Combine(_folder, name + ".ipynb")), ran.StandardOutput);
        }
        finally
        {
            File.Delete(program);
        }
    }
}
