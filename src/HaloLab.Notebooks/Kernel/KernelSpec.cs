using System.Text.Json;
using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Kernel;

/// <summary>How Jupyter finds the kernel: a folder with a <c>kernel.json</c> among the user's kernels.</summary>
public static class KernelSpec
{
    /// <summary>The kernel's own name.</summary>
    public const string Name = "halolab-csharp";

    /// <summary>The name that notebooks made with .NET Interactive ask for.</summary>
    public const string InteractiveName = ".net-csharp";

    /// <summary>The name that readers see.</summary>
    public const string DisplayName = "C# (HaloLab)";

    private const string MadeBy = "halolab";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, IndentSize = 2, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The user's kernels: <c>$JUPYTER_DATA_DIR/kernels</c> or <c>~/.local/share/jupyter/kernels</c>.</summary>
    public static string UserFolder()
    {
        string? jupyter = Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR");
        string? data = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(!string.IsNullOrEmpty(jupyter) ? jupyter : Path.Combine(string.IsNullOrEmpty(data) ? Path.Combine(home, ".local", "share") : data, "jupyter"), "kernels");
    }

    /// <summary>Writes the specification, under the kernel's own name and under .NET Interactive's unless somebody else's kernel has that.</summary>
    /// <param name="folder">The folder of kernels.</param>
    /// <param name="program">The program's assembly that serves.</param>
    /// <returns>The folders written.</returns>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    public static IReadOnlyList<string> Install(string folder, string program)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(program);
        List<string> written = [];
        foreach (string name in new[] { Name, InteractiveName })
        {
            string target = Path.Combine(folder, name);
            if (Directory.Exists(target) && !IsOurs(target))
            {
                // .NET Interactive itself is installed: its notebooks have their kernel.
                continue;
            }

            JsonObject specification = new()
            {
                ["argv"] = new JsonArray(ProgramCopy.DotnetHost, program, "kernel", "run", "{connection_file}"),
                ["display_name"] = name == Name ? DisplayName : $"{DisplayName}, for .NET Interactive's notebooks",
                ["language"] = "C#",
                ["interrupt_mode"] = "message",
                ["metadata"] = new JsonObject { ["debugger"] = false, ["made_by"] = MadeBy },
            };
            AtomicFile.WriteAllText(Path.Combine(target, "kernel.json"), specification.ToJsonString(Format) + "\n");
            written.Add(target);
        }

        return written;
    }

    /// <summary>Deletes what <see cref="Install"/> wrote.</summary>
    /// <returns>The folders deleted.</returns>
    public static IReadOnlyList<string> Uninstall(string folder)
    {
        List<string> deleted = [];
        foreach (string target in new[] { Name, InteractiveName }.Select(name => Path.Combine(folder, name)))
        {
            if (Directory.Exists(target) && IsOurs(target))
            {
                Directory.Delete(target, recursive: true);
                deleted.Add(target);
            }
        }

        return deleted;
    }

    private static bool IsOurs(string target)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(Path.Combine(target, "kernel.json")))?["metadata"]?["made_by"]?.GetValue<string>() == MadeBy;
        }
        catch (Exception exception) when (exception is IOException or JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
