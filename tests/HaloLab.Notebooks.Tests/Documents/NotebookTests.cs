using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Notebooks.Documents;
using static HaloLab.Notebooks.Tests.Documents.NotebookFile;

namespace HaloLab.Notebooks.Tests.Documents;

/// <summary>Notebooks as files: format, stripping, parameters, checks.</summary>
public sealed class NotebookTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-notebook").FullName;

    private string File1 => Path.Combine(_folder, "one.ipynb");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("{\n \"cells\": [\n", "its JSON is broken at line")]
    [InlineData("[]", "expected an object")]
    [InlineData("{\"nbformat\": 3, \"worksheets\": []}", "'nbformat' is 3, expected 4")]
    [InlineData("{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}}", "'cells' is missing")]
    [InlineData("{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}, \"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"source\": 1, \"outputs\": [], \"execution_count\": null, \"id\": \"a\"}]}", "cell 1: 'source'")]
    [InlineData("{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}, \"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"source\": \"\", \"outputs\": [{\"output_type\": \"stream\"}], \"execution_count\": null, \"id\": \"a\"}]}", "cell 1: output 1: a stream needs")]
    [InlineData("{\"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}, \"cells\": [{\"cell_type\": \"markdown\", \"metadata\": {}, \"source\": \"\"}]}", "cell 1: 'id' is missing")]
    [InlineData("{\"nbformat\": 4, \"nbformat_minor\": 4, \"metadata\": {}, \"cells\": [{\"cell_type\": \"markdown\", \"metadata\": {}, \"source\": \"\", \"id\": \"a\"}]}", "'id' is not a field")]
    [InlineData("{\"nbformat\": 4, \"nbformat_minor\": 4, \"metadata\": {\"kernelspec\": {\"name\": \"python3\", \"display_name\": \"Python\", \"language\": \"python\"}}, \"cells\": []}", "its cells are python")]
    public void AMalformedNotebookIsRefusedByPlace(string text, string expected)
    {
        File.WriteAllText(File1, text);
        Assert.Contains(expected, Assert.Throws<InputException>(() => Notebook.Read(File1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StrippingTakesOutWhatARunLeftAndNothingElse()
    {
        JsonObject cell = Code("1 + 1\n2", "keep");
        Write(File1, Markdown("# Title"), cell);
        string clean = Notebook.Read(File1).ToText();
        cell["execution_count"] = 3;
        cell["outputs"] = new JsonArray(new JsonObject { ["output_type"] = "stream", ["name"] = "stdout", ["text"] = "2" });
        cell["metadata"]!["scrolled"] = true;
        JsonObject whole = JsonNode.Parse(clean)!.AsObject();
        whole["cells"]![1] = cell.DeepClone();
        File.WriteAllText(File1, whole.ToJsonString());
        Notebook notebook = Notebook.Read(File1);
        Assert.True(notebook.HasOutputs);
        notebook.Strip();
        Assert.Equal(clean, notebook.ToText());
        Assert.Contains("    \"1 + 1\\n\",\n    \"2\"\n", clean, StringComparison.Ordinal);
    }

    [Fact]
    public void ParametersAreSetBehindTheirCellWithTheirTypes()
    {
        Write(File1, Code("1"), Code("string preset = \"quick\"; long seed = 1;\nvar rate = 0.5; bool live = false; float f = 1f;", "parameters"), Code("2"));
        Notebook notebook = Notebook.Read(File1);
        Assert.Equal([("preset", "string"), ("seed", "long"), ("rate", "double"), ("live", "bool"), ("f", "float")], NotebookParameters.Of(notebook));
        for (int again = 0; again < 2; again++)
        {
            NotebookParameters.Set(notebook, new Dictionary<string, string> { ["preset"] = "a \"b\"", ["seed"] = "7", ["rate"] = "2", ["live"] = "true", ["f"] = "0.25" });
        }

        Assert.Equal(4, notebook.Cells.Count);
        Assert.Equal("// Parameters\npreset = \"a \\\"b\\\"\";\nseed = 7L;\nrate = 2d;\nlive = true;\nf = 0.25f;", notebook.Cells[2].Source);
        Assert.Equal(["injected-parameters"], notebook.Cells[2].Tags);
    }

    [Theory]
    [InlineData("sed", "1", "'sed' is not a parameter. Known are seed (long), preset (string).")]
    [InlineData("seed", "x", "seed=x: expected a value of type long")]
    [InlineData("seed", "1.5", "expected a value of type long")]
    public void AWrongParameterIsRefused(string name, string value, string expected)
    {
        Write(File1, Code("long seed = 1; string preset = \"quick\";", "parameters"));
        InputException exception = Assert.Throws<InputException>(() => NotebookParameters.Set(Notebook.Read(File1), new Dictionary<string, string> { [name] = value }));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckNamesEverythingThatDoesNotHold()
    {
        File.WriteAllText(Path.Combine(_folder, "there.md"), "");
        JsonObject run = Code("int x = 1;\nx + missing");
        run["execution_count"] = 1;
        Write(File1, Markdown("[a](there.md) [b](gone.md#part) [c](https://example.org) ![d](picture.png)"), run);
        string error = await HaloLabProgram.Refuses("one.ipynb: has outputs or execution counts", "notebooks", "check", File1);
        Assert.Contains("cell 1: the link 'gone.md#part' leads nowhere", error, StringComparison.Ordinal);
        Assert.Contains("cell 1: the link 'picture.png' leads nowhere", error, StringComparison.Ordinal);
        Assert.DoesNotContain("there.md' leads", error, StringComparison.Ordinal);
        Assert.Contains("cell 2 does not compile", error, StringComparison.Ordinal);
        Assert.Contains("cell 2, line 2, column 5: CS0103", error, StringComparison.Ordinal);

        Write(File1, Code("throw new Exception(\"only when it runs\");"));
        BufferedCommandResult compiled = await HaloLabProgram.Run("notebooks", "check", File1);
        Assert.True(compiled.IsSuccess, compiled.StandardError);
        await HaloLabProgram.Refuses("only when it runs", "notebooks", "check", "--run", File1);
    }

    [Fact]
    public async Task StripWorksOnFilesInPlace()
    {
        JsonObject run = Code("1");
        run["execution_count"] = 1;
        Write(File1, run);
        BufferedCommandResult result = await HaloLabProgram.Run("notebooks", "strip", File1);
        Assert.Equal(File1 + "\n", result.StandardOutput);
        Assert.False(Notebook.Read(File1).HasOutputs);
        Assert.Equal("", (await HaloLabProgram.Run("notebooks", "strip", File1)).StandardOutput);
    }

    [Fact]
    public async Task TheRepositorysNotebooksAreInOrder()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("notebooks", "check", Path.Combine(RepositoryRoot.Path, "notebooks"));
        Assert.True(result.IsSuccess, result.StandardError);
    }
}
