using System.Globalization;
using System.Text;
using static TorchSharp.torch;

namespace HaloLab.Displays;

/// <summary>A module as a tree: every part with its type, the shapes of its own parameters and the number of parameters in it and below it.</summary>
/// <remarks>It is read when the display is made. At most <see cref="MaximumModules"/> modules are listed; the sums count all.</remarks>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class ModuleDisplay : IDisplay
{
    public const int MaximumModules = 1500;

    private const int TextLines = 60;

    private readonly Part _root;
    private int _left = MaximumModules;

    public ModuleDisplay(nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        _root = Read("", module);
        Parameters = _root.Parameters;
        Trained = module.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.NumberOfElements);
        Bytes = module.parameters().Sum(parameter => parameter.NumberOfElements * parameter.ElementSize);
    }

    /// <summary>Numbers in all parameters.</summary>
    public long Parameters { get; }

    /// <summary>Of these, the numbers that training changes.</summary>
    public long Trained { get; }

    /// <summary>Memory of the parameters.</summary>
    public long Bytes { get; }

    private string Total => string.Create(CultureInfo.InvariantCulture, $"{Parameters:#,0} parameters, {DisplayNumber.Bytes(Bytes)}{(Trained < Parameters ? $", {Trained:#,0} of them trained" : "")}");

    /// <inheritdoc/>
    public HtmlFragment ToHtml() => HtmlFragment.Of($"<div class=\"halo-tree\">{Node(_root, isRoot: true)}</div>\n");

    /// <inheritdoc/>
    public string ToText()
    {
        List<(int Depth, Part Part)> parts = [.. Flatten(_root, 0)];

        // As deep as fits on a screen; what lies deeper is in the sums.
        int depth = Enumerable.Range(1, 64).TakeWhile(limit => parts.Count(item => item.Depth <= limit) <= TextLines).LastOrDefault(1);
        StringBuilder text = new($"{_root.Kind}: {Total}");
        foreach ((int level, Part part) in parts.Where(item => item.Depth > 0 && item.Depth <= depth).Take(TextLines))
        {
            string below = level == depth && part.Children.Count > 0 ? " …" : "";
            text.AppendLine().Append(' ', 2 * level).Append(CultureInfo.InvariantCulture, $"{part.Name}  {part.Kind}{(part.Shapes.Length > 0 ? "  " : "")}{part.Shapes}  {part.Parameters:#,0}{below}");
        }

        int hidden = parts.Count - Math.Min(TextLines + 1, parts.Count(item => item.Depth <= depth));
        return hidden > 0 ? text.AppendLine().Append(CultureInfo.InvariantCulture, $"  and {hidden} parts within these").ToString() : text.ToString();
    }

    private HtmlFragment Node(Part part, bool isRoot = false)
    {
        HtmlFragment name = isRoot ? HtmlFragment.Empty : HtmlFragment.Of($"<code>{part.Name}</code>");
        HtmlFragment shapes = part.Shapes.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<span class=\"halo-shapes\">{part.Shapes}</span>");
        string sum = isRoot ? Total : part.Parameters.ToString("#,0", CultureInfo.InvariantCulture);
        HtmlFragment line = HtmlFragment.Of($"{name}<span class=\"{(isRoot ? "halo-name" : "halo-kind")}\">{part.Kind}</span>{shapes}<span class=\"halo-sum\">{sum}</span>");
        if (part.Children.Count == 0)
        {
            return HtmlFragment.Of($"<div class=\"halo-leaf\">{line}</div>");
        }

        HtmlFragment open = isRoot ? HtmlFragment.Of($" open=\"\"") : HtmlFragment.Empty;
        HtmlFragment cut = part.Hidden == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<div class=\"halo-leaf halo-shapes\">{part.Hidden} more parts are not listed</div>");
        return HtmlFragment.Of($"<details{open}><summary>{line}</summary>{part.Children.Select(child => Node(child))}{cut}</details>\n");
    }

    private Part Read(string name, nn.Module module)
    {
        _left--;
        Part part = new(name, module.GetType().Name.Split('`')[0], Shapes(module), module.parameters().Sum(parameter => parameter.NumberOfElements));
        foreach ((string childName, nn.Module child) in module.named_children())
        {
            if (_left > 0)
            {
                part.Children.Add(Read(childName, child));
            }
            else
            {
                part.Hidden++;
            }
        }

        return part;
    }

    private static string Shapes(nn.Module module) => string.Join(
        ", ",
        module.named_parameters(recurse: false).Select(item => $"{item.name} {Shape(item.parameter)}{(item.parameter.requires_grad ? "" : " (fixed)")}")
            .Concat(module.named_buffers(recurse: false).Select(item => $"{item.name} {Shape(item.buffer)} (buffer)")));

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    private static IEnumerable<(int Depth, Part Part)> Flatten(Part part, int depth) =>
        part.Children.SelectMany(child => Flatten(child, depth + 1)).Prepend((depth, part));

    private sealed class Part(string name, string kind, string shapes, long parameters)
    {
        public string Name { get; } = name;

        public string Kind { get; } = kind;

        public string Shapes { get; } = shapes;

        public long Parameters { get; } = parameters;

        public List<Part> Children { get; } = [];

        public int Hidden { get; set; }
    }
}
