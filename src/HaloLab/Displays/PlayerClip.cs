using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>One clip of a <see cref="ClipPlayer"/>.</summary>
/// <param name="Title">Above the picture: "before", "HALO".</param>
/// <param name="Clip">The clip.</param>
/// <param name="Caption">Below it, or empty: the prompt, a score.</param>
/// <param name="Heat">Patch values to lay over it, or null.</param>
public sealed record PlayerClip(string Title, VideoClip Clip, string Caption = "", PatchHeat? Heat = null);
