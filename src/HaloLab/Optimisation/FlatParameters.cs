using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// The trained parameters as one flat vector, so that the optimiser, the gradient norm and the moving average are a handful of native calls
/// whatever the number of parameters. The vector is the master copy; <see cref="WriteBack()"/> copies it into the parameters.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private readonly Parameter[] _parameters;
    private readonly long[] _sizes;

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
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Values = cat([.. _parameters.Select(parameter => parameter.detach().reshape(-1).to(ScalarType.Float32))]).DetachFromDisposeScope();
    }

    /// <summary>All parameters of some modules, each by its own name behind the module's: <c>text.embedding.weight</c>.</summary>
    public static FlatParameters Of(params IEnumerable<(string Name, nn.Module Module)> modules) =>
        new(modules.SelectMany(part => part.Module.named_parameters().Select(item => ($"{part.Name}.{item.name}", item.parameter))));

    /// <summary>Names in the order of the vector.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The master copy, float32, one dimension.</summary>
    public Tensor Values { get; }

    /// <summary>All gradients as one float32 vector that the caller disposes; a parameter without a gradient has zeros. The gradients are dropped.</summary>
    public Tensor TakeGradients()
    {
        using var scope = NewDisposeScope();
        Tensor[] gradients = [.. _parameters.Select((parameter, i) =>
            parameter.grad?.reshape(-1).to(ScalarType.Float32) ?? zeros(_sizes[i], device: parameter.device))];
        Tensor gradient = cat(gradients);
        foreach (Parameter parameter in _parameters)
        {
            parameter.grad = null;
        }

        return gradient.MoveToOuterDisposeScope();
    }

    /// <summary>Copies the vector into the parameters.</summary>
    public void WriteBack() => WriteBack(Values);

    /// <summary>Copies another vector of the same layout (a moving average) into the parameters; <see cref="Values"/> stays.</summary>
    public void WriteBack(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] parts = values.split(_sizes);
        for (int i = 0; i < parts.Length; i++)
        {
            _parameters[i].copy_(parts[i].view(_parameters[i].shape));
        }
    }

    /// <summary>Cuts a vector of this layout into tensors by name, which the caller disposes.</summary>
    public Dictionary<string, Tensor> ByName(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var scope = NewDisposeScope();
        Tensor[] parts = values.split(_sizes);
        return Enumerable.Range(0, parts.Length).ToDictionary(i => Names[i], i => parts[i].view(_parameters[i].shape).clone().MoveToOuterDisposeScope());
    }

    public void Dispose() => Values.Dispose();
}
