using System.Reflection;
using System.Runtime.CompilerServices;
using HaloLab.Displays;
using Microsoft.Data.Analysis;
using Plotly.NET;
using TorchSharp;

namespace HaloLab.Notebooks.Displays;

/// <summary>
/// HaloLab's displays in .NET Interactive. It finds those of HaloLab's own types by itself; types of other packages (tensors, modules, data frames, Plotly.NET's charts) carry
/// no attribute of ours and are registered here, without a reference to it.
/// </summary>
public static class InteractiveFormatting
{
    /// <summary>Registers the displays where .NET Interactive runs; elsewhere it does nothing.</summary>
    /// <returns>Whether .NET Interactive was found.</returns>
    public static bool Register()
    {
        Type? formatter = AppDomain.CurrentDomain.GetAssemblies()
            .Where(assembly => assembly.GetName().Name == "Microsoft.DotNet.Interactive.Formatting")
            .Select(assembly => assembly.GetType("Microsoft.DotNet.Interactive.Formatting.Formatter"))
            .FirstOrDefault(type => type is not null);
        if (formatter?.GetMethod("Register", [typeof(Type), typeof(Action<object, TextWriter>), typeof(string)]) is not { } register)
        {
            return false;
        }

        Register(register);
        return true;
    }

    /// <summary>Apart, because it names the packages: they are loaded only where .NET Interactive was found.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Register(MethodInfo register)
    {
        bool hasPlotly = false;
        foreach (Type type in new[] { typeof(torch.Tensor), typeof(torch.nn.Module), typeof(DataFrame) })
        {
            Add(type, MimeBundle.Html, (value, writer) => writer.Write(HtmlPage.Standalone(DisplayOf(value)).Markup));
        }

        Add(typeof(GenericChart), MimeBundle.Html, (value, writer) =>
        {
            writer.Write(HtmlPage.Standalone(DisplayOf(value)).Markup);
            writer.Write(hasPlotly ? "" : PlotlyLibrary.Html);
            hasPlotly = true;
        });
        foreach (Type type in new[] { typeof(torch.Tensor), typeof(torch.nn.Module), typeof(DataFrame), typeof(GenericChart) })
        {
            Add(type, MimeBundle.PlainText, (value, writer) => writer.Write(DisplayOf(value).ToText()));
        }

        void Add(Type type, string mimeType, Action<object, TextWriter> format) => register.Invoke(null, [type, format, mimeType]);
    }

    private static IDisplay DisplayOf(object value) =>
        PackageDisplay.Of(value) ?? ValueDisplay.Of(value) ?? throw new InvalidOperationException($"There is no display for {value.GetType()}.");
}
