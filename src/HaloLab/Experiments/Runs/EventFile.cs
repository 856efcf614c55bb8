using Google.Protobuf;
using HaloLab.Videos;
using Tensorboard;

namespace HaloLab.Experiments.Runs;

/// <summary>A file of events for TensorBoard. Its events have no time, so that the same run gives the same bytes.</summary>
/// <remarks>
/// TensorBoard hands the bytes of an image on to the browser as they are, so a clip is an image that moves: an animated PNG, which needs no other program and loses nothing.
/// </remarks>
internal static class EventFile
{
    /// <summary>TensorBoard reads files with tfevents in their name.</summary>
    private const string Name = "events.out.tfevents.0.halolab";

    /// <summary>Writes the events into a file of the folder.</summary>
    public static void Write(string folder, IEnumerable<Event> events) => AtomicFile.Write(Path.Combine(folder, Name), stream =>
    {
        foreach (Event item in events.Prepend(new Event { FileVersion = "brain.Event:2" }))
        {
            TfRecord.Write(stream, item.ToByteArray());
        }
    });

    /// <summary>A number at a step.</summary>
    public static Event Scalar(string tag, long step, float value) => Of(step, new Summary.Types.Value { Tag = tag, SimpleValue = value });

    /// <summary>A clip at a step.</summary>
    public static Event Clip(string tag, long step, VideoClip clip) => Of(step, new Summary.Types.Value
    {
        Tag = tag,
        Image = new Summary.Types.Image { Height = clip.Height, Width = clip.Width, Colorspace = 3, EncodedImageString = ByteString.CopyFrom(Apng.Encode(clip)) },
    });

    private static Event Of(long step, Summary.Types.Value value) => new() { Step = step, Summary = new Summary { Value = { value } } };
}
