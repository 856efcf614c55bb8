using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Scaling;
using static TorchSharp.torch;

namespace HaloLab.Tests.Optimisation;

/// <summary>When gradients are sent, and that what is sent is final. That the ranks' sums are right is tested with ranks (CommunicatorTests), real models in RecomputationTests.</summary>
public class GradientReducerTests
{
    private const long BucketElements = 64;

    [Fact]
    public void GradientsAreSentFromTheLastLayerOnAsTheyCome()
    {
        using Chain chain = new();
        using FlatParameters parameters = new(chain.named_parameters());
        using Recorder ranks = new();
        using GradientReducer reducer = new(chain, parameters, ranks, BucketElements);

        // What is called for the first time is seen, and sent at the end.
        Pass(chain, reducer);
        Assert.Equal(0, reducer.OverlappedBytes);
        Assert.Equal(5 * BucketElements, ranks.Elements);
        float[] expected = parameters.Gradients.data<float>().ToArray();
        parameters.ClearGradients();
        Pass(chain, reducer);
        Assert.Equal(expected, parameters.Gradients.data<float>().ToArray());

        // Of five layers of 8 × 8 all but the first one, whose gradient comes after the last notice.
        Assert.Equal(4 * BucketElements * sizeof(float), reducer.OverlappedBytes);
        Assert.Equal([4, 3, 2, 1, 0, 4, 3, 2, 1, 0], ranks.Starts.Select(start => start / (int)BucketElements));
    }

    [Fact]
    public void WhatEarlierPassesOfTheStepGaveIsSentWithTheLast()
    {
        using Chain chain = new();
        using FlatParameters parameters = new(chain.named_parameters());
        using Recorder ranks = new();
        using GradientReducer reducer = new(chain, parameters, ranks, BucketElements);
        for (int step = 0; step < 2; step++)
        {
            parameters.ClearGradients();
            chain.Loss(2).backward();
            chain.Loss(3).backward();
            Pass(chain, reducer);
        }

        Assert.Equal(4 * BucketElements * sizeof(float), reducer.OverlappedBytes);
        float[] actual = parameters.Gradients.data<float>().ToArray();
        parameters.ClearGradients();
        chain.Loss(2).backward();
        chain.Loss(3).backward();
        chain.Loss(1).backward();
        Assert.Equal(parameters.Gradients.data<float>().ToArray(), actual);
    }

    [Fact]
    public void APassThatCallsOtherLayersIsSeenAnew()
    {
        using Chain chain = new();
        using FlatParameters parameters = new(chain.named_parameters());
        using Recorder ranks = new();
        using GradientReducer reducer = new(chain, parameters, ranks, BucketElements);
        List<long> overlapped = [];
        foreach (int[] order in (int[][])[[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 4, 1, 2, 3], [0, 4, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]])
        {
            chain.Order = order;
            parameters.ClearGradients();
            chain.Loss(1).backward();
            float[] expected = parameters.Gradients.data<float>().ToArray();
            parameters.ClearGradients();
            long before = reducer.OverlappedBytes / sizeof(float) / BucketElements;
            Pass(chain, reducer);
            Assert.Equal(expected, parameters.Gradients.data<float>().ToArray());
            overlapped.Add((reducer.OverlappedBytes / sizeof(float) / BucketElements) - before);
        }

        // With the layer of the last bucket called early the others wait for it, since all ranks send in one order. A layer that is not called is waited for by nobody.
        Assert.Equal([0, 4, 0, 4, 0, 4], overlapped);
    }

    /// <summary>The same layers in the same order, but a weight is used beside them, where no notice is: its gradient comes with the last use, and so it is not where it was expected.</summary>
    [Fact]
    public void AGradientThatComesLaterThanItDidIsWaitedFor()
    {
        using Chain chain = new();
        using FlatParameters parameters = new(chain.named_parameters());
        using Recorder ranks = new();
        using GradientReducer reducer = new(chain, parameters, ranks, BucketElements);
        Pass(chain, reducer);
        parameters.ClearGradients();
        chain.UsesLastFirst = true;
        Pass(chain, reducer);
        Assert.Equal(0, reducer.OverlappedBytes);
        float[] actual = parameters.Gradients.data<float>().ToArray();
        parameters.ClearGradients();
        chain.Loss(1).backward();
        Assert.Equal(parameters.Gradients.data<float>().ToArray(), actual);
    }

    [Fact]
    public void AGradientThatComesOnceMoreAfterItWasSentIsAnError()
    {
        using Chain chain = new();
        using FlatParameters parameters = new(chain.named_parameters());
        using Recorder ranks = new();
        using GradientReducer reducer = new(chain, parameters, ranks, BucketElements);
        Pass(chain, reducer);
        Pass(chain, reducer);
        chain.AddsToLastInTheEnd = true;
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Pass(chain, reducer));
        Assert.Contains("layer4.weight came after it had been sent", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AProcessAloneIsNotLookedAt()
    {
        using Chain chain = new();
        using FlatParameters parameters = new(chain.named_parameters());
        using GradientReducer reducer = new(chain, parameters, Communicator.Alone, BucketElements);
        reducer.BeginPass();
        chain.Loss(1).backward();

        // They add up in the vector as ever.
        Assert.All(parameters.Gradients.view(5, -1).square().sum([1]).data<float>().ToArray(), square => Assert.NotEqual(0, square));
        reducer.EndPass();
        Assert.Equal(0, reducer.OverlappedBytes);
    }

    [Fact]
    public void PassesLeaveNoTensorsBehind()
    {
        using Chain chain = new();
        using FlatParameters parameters = new(chain.named_parameters());
        using Recorder ranks = new();
        using GradientReducer reducer = new(chain, parameters, ranks, BucketElements);
        Pass(chain, reducer);
        long before = Tensor.TotalCount;
        for (int i = 0; i < 3; i++)
        {
            Pass(chain, reducer);
        }

        Assert.Equal(before, Tensor.TotalCount);
    }

    /// <summary>Fails when a bucket of a model's gradients changes after it was sent, when the gradients are other ones than without, or when little is sent before the backward pass is over.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pass">A forward and a backward pass, always the same.</param>
    internal static void RequireSentWhenFinal(nn.Module model, Action pass)
    {
        using FlatParameters parameters = new(model.named_parameters());
        pass();
        using Tensor expected = parameters.Gradients.clone();
        using Recorder ranks = new();
        using GradientReducer reducer = new(model, parameters, ranks, Math.Max(1, parameters.Gradients.NumberOfElements / 20));
        for (int i = 0; i < 3; i++)
        {
            parameters.ClearGradients();
            reducer.BeginPass();
            pass();
            reducer.EndPass();
            TensorAssert.Identical(expected, parameters.Gradients, "gradients");
        }

        long bytes = 2 * expected.NumberOfElements * expected.ElementSize;
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{model.GetName()}: {(double)reducer.OverlappedBytes / bytes:p0} of the gradients were sent during the backward pass"));
        Assert.InRange(reducer.OverlappedBytes, bytes / 4, bytes);
    }

    private static void Pass(Chain chain, GradientReducer reducer)
    {
        using var scope = NewDisposeScope();
        reducer.BeginPass();
        chain.Loss(1).backward();
        reducer.EndPass();
    }

    /// <summary>Five layers without bias, a bucket each.</summary>
    private sealed class Chain : nn.Module
    {
        private readonly Linear[] _layers = [.. Enumerable.Range(0, 5).Select(_ => new Linear(8, 8, hasBias: false))];

        public Chain()
            : base(nameof(Chain))
        {
            for (int i = 0; i < _layers.Length; i++)
            {
                register_module(FormattableString.Invariant($"layer{i}"), _layers[i]);
            }

            Initialisation.Draw(this, 1);
        }

        /// <summary>The layers that are called, one after the other.</summary>
        public int[] Order { get; set; } = [0, 1, 2, 3, 4];

        /// <summary>Whether the first layer's input is multiplied by the last layer's weight.</summary>
        public bool UsesLastFirst { get; set; }

        /// <summary>Whether the last gradient that is computed makes one more of the last layer's weight.</summary>
        public bool AddsToLastInTheEnd { get; set; }

        public Tensor Loss(int scale)
        {
            using var scope = NewDisposeScope();
            Tensor hidden = ones(2, 8).mul(scale).requires_grad_();
            if (UsesLastFirst)
            {
                hidden = hidden.matmul(_layers[4].weight);
            }

            if (AddsToLastInTheEnd)
            {
                hidden = AddingTo.apply(hidden, new object[] { _layers[4].weight });
            }

            foreach (int layer in Order)
            {
                hidden = _layers[layer].call(hidden).tanh() + hidden;
            }

            return hidden.square().sum().MoveToOuterDisposeScope();
        }

        private sealed class AddingTo : autograd.SingleTensorFunction<AddingTo>
        {
            private const string Weight = "weight";

            public override string Name => nameof(AddingTo);

            public override Tensor forward(autograd.AutogradContext context, params object[] values)
            {
                context.save_data(Weight, values[1]);
                return ((Tensor)values[0]).clone();
            }

            public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
            {
                using var enabled = enable_grad();
                ((TorchSharp.Modules.Parameter)((object[])context.get_data(Weight))[0]).sum().backward();
                return [gradient, null!];
            }
        }
    }

    /// <summary>The first of two ranks, the other of which has zeros. It fails where numbers change between the beginning and the end of their sum.</summary>
    private sealed class Recorder() : LonelyRank(0, 2), IDisposable
    {
        private readonly List<(Tensor Sent, Tensor Then)> _begun = [];

        public long Elements { get; private set; }

        /// <summary>Where in the vector the sums began.</summary>
        public List<long> Starts { get; } = [];

        public override void BeginSum(Tensor tensor)
        {
            ArgumentNullException.ThrowIfNull(tensor);
            Elements += tensor.NumberOfElements;
            Starts.Add(tensor.storage_offset());
            _begun.Add((tensor.alias().DetachFromDisposeScope(), tensor.clone().DetachFromDisposeScope()));
        }

        public override void AdvanceSums()
        {
        }

        public override void FinishSums()
        {
            foreach ((Tensor sent, Tensor then) in _begun)
            {
                TensorAssert.Identical(then, sent, "bucket");
            }

            Dispose();
        }

        public void Dispose()
        {
            foreach ((Tensor sent, Tensor then) in _begun)
            {
                sent.Dispose();
                then.Dispose();
            }

            _begun.Clear();
        }
    }
}
