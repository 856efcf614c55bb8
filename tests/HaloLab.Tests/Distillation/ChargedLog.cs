using System.Text.Json;
using System.Text.Json.Serialization;
using HaloLab.TeacherEndpoint;

namespace HaloLab.Tests.Distillation;

/// <summary>Reads the simulated endpoint's log, also while it writes.</summary>
internal static class ChargedLog
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public static ChargedRequest[] Read(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(stream);
        List<ChargedRequest> requests = [];
        while (reader.ReadLine() is { } line)
        {
            requests.Add(JsonSerializer.Deserialize<ChargedRequest>(line, Format)!);
        }

        return [.. requests];
    }
}
