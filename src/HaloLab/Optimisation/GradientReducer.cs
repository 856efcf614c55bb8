using HaloLab.Scaling;
using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// Adds up the gradients of all ranks in <see cref="FlatParameters"/>, bucket by bucket from the end of the vector (where the last layers are, whose gradients come first), and each bucket as soon as its gradients are final, while
/// the backward pass goes on (Li et al. 2020, arXiv 2006.15704). TorchSharp has no hook on a gradient. So the outputs of the layers pass through a function that changes nothing and whose backward looks which gradients have
/// come: that there is one is a fact, that no further one follows was seen in the first pass, after which everything is sent at its end. A pass over layers that are called otherwise is seen anew; a gradient that came
/// after its bucket was begun, in spite of that, is an error and never lost. Sums are those of the same numbers in the same buckets whenever they begin.
/// </summary>
/// <remarks>
/// Nothing is looked at, and gradients are sent after the pass, where there is one rank, where one bucket has all of them (it waits for the first layer's, which come last), and where they are on an accelerator, whose backward
/// pass has threads of its own.
/// </remarks>
public sealed class GradientReducer : IDisposable
{
    // Elements that are sent at once: 4 MiB of float32, large for a network, and a small part of a model.
    private const long BucketElements = 1 << 20;

    // A notice calls back and forth between native and managed code, and takes memory of its layer's output for a moment: not every layer gets one.
    private const int NoticesPerBucket = 4;

    private readonly FlatParameters _parameters;
    private readonly Communicator _ranks;
    private readonly long _bucketElements;
    private readonly bool _isOnAccelerator;
    private readonly List<Action> _removeHooks = [];

    // Of this pass: the layers that were called before it went back, what came by each notice, how many gradients each bucket waits for, and how many buckets were not begun.
    private readonly List<int> _calls = [];
    private readonly List<int[]> _arrivals = [];
    private readonly int[] _awaited;
    private int _open;
    private long _unnoticed;
    private bool _isOn;
    private bool _isFollowed;
    private int? _late;

    // Of a pass that was seen whole.
    private Seen? _seen;

    // The graph takes hold of what a notice returned only after it has.
    private Tensor? _passedOn;

    /// <param name="model">Its layers with one input and one output are watched.</param>
    /// <param name="parameters">What is trained of it.</param>
    /// <param name="ranks">Who adds up.</param>
    public GradientReducer(nn.Module model, FlatParameters parameters, Communicator ranks)
        : this(model, parameters, ranks, BucketElements)
    {
    }

    internal GradientReducer(nn.Module model, FlatParameters parameters, Communicator ranks, long bucketElements)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(ranks);
        (_parameters, _ranks, _bucketElements) = (parameters, ranks, bucketElements);
        _isOnAccelerator = parameters.Gradients.device.type != TorchSharp.DeviceType.CPU;
        _awaited = new int[(int)((parameters.Gradients.NumberOfElements + bucketElements - 1) / bucketElements)];
        if (ranks.Size == 1 || _isOnAccelerator || _awaited.Length == 1)
        {
            return;
        }

        foreach (nn.Module<Tensor, Tensor> layer in Layers(model).Where(layer => !Layers(layer).Skip(1).Any()))
        {
            int number = _removeHooks.Count;
            long elements = layer.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.NumberOfElements);
            _removeHooks.Add(layer.register_forward_hook((_, input, output) => Watch(number, elements, input, output)).remove);
        }
    }

    /// <summary>Bytes whose adding up began before the backward pass was over, so far.</summary>
    public long OverlappedBytes { get; private set; }

    /// <summary>The forward pass of the last backward pass of a step begins.</summary>
    public void BeginPass()
    {
        if (_removeHooks.Count == 0)
        {
            return;
        }

        foreach (int i in _parameters.Views)
        {
            _parameters.Detach(i);
        }

        _calls.Clear();
        _arrivals.Clear();
        (_open, _unnoticed, _isOn, _isFollowed) = (_awaited.Length, 0, true, false);
    }

    /// <summary>The backward pass is over: returns when all gradients are the sums over all ranks.</summary>
    /// <exception cref="InvalidOperationException">A gradient came after its bucket was begun.</exception>
    public void EndPass()
    {
        using var noGradient = no_grad();
        if (_isOn)
        {
            TakeTheRest();
        }
        else
        {
            _open = _awaited.Length;
        }

        _parameters.CollectGradients();
        if (_isOnAccelerator)
        {
            _ranks.Sum(_parameters.Gradients);
        }
        else if (_ranks.Size > 1)
        {
            while (_open > 0)
            {
                BeginNext();
            }

            _ranks.FinishSums();
        }
    }

    /// <summary>Leaves the model alone; gradients are sent after the pass from here on.</summary>
    public void Dispose()
    {
        _removeHooks.ForEach(remove => remove());
        _removeHooks.Clear();
        LetGo();
    }

    /// <summary>The parts of a model, itself first, that can be watched and have something to train.</summary>
    private static IEnumerable<nn.Module<Tensor, Tensor>> Layers(nn.Module model) => model.modules().Prepend(model).OfType<nn.Module<Tensor, Tensor>>()
        .Distinct<nn.Module<Tensor, Tensor>>(ReferenceEqualityComparer.Instance).Where(layer => layer.parameters().Any(parameter => parameter.requires_grad));

    /// <summary>A layer was called: its output gets a notice if there was none for long.</summary>
    private Tensor Watch(int number, long elements, Tensor input, Tensor output)
    {
        if (!_isOn)
        {
            return output;
        }

        _unnoticed += elements;
        bool isNoticed = _unnoticed * NoticesPerBucket >= _bucketElements && is_grad_enabled() && output.requires_grad;
        if (_arrivals.Count == 0)
        {
            _calls.Add(isNoticed ? number : ~number);
        }

        if (!isNoticed)
        {
            return output;
        }

        _unnoticed = 0;
        using var scope = NewDisposeScope();
        Tensor noticed = Notice.apply(output, this).MoveToOuterDisposeScope();
        if (!ReferenceEquals(input, output))
        {
            output.Dispose();
        }

        return noticed;
    }

    /// <summary>The backward pass has come to a notice: what was computed after it has its gradients.</summary>
    private void Look(Tensor gradient)
    {
        LetGo();
        _passedOn = gradient.IsInvalid ? null : gradient.DetachFromDisposeScope();
        if (!_isOn)
        {
            return;
        }

        using var noGradient = no_grad();
        if (_arrivals.Count == 0 && _seen is not null && _calls.SequenceEqual(_seen.Calls))
        {
            _seen.Awaited.CopyTo(_awaited, 0);
            _isFollowed = true;
        }

        // Sums go on here alone.
        _ranks.AdvanceSums();
        if (!_isFollowed)
        {
            _arrivals.Add([.. _parameters.Views.Where(Take)]);
            return;
        }

        int[] expected = _arrivals.Count < _seen!.Arrivals.Length ? _seen.Arrivals[_arrivals.Count] : [];
        int[] came = [.. expected.Where(Take)];
        _arrivals.Add(came);
        _isFollowed = came.Length == expected.Length;
        foreach (int bucket in came.SelectMany(BucketsOf))
        {
            _awaited[bucket]--;
        }

        while (_isFollowed && _open > 0 && _awaited[_open - 1] == 0)
        {
            OverlappedBytes += BeginNext();
        }
    }

    private void LetGo()
    {
        _passedOn?.Dispose();
        _passedOn = null;
    }

    private void TakeTheRest()
    {
        int[] last = [.. _parameters.Views.Where(Take)];
        if (_late is int late)
        {
            throw new InvalidOperationException($"A gradient of {_parameters.Names[late]} came after it had been sent to the other ranks: the backward pass went another way than in an earlier step that called the same layers.");
        }

        if (!_isFollowed)
        {
            int[] awaited = new int[_awaited.Length];
            foreach (int bucket in _arrivals.Append(last).SelectMany(came => came).Concat(_parameters.Rounded).SelectMany(BucketsOf))
            {
                awaited[bucket]++;
            }

            _seen = new Seen([.. _calls], [.. _arrivals], awaited);
        }

        foreach (int i in _parameters.Views)
        {
            _parameters.Attach(i);
        }

        LetGo();
        _isOn = false;
    }

    /// <summary>As that of the parameters; a gradient that comes too late is remembered, since native code calls.</summary>
    private bool Take(int i)
    {
        if (!_parameters.Take(i))
        {
            return false;
        }

        _late = BucketsOf(i).Last() >= _open ? i : _late;
        return true;
    }

    /// <returns>Bytes of the bucket.</returns>
    private long BeginNext()
    {
        _open--;
        long start = _open * _bucketElements;
        using Tensor bucket = _parameters.Gradients.narrow(0, start, Math.Min(_bucketElements, _parameters.Gradients.NumberOfElements - start));
        _ranks.BeginSum(bucket);
        return bucket.NumberOfElements * bucket.ElementSize;
    }

    private IEnumerable<int> BucketsOf(int parameter)
    {
        (long start, long end) = _parameters.PlaceOf(parameter);
        int first = (int)(start / _bucketElements);
        return Enumerable.Range(first, (int)((end - 1) / _bucketElements) - first + 1);
    }

    /// <param name="Calls">The layers that were called, as complement where the output got no notice.</param>
    /// <param name="Arrivals">The parameters for which a gradient had come by each notice.</param>
    /// <param name="Awaited">How many gradients come for each bucket until it is final.</param>
    private sealed record Seen(int[] Calls, int[][] Arrivals, int[] Awaited);

    /// <summary>The same numbers; when their gradient has been computed it says so.</summary>
    private sealed class Notice : autograd.SingleTensorFunction<Notice>
    {
        private const string Told = "told";

        public override string Name => nameof(GradientReducer);

        public override Tensor forward(autograd.AutogradContext context, params object[] values)
        {
            context.save_data(Told, values[1]);
            context.set_materialize_grads(false);
            return ((Tensor)values[0]).detach();
        }

        public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
        {
            ((GradientReducer)context.get_data(Told)).Look(gradient);
            return [gradient, null!];
        }
    }
}
