namespace HaloLab.Notebooks.Displays;

/// <summary>A string that is markup: what the scripts' <c>HTML("…")</c> returns.</summary>
public sealed record Markup(string Content)
{
    public override string ToString() => Content;
}
