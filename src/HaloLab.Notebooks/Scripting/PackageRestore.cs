using System.Diagnostics;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// Packages for cells. <c>dotnet restore</c> of a small project finds versions as a build would, from the local package folder where it can; the
/// project's assets file then says which assemblies and native libraries belong to it.
/// </summary>
internal sealed class PackageRestore(Action<string> notify)
{
    private readonly Dictionary<string, PackageRequest> _requests = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _assemblies = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>An assembly of a restored package by its simple name, or null.</summary>
    public string? Find(string name) => _assemblies.GetValueOrDefault(name);

    /// <summary>Whether the session has the package already.</summary>
    public bool IsRestored(PackageRequest request) => _requests.ContainsKey(request.Name);

    /// <summary>The paths of the assemblies of everything asked for so far, this package with what it depends on among them.</summary>
    /// <exception cref="InputException">It cannot be restored.</exception>
    public IReadOnlyList<string> Restore(PackageRequest request)
    {
        if (_requests.TryGetValue(request.Name, out PackageRequest? known))
        {
            if (request.Version is not null && known.Version != request.Version)
            {
                throw new InputException($"{request.Name} {known.Version ?? "(newest)"} is in use in this session already; restart the kernel to use {request.Version}.");
            }

            return [.. _assemblies.Values];
        }

        List<PackageRequest> all = [.. _requests.Values, request];
        string folder = Path.Combine(ProgramCopy.CacheFolder, "packages", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', all))))[..16]);
        string assets = Path.Combine(folder, "obj", "project.assets.json");
        string done = Path.Combine(folder, "done");
        if (!File.Exists(done) || !TryRead(assets, out List<string> assemblies, out List<string> natives))
        {
            notify($"restoring {request.Name} {request.Version}");
            RunRestore(folder, all);
            if (!TryRead(assets, out assemblies, out natives))
            {
                throw new InputException($"{request.Name}: restored, but files of it are missing. Run `dotnet nuget locals global-packages --list` and look there.");
            }

            // The assets file is there after a restore that failed, too.
            AtomicFile.WriteAllText(done, "");
        }

        _requests[request.Name] = request;
        foreach (string assembly in assemblies)
        {
            _assemblies.TryAdd(Path.GetFileNameWithoutExtension(assembly), assembly);
        }

        NativeLibraries.Add(natives.Select(native => Path.GetDirectoryName(native)!));
        return [.. _assemblies.Values];
    }

    private static void RunRestore(string folder, IEnumerable<PackageRequest> requests)
    {
        string items = string.Concat(requests.Select(request => $"""<PackageReference Include="{SecurityElement.Escape(request.Name)}" Version="{SecurityElement.Escape(request.Version ?? "*")}" />"""));
        string project = $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
                <WarningsAsErrors>NU1603</WarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>{items}</ItemGroup>
            </Project>
            """;
        AtomicFile.WriteAllText(Path.Combine(folder, "packages.csproj"), project);

        // Whatever lies above the cache folder is not for this project.
        AtomicFile.WriteAllText(Path.Combine(folder, "Directory.Build.props"), "<Project />\n");
        AtomicFile.WriteAllText(Path.Combine(folder, "Directory.Packages.props"), "<Project />\n");
        ProcessStartInfo start = new(ProgramCopy.DotnetHost, ["restore", "packages.csproj", "--verbosity", "quiet", "--nologo"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            string[] lines = [.. (output + errors.Result).Split('\n').Where(line => line.Contains(": error ", StringComparison.Ordinal)).Select(line => line[(line.IndexOf(": error ", StringComparison.Ordinal) + 2)..].Split(" [")[0]).Distinct().Take(3)];
            throw new InputException($"The packages {string.Join(", ", requests.Select(request => $"{request.Name} {request.Version}".Trim()))} cannot be restored: {(lines.Length > 0 ? string.Join(" ", lines) : output.Trim())}");
        }
    }

    private static bool TryRead(string assetsFile, out List<string> assemblies, out List<string> natives)
    {
        (assemblies, natives) = ([], []);
        JsonNode assets;
        try
        {
            assets = JsonNode.Parse(File.ReadAllText(assetsFile))!;
        }
        catch (JsonException)
        {
            return false;
        }

        string[] folders = [.. assets["packageFolders"]!.AsObject().Select(folder => folder.Key)];
        JsonObject target = assets["targets"]!.AsObject().First(candidate => candidate.Key.EndsWith("/linux-x64", StringComparison.Ordinal)).Value!.AsObject();
        foreach ((string library, JsonNode? contents) in target)
        {
            string relative = assets["libraries"]![library]!["path"]?.GetValue<string>() ?? library;
            foreach ((string kind, List<string> files) in new[] { ("runtime", assemblies), ("native", natives) })
            {
                foreach ((string file, _) in contents![kind]?.AsObject() ?? [])
                {
                    if (file.EndsWith("/_._", StringComparison.Ordinal))
                    {
                        continue;
                    }

                    string? path = folders.Select(folder => Path.Combine(folder, relative, file)).FirstOrDefault(File.Exists);
                    if (path is null)
                    {
                        return false;
                    }

                    files.Add(path);
                }
            }
        }

        return true;
    }
}
