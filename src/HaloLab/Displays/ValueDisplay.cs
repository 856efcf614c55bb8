using System.Globalization;
using HaloLab.Preferences;
using HaloLab.Videos;
using TorchSharp;

namespace HaloLab.Displays;

/// <summary>Which display a value has when somebody just names it in a notebook cell.</summary>
public static class ValueDisplay
{
    /// <summary>Pictures of a list are small from this many clips on.</summary>
    private const int Many = 4;

    /// <summary>The display of a value, the value itself where it is one; null where there is none.</summary>
    public static IDisplay? Of(object? value) => value switch
    {
        IDisplay display => display,
        VideoClip clip => new ClipPlayer([new PlayerClip("clip", clip)]),
        IReadOnlyList<VideoClip> { Count: > 0 } clips => new ClipPlayer(
            [.. clips.Select((clip, i) => new PlayerClip(string.Create(CultureInfo.InvariantCulture, $"clip {i}"), clip))], width: clips.Count > Many ? 128 : 224),
        PatchRewards rewards => Map(rewards),
        PreferencePair pair => new PairCards([new PairCard(pair)]),
        PairSet { Pairs.Count: > 0 } set => new PairCards([.. set.Pairs.Select(pair => new PairCard(pair))]),
        IReadOnlyList<PreferencePair> { Count: > 0 } pairs => new PairCards([.. pairs.Select(pair => new PairCard(pair))]),
        IReadOnlyList<IDisplay> { Count: > 0 } displays => new DisplayRow([.. displays]),
        torch.Tensor tensor => new TensorDisplay(tensor),
        torch.nn.Module module => new ModuleDisplay(module),
        _ => null,
    };

    private static HeatTable Map(PatchRewards rewards)
    {
        double[] values = [.. rewards.Values.Select(value => value ?? double.NaN)];
        return new HeatTable("patch reward", rewards.Grid, values, ColourScale.AroundZero(values));
    }
}
