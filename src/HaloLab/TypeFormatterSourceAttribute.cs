namespace HaloLab;

/// <summary>
/// Names what shows values of a type in a notebook. .NET Interactive and HaloLab's kernel look for an attribute that is merely <em>called</em> this, so
/// neither is referenced here; and the source is named by text, so that types of every room can carry it although the displays lie below them.
/// </summary>
/// <param name="source">Full name of a type of this assembly with <c>CreateTypeFormatters()</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(string source) : Attribute
{
    /// <summary>The one source that the library has.</summary>
    public const string Displays = "HaloLab.Displays.DisplayFormatterSource";

    public Type FormatterSourceType => Type.GetType(source, throwOnError: true)!;
}
