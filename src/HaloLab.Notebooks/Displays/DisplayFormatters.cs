using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using HaloLab.Displays;
using Microsoft.CodeAnalysis.CSharp.Scripting.Hosting;

namespace HaloLab.Notebooks.Displays;

/// <summary>
/// Values to forms. In this order: what a cell registered for the type; HaloLab's displays of tensors, modules, data frames and Plotly.NET's charts; a formatter source
/// found by convention (an attribute on the type, a base type or an interface that is merely <em>named</em> <c>TypeFormatterSourceAttribute</c>, as .NET Interactive reads it);
/// the library's displays (<see cref="ValueDisplay"/>); plain text, and for a sequence of objects a table.
/// </summary>
public sealed class DisplayFormatters
{
    private readonly ConcurrentDictionary<Type, Dictionary<string, Func<object, string>>> _registered = new();
    private readonly ConcurrentDictionary<Type, List<ConventionFormatter>> _byConvention = new();
    private string _cell = "";
    private string? _plotlyCell;
    private bool _isPlotlyDue;

    /// <summary>Shows values of a type, and of the types derived from it, by a function of the cell's own.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="mimeType">For example <c>text/html</c>.</param>
    /// <param name="format">Value in, form out.</param>
    public void Register<T>(string mimeType, Func<T, string> format)
    {
        ArgumentException.ThrowIfNullOrEmpty(mimeType);
        ArgumentNullException.ThrowIfNull(format);
        Dictionary<string, Func<object, string>> forms = _registered.TryGetValue(typeof(T), out Dictionary<string, Func<object, string>>? known) ? new(known) : [];
        forms[mimeType] = value => format((T)value);
        _registered[typeof(T)] = forms;
    }

    /// <summary>Every form of a value; plain text is always among them.</summary>
    public MimeBundle Format(object? value)
    {
        switch (value)
        {
            case null:
                return MimeBundle.Of(MimeBundle.PlainText, "null");
            case MimeBundle bundle:
                return bundle;
            case string text:
                return MimeBundle.Of(MimeBundle.PlainText, text);
            case Markup markup:
                return new MimeBundle(new Dictionary<string, string> { [MimeBundle.Html] = markup.Content, [MimeBundle.PlainText] = markup.Content });
            default:
                break;
        }

        Dictionary<string, string> forms = [];
        foreach ((string mimeType, Func<object, string> format) in Registered(value.GetType()))
        {
            forms[mimeType] = format(value);
        }

        if (forms.Count == 0 && PackageDisplay.Of(value) is { } ofPackage)
        {
            Add(forms, ofPackage);
            _isPlotlyDue |= _plotlyCell is null && PackageDisplay.NeedsPlotly(value);
        }

        foreach (ConventionFormatter formatter in forms.Count > 0 ? [] : _byConvention.GetOrAdd(value.GetType(), ConventionFormatter.Of))
        {
            if (!forms.ContainsKey(formatter.MimeType) && formatter.TryFormat(value) is { } form)
            {
                forms[formatter.MimeType] = form;
            }
        }

        if (forms.Count == 0 && (ValueDisplay.Of(value) ?? (value is IEnumerable sequence ? ObjectTable.Of(sequence) : null)) is { } display)
        {
            Add(forms, display);
        }

        if (!forms.ContainsKey(MimeBundle.PlainText))
        {
            forms[MimeBundle.PlainText] = Plain(value);
        }

        return new MimeBundle(forms);
    }

    /// <summary>
    /// A cell begins. A cell that is run again replaces its outputs, and with them plotly.js where it was the one that brought it.
    /// </summary>
    internal void BeginCell(string code)
    {
        _cell = code;
        _plotlyCell = _plotlyCell == code ? null : _plotlyCell;
    }

    /// <summary>What must stand in the notebook before the value that was formatted last: plotly.js, once; or null.</summary>
    internal MimeBundle? TakePrelude()
    {
        if (!_isPlotlyDue)
        {
            return null;
        }

        (_isPlotlyDue, _plotlyCell) = (false, _cell);
        return PlotlyLibrary.Output;
    }

    /// <summary>A value as one reads it in a terminal: numbers without a culture, objects as they write themselves, sequences with their elements.</summary>
    public static string Plain(object? value) => value switch
    {
        null => "null",
        string text => text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IDisplay display => display.ToText(),
        Exception exception => $"{exception.GetType().FullName}: {exception.Message}",
        bool flag => flag ? "True" : "False",
        IEnumerable => CSharpObjectFormatter.Instance.FormatObject(value),
        _ when WritesItself(value.GetType()) || HasSpan(value.GetType()) => value.ToString() ?? "",
        _ => CSharpObjectFormatter.Instance.FormatObject(value),
    };

    private static void Add(Dictionary<string, string> forms, IDisplay display)
    {
        forms[MimeBundle.Html] = HtmlPage.Standalone(display).Markup;
        forms[MimeBundle.PlainText] = display.ToText();
    }

    /// <summary>The compiler's own formatter cannot read such a property.</summary>
    private static bool HasSpan(Type type) => type.GetProperties().Any(property => property.PropertyType.IsByRefLike);

    private static bool WritesItself(Type type) => type.GetMethod(nameof(ToString), Type.EmptyTypes)!.DeclaringType is { } declaring && declaring != typeof(object) && declaring != typeof(ValueType);

    private Dictionary<string, Func<object, string>> Registered(Type type)
    {
        for (Type? candidate = type; candidate is not null; candidate = candidate.BaseType)
        {
            if (_registered.TryGetValue(candidate, out Dictionary<string, Func<object, string>>? forms))
            {
                return forms;
            }
        }

        return type.GetInterfaces().Select(contract => _registered.GetValueOrDefault(contract)).FirstOrDefault(forms => forms is not null) ?? [];
    }

    /// <summary>A formatter that a type's formatter source makes: anything with <c>MimeType</c> and <c>Format(object, TextWriter)</c>.</summary>
    private sealed class ConventionFormatter(object formatter, string mimeType, MethodInfo format)
    {
        public string MimeType { get; } = mimeType;

        public static List<ConventionFormatter> Of(Type type)
        {
            List<ConventionFormatter> formatters = [];
            IEnumerable<Type> bases = Enumerable.Repeat(type, 1).Concat(BaseTypes(type)).Concat(type.GetInterfaces());
            foreach (Attribute attribute in bases.SelectMany(candidate => candidate.GetCustomAttributes(inherit: false)).OfType<Attribute>())
            {
                if (attribute.GetType().Name != "TypeFormatterSourceAttribute"
                    || attribute.GetType().GetProperty("FormatterSourceType")?.GetValue(attribute) is not Type sourceType)
                {
                    continue;
                }

                object source = Activator.CreateInstance(sourceType)!;
                if (sourceType.GetMethod("CreateTypeFormatters", Type.EmptyTypes)?.Invoke(source, null) is not IEnumerable made)
                {
                    throw new InvalidOperationException($"{sourceType} is named as formatter source of {type} but has no method CreateTypeFormatters() that returns formatters.");
                }

                formatters.AddRange(made.Cast<object>().Select(one => Wrap(one, sourceType)));
            }

            return formatters;
        }

        public string? TryFormat(object value)
        {
            using StringWriter writer = new(CultureInfo.InvariantCulture);
            try
            {
                return format.Invoke(formatter, [value, writer]) is false ? null : writer.ToString();
            }
            catch (TargetInvocationException exception) when (exception.InnerException is { } cause)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
                throw;
            }
        }

        private static ConventionFormatter Wrap(object formatter, Type sourceType)
        {
            Type type = formatter.GetType();
            MethodInfo? format = type.GetMethods().FirstOrDefault(method => method.Name == "Format" && method.GetParameters() is [_, { ParameterType: Type second }] && second == typeof(TextWriter));
            return type.GetProperty("MimeType")?.GetValue(formatter) is string mimeType && format is not null
                ? new ConventionFormatter(formatter, mimeType, format)
                : throw new InvalidOperationException($"{sourceType} made a {type} that has no MimeType or no Format(object, TextWriter).");
        }

        private static IEnumerable<Type> BaseTypes(Type type)
        {
            for (Type? candidate = type.BaseType; candidate is not null; candidate = candidate.BaseType)
            {
                yield return candidate;
            }
        }
    }
}
