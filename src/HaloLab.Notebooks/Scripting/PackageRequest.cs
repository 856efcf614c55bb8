using System.Text.RegularExpressions;

namespace HaloLab.Notebooks.Scripting;

/// <summary>The text of <c>#r "nuget: Name, Version"</c>.</summary>
internal sealed partial record PackageRequest(string Name, string? Version)
{
    public static bool TryParse(string reference, out PackageRequest? request)
    {
        Match match = Format().Match(reference);
        request = match.Success ? new PackageRequest(match.Groups["name"].Value, match.Groups["version"] is { Success: true } version ? version.Value : null) : null;
        return match.Success;
    }

    [GeneratedRegex(@"^\s*nuget:\s*(?<name>[A-Za-z0-9._-]+)\s*(,\s*(?<version>[A-Za-z0-9.+\-\[\]\(\)\*]+)\s*)?$")]
    private static partial Regex Format();
}
