using System.Globalization;
using System.Text.Json;
using HaloLab.Preferences.Labels;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// VideoDPO's pairs (Liu et al. 2024, arXiv 2412.14167; CIntellifusion/VideoDPO): a folder with <c>metadata.json</c>, a list of clips
/// (<c>basic.clip_path</c>, <c>basic.clip_duration</c>, <c>misc.frame_caption</c>), and <c>pair.json</c>, a list of <c>video1</c> (preferred), <c>video2</c> and
/// <c>frame_caption</c>, where both videos are places in the list of clips. The places are resolved to clips here, once.
/// </summary>
/// <remarks>
/// <para>The published loader drops clips shorter than a second before it counts, and it counts on over several folders. So a place can mean another clip
/// than the one that was judged, without anybody noticing. Here the caption of every pair must be the caption of both its clips in
/// <c>metadata.json</c> as it stands. A folder that fits only after short clips are dropped, or that fits both ways, is refused.</para>
/// <para><c>score</c>, a weight of the pair in training, is not a label and is not read.</para>
/// </remarks>
public sealed class VideoDpoFormat : ILabelFormat
{
    private const string Source = "videodpo";
    private const string MetadataFile = "metadata.json";
    private const string PairFile = "pair.json";

    /// <summary>The published loader's <c>clip_length</c>, in seconds.</summary>
    private const double ShortestClip = 1;

    /// <inheritdoc/>
    public string Name => Source;

    /// <inheritdoc/>
    public string Description => "VideoDPO: a folder with metadata.json and pair.json";

    /// <inheritdoc/>
    public bool Recognises(string path) => File.Exists(Path.Combine(path, MetadataFile)) && File.Exists(Path.Combine(path, PairFile));

    /// <inheritdoc/>
    public IEnumerable<ImportedRow> Read(string path, ClipNames clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        Entry[] entries = ReadEntries(Path.Combine(path, MetadataFile));
        string pairPath = Path.Combine(path, PairFile);
        RequireOneReading(pairPath, entries);
        Recording recording = Recording.From(path);
        foreach (RowFields row in TableFile.Read(pairPath))
        {
            yield return ImportedRow.Of(row, () =>
            {
                string caption = Caption(row, row.Find("frame_caption"), "frame_caption");
                Entry preferred = Place(row, "video1", entries, caption);
                Entry other = Place(row, "video2", entries, caption);
                return preferred == other
                    ? throw row.Error("video2", "is the place of video1", "two different clips")
                    : [recording.Of(new Label
                    {
                        Clip = clips.Of(Source, path, preferred.Path, caption),
                        OtherClip = clips.Of(Source, path, other.Path, caption),
                        Prompt = caption,
                        Dimension = "OmniScore",
                        Choice = PairChoice.A,
                        Annotator = "VideoDPO OmniScore",
                        AnnotatorKind = AnnotatorKind.Model,
                    })];
            });
        }
    }

    /// <summary>Refuses pairs whose places fit the clips in another count, or in both.</summary>
    private static void RequireOneReading(string pairPath, Entry[] entries)
    {
        Entry[] long_ = [.. entries.Where(entry => entry.Duration >= ShortestClip)];
        if (long_.Length == entries.Length)
        {
            return;
        }

        string shortOnes = string.Join(", ", entries.Index().Where(item => item.Item.Duration < ShortestClip).Take(5).Select(item => item.Index.ToString(CultureInfo.InvariantCulture)));
        bool fitsAsItStands = Fits(pairPath, entries);
        if (Fits(pairPath, long_))
        {
            throw new InputException(
                $"{pairPath}: its places {(fitsAsItStands ? "fit metadata.json both as it stands and" : "fit metadata.json only")} after clips shorter than {ShortestClip} s are dropped (places {shortOnes}{(entries.Length - long_.Length > 5 ? ", ..." : "")}), as VideoDPO's loader drops them. {(fitsAsItStands ? "Which clips were judged cannot be told" : "They have drifted")}: take the short clips out of metadata.json, or write pair.json anew from the clips' paths.");
        }
    }

    private static bool Fits(string pairPath, Entry[] entries)
    {
        foreach (RowFields row in TableFile.Read(pairPath))
        {
            try
            {
                string caption = Caption(row, row.Find("frame_caption"), "frame_caption");
                Place(row, "video1", entries, caption);
                Place(row, "video2", entries, caption);
            }
            catch (InputException)
            {
                // Asked only whether everything fits.
                return false;
            }
        }

        return true;
    }

    private static Entry Place(RowFields row, string field, Entry[] entries, string caption)
    {
        int place = row.FindWhole(field) ?? throw row.Error(field, "is missing", $"a place in {MetadataFile}");
        if (place < 0 || place >= entries.Length)
        {
            throw row.Error(field, string.Create(CultureInfo.InvariantCulture, $"is {place}"), string.Create(CultureInfo.InvariantCulture, $"a place in {MetadataFile}: 0 to {entries.Length - 1}"));
        }

        Entry entry = entries[place];
        return entry.Caption == caption ? entry : throw row.Error(
            field,
            string.Create(CultureInfo.InvariantCulture, $"is {place}, and the clip there ({entry.Path}) has the caption '{entry.Caption}'"),
            $"a clip of the pair's own caption '{caption}': the places have drifted, for example because clips were dropped from {MetadataFile} or folders were joined");
    }

    private static Entry[] ReadEntries(string path)
    {
        List<Entry> entries = [];
        foreach (RowFields row in TableFile.Read(path))
        {
            RowFields basic = Part(path, row, "basic");
            RowFields misc = Part(path, row, "misc");
            entries.Add(new Entry(
                basic.Text("clip_path"),
                basic.FindNumber("clip_duration") ?? throw row.Error("basic.clip_duration", "is missing", "the clip's length in seconds"),
                Caption(row, misc.Find("frame_caption"), "misc.frame_caption")));
        }

        return [.. entries];
    }

    private static RowFields Part(string path, RowFields row, string field)
    {
        try
        {
            Dictionary<string, JsonElement>? part = row.Find(field) is { } text ? JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(text) : null;
            if (part is not null)
            {
                return new RowFields(path, row.Row, name => part.TryGetValue(name, out JsonElement value) ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText() : null);
            }
        }
        catch (JsonException)
        {
            // Said below, as for a missing part.
        }

        throw row.Error(field, "is no JSON object", "an object");
    }

    /// <summary>A caption, or the first of a list of captions.</summary>
    private static string Caption(RowFields row, string? text, string field)
    {
        string? caption = text;
        if (text is ['[', ..])
        {
            try
            {
                caption = JsonSerializer.Deserialize<string[]>(text)?.FirstOrDefault();
            }
            catch (JsonException)
            {
                // A caption that begins with a bracket.
            }
        }

        return caption ?? throw row.Error(field, "is missing", "a caption, or a list that begins with one");
    }

    private sealed record Entry(string Path, double Duration, string Caption);
}
