using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// The trained parameters and their gradients, each as one flat vector, so that the optimiser, the gradient norm and the moving average are a handful of native
/// calls whatever the number of parameters. They are float32, or float64 where the first parameter is. A parameter of that type is a view of the vector from here on, and what backward passes give it adds up in the vector of
/// gradients: nothing is copied, and setting a module's gradients to null would cut it off (<see cref="ClearGradients"/> is the way). A parameter of another type
/// has its master copy in the vector and is rounded from it.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    /// <summary>Values between two places where a parameter, or a part of the vector, may start: 64 bytes, as torch's own memory. Kernels choose by alignment, and their last digits with them.</summary>
    internal const int Alignment = 64 / sizeof(float);

    private readonly Parameter[] _parameters;
    private readonly long[] _sizes;
    private readonly long[] _starts;
    private readonly int[] _views;
    private readonly int[] _rounded;

    /// <param name="parameters">Names and parameters; those that need no gradient are left out.</param>
    /// <exception cref="ArgumentException">Nothing to train.</exception>
    public FlatParameters(IEnumerable<(string Name, Parameter Parameter)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        (string Name, Parameter Parameter)[] trained = [.. parameters.Where(item => item.Parameter.requires_grad)];
        if (trained.Length == 0)
        {
            throw new ArgumentException("No parameter needs a gradient: nothing to train.", nameof(parameters));
        }

        Names = [.. trained.Select(item => item.Name)];
        _parameters = [.. trained.Select(item => item.Parameter)];
        _sizes = [.. _parameters.Select(parameter => parameter.NumberOfElements)];
        _starts = new long[_sizes.Length];
        long length = 0;
        for (int i = 0; i < _sizes.Length; i++)
        {
            _starts[i] = length;
            length += (_sizes[i] + Alignment - 1) / Alignment * Alignment;
        }

        ScalarType type = _parameters[0].dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        ILookup<bool, int> ofType = Enumerable.Range(0, _parameters.Length).ToLookup(i => _parameters[i].dtype == type);
        (_views, _rounded) = ([.. ofType[true]], [.. ofType[false]]);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Values = zeros(length, type, _parameters[0].device).DetachFromDisposeScope();
        Gradients = zeros_like(Values).DetachFromDisposeScope();
        for (int i = 0; i < _parameters.Length; i++)
        {
            Part(Values, i).copy_(_parameters[i]);
        }

        foreach (int i in _views)
        {
            _parameters[i].set_(Part(Values, i));
            Attach(i);
        }
    }

    /// <summary>All parameters of some modules, each by its own name behind the module's: <c>text.embedding.weight</c>.</summary>
    public static FlatParameters Of(params IEnumerable<(string Name, nn.Module Module)> modules) =>
        new(modules.SelectMany(part => part.Module.named_parameters().Select(item => ($"{part.Name}.{item.name}", item.parameter))));

    /// <summary>Names in the order of the vector.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The values, one dimension; zeros fill the space between parameters. Whoever changes them calls <see cref="Round"/>.</summary>
    public Tensor Values { get; }

    /// <summary>What backward passes gave since <see cref="ClearGradients"/>, of the layout of <see cref="Values"/>; after <see cref="CollectGradients"/> that of all parameters.</summary>
    public Tensor Gradients { get; }

    /// <summary>The parameters that are views, by their places in <see cref="Names"/>.</summary>
    internal IReadOnlyList<int> Views => _views;

    /// <summary>The others.</summary>
    internal IReadOnlyList<int> Rounded => _rounded;

    /// <summary>Where a parameter lies in the vector: its first value, and the one behind its last.</summary>
    internal (long Start, long End) PlaceOf(int i) => (_starts[i], _starts[i] + _sizes[i]);

    /// <summary>Until <see cref="Attach"/> backward passes give a view its gradient as a tensor of its own: that there is one says that it has come. What the vector holds stays.</summary>
    internal void Detach(int i) => _parameters[i].grad = null;

    /// <summary>Adds what has come for a detached view to the vector, which is what the backward pass does for others, and detaches it anew.</summary>
    /// <returns>Whether anything had come.</returns>
    internal bool Take(int i)
    {
        using Tensor? gradient = _parameters[i].grad;
        if (gradient is null)
        {
            return false;
        }

        using Tensor sum = Part(Gradients, i);
        sum.add_(gradient);
        Detach(i);
        return true;
    }

    /// <summary>Backward passes add up in the vector again.</summary>
    internal void Attach(int i)
    {
        using Tensor gradient = Part(Gradients, i);
        _parameters[i].grad = gradient;
    }

    /// <summary>Brings the gradients of parameters that are no views into <see cref="Gradients"/>; one without a gradient has zeros.</summary>
    public void CollectGradients()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (int i in _rounded.Where(i => _parameters[i].grad is not null))
        {
            Part(Gradients, i).copy_(_parameters[i].grad!);
            _parameters[i].grad = null;
        }
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ClearGradients() => Gradients.zero_();

    /// <summary>Rounds the values into parameters that are no views.</summary>
    public void Round()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (int i in _rounded)
        {
            _parameters[i].copy_(Part(Values, i));
        }
    }

    /// <summary>Gives the parameters the values of another vector of the same layout: a moving average.</summary>
    public void Become(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var noGradient = no_grad();
        Values.copy_(values);
        Round();
    }

    /// <summary>Cuts a vector of this layout into tensors by name, which the caller disposes.</summary>
    public Dictionary<string, Tensor> ByName(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var scope = NewDisposeScope();
        return Enumerable.Range(0, _parameters.Length).ToDictionary(i => Names[i], i => Part(values, i).clone().MoveToOuterDisposeScope());
    }

    /// <summary>Lets go of the gradients; the parameters keep their values.</summary>
    public void Dispose()
    {
        foreach (Parameter parameter in _parameters)
        {
            parameter.grad = null;
        }

        Gradients.Dispose();
        Values.Dispose();
    }

    private Tensor Part(Tensor vector, int i)
    {
        using Tensor part_N = vector.narrow(0, _starts[i], _sizes[i]);
        return part_N.view(_parameters[i].shape);
    }
}
