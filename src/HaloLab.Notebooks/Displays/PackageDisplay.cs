using System.Runtime.CompilerServices;
using HaloLab.Displays;
using Microsoft.Data.Analysis;
using Plotly.NET;
using TorchSharp;

namespace HaloLab.Notebooks.Displays;

/// <summary>
/// Displays of other packages' types, some of which bring formatters of their own: these go before. Frames and charts are told by name, so that their packages are loaded only
/// when a cell has a value of them.
/// </summary>
internal static class PackageDisplay
{
    private const string FrameName = "Microsoft.Data.Analysis.DataFrame";
    private const string ChartName = "Plotly.NET.GenericChart";

    /// <summary>The display of a value; null where it is of no such type.</summary>
    public static IDisplay? Of(object value) => value is torch.Tensor or torch.nn.Module
        ? ValueDisplay.Of(value)
        : NameOf(value.GetType()) switch { FrameName => Frame(value), ChartName => Chart(value), _ => null };

    /// <summary>Whether a value needs <see cref="PlotlyLibrary"/> in the page.</summary>
    public static bool NeedsPlotly(object value) => NameOf(value.GetType()) == ChartName;

    private static string? NameOf(Type? type)
    {
        while (type is not null && type.FullName is not (FrameName or ChartName))
        {
            type = type.BaseType;
        }

        return type?.FullName;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DataFrameTable Frame(object value) => new((DataFrame)value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static PlotlyChart Chart(object value) => new((GenericChart)value);
}
