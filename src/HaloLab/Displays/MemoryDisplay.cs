using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Displays;

/// <summary>
/// How many tensors live and what memory the process holds, at the moment the display is made, and what changed since an earlier one: a loop that leaks shows at once.
/// Named tensors and modules are listed with their sizes.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class MemoryDisplay : IDisplay
{
    private static readonly TableColumn[] Columns = [new("memory"), new("now", IsNumber: true), new("change", IsNumber: true)];

    private readonly List<(string Name, double Now, double? Change, bool IsBytes)> _rows = [];

    /// <param name="since">An earlier one, to compare with; null: no comparison.</param>
    /// <param name="held">Tensors and modules by name.</param>
    /// <exception cref="ArgumentException">A named value is neither a tensor nor a module.</exception>
    public MemoryDisplay(MemoryDisplay? since = null, params IReadOnlyList<(string Name, object Value)> held)
    {
        ArgumentNullException.ThrowIfNull(held);
        Add("live tensors", Tensor.TotalCount, isBytes: false);
        Add("live tensors, most so far", Tensor.PeakCount, isBytes: false);
        Add("live tensors of this thread's dispose scopes", DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount, isBytes: false);
        Add("managed objects", GC.GetTotalMemory(forceFullCollection: false), isBytes: true);
        Add("whole process", Environment.WorkingSet, isBytes: true);
        foreach ((string name, object value) in held)
        {
            Add(name, Size(name, value), isBytes: true);
        }

        void Add(string name, double now, bool isBytes)
        {
            double? before = since?._rows.Where(row => row.Name == name).Select(row => (double?)row.Now).FirstOrDefault();
            _rows.Add((name, now, now - before, isBytes));
        }
    }

    /// <summary>Tensors that were alive.</summary>
    public long LiveTensors => (long)_rows[0].Now;

    /// <inheritdoc/>
    public HtmlFragment ToHtml() => Table().ToHtml();

    /// <inheritdoc/>
    public string ToText() => Table().ToText();

    private static double Size(string name, object value) => value switch
    {
        Tensor { IsInvalid: true } => 0,
        Tensor tensor => tensor.NumberOfElements * tensor.ElementSize,
        nn.Module module => module.parameters().Concat(module.buffers()).Sum(tensor => tensor.NumberOfElements * tensor.ElementSize),
        _ => throw new ArgumentException($"'{name}' is a {value?.GetType()}, expected a tensor or a module."),
    };

    private DataTable Table()
    {
        TableColumn[] columns = _rows.Any(row => row.Change is not null) ? Columns : Columns[..2];
        return new DataTable(columns, [.. _rows.Select(row => (IReadOnlyList<object?>)new object?[] { row.Name, Number(row.Now, row.IsBytes), Change(row.Change, row.IsBytes) }[..columns.Length])]);
    }

    private static string Number(double value, bool isBytes) => isBytes ? DisplayNumber.Bytes((long)value) : value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string? Change(double? change, bool isBytes) =>
        change is not { } value ? null : value == 0 ? "0" : (value > 0 ? "+" : "−") + Number(Math.Abs(value), isBytes);
}
