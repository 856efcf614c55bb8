using System.CommandLine;
using System.Globalization;

namespace HaloLab.Cli.Verbs;

/// <summary><c>--stride</c>: what the generator's VAE compresses, so that cells are cut where the training cuts them (DESIGN D1).</summary>
/// <param name="condition">When it may be given, in front of the description; empty for always.</param>
internal sealed class StrideOption(string condition = "")
{
    public Option<string> Option { get; } = new("--stride") { Description = condition + "Frames x pixels that one latent element of the generator's VAE covers, where cells are cut: 4x8 for Wan and CogVideoX, 1x8 for VideoCrafter2.", DefaultValueFactory = _ => "1x1" };

    public bool IsGiven(ParseResult parsed) => parsed.GetResult(Option) is { Implicit: false };

    /// <exception cref="InputException">Not two numbers of at least 1.</exception>
    public (int Frames, int Pixels) Read(ParseResult parsed)
    {
        string text = parsed.GetValue(Option)!;
        string[] stride = text.Split('x');
        return stride.Length == 2 && int.TryParse(stride[0], NumberStyles.None, CultureInfo.InvariantCulture, out int frames) && int.TryParse(stride[1], NumberStyles.None, CultureInfo.InvariantCulture, out int pixels) && frames > 0 && pixels > 0
            ? (frames, pixels)
            : throw new InputException($"--stride {text}: expected frames x pixels, for example 4x8.");
    }
}
