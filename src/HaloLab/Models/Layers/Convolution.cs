using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>
/// Convolutions that are right on every processor. oneDNN works on channels in groups of 16; on some processors (seen on an AMD EPYC of family 26 with oneDNN 3.7.1) torch has it take in memory that nobody has
/// written where the last group is not full, and results are wrong or not a number: the gradient by the input where there are not 16, 32, ... output channels, the output itself where there are more than 16 input
/// channels, and both with any number of channels in half precision. Filling the last group up with channels of zeros costs next to nothing, since oneDNN has room for them anyway.
/// </summary>
internal static class Convolution
{
    private const long Group = 16;

    /// <param name="input">[B, C, ...].</param>
    /// <param name="weight">[D, C, ...].</param>
    /// <param name="bias">[D] or null.</param>
    /// <param name="convolve">The convolution of such three.</param>
    /// <returns>[B, D, ...], for the caller's dispose scope.</returns>
    public static Tensor Run(Tensor input, Tensor weight, Tensor? bias, Func<Tensor, Tensor, Tensor?, Tensor> convolve)
    {
        (long channels, long inChannels) = (weight.shape[0], weight.shape[1]);
        bool isHalf = input.dtype is ScalarType.BFloat16 or ScalarType.Float16;
        bool fillsInput = inChannels % Group != 0 && (isHalf || inChannels > Group);
        bool fillsOutput = channels % Group != 0 && (isHalf || (is_grad_enabled() && input.requires_grad));
        if (input.device_type != TorchSharp.DeviceType.CPU || !(fillsInput || fillsOutput))
        {
            return convolve(input, weight, bias);
        }

        using var scope = NewDisposeScope();
        if (fillsInput)
        {
            (input, weight) = (Filled(input, 1), Filled(weight, 1));
        }

        if (fillsOutput)
        {
            (weight, bias) = (Filled(weight, 0), bias is null ? null : Filled(bias, 0));
        }

        Tensor output = convolve(input, weight, bias);
        return (fillsOutput ? output.narrow(1, 0, channels).contiguous() : output).MoveToOuterDisposeScope();
    }

    private static Tensor Filled(Tensor values, int dimension)
    {
        long[] shape = values.shape;
        shape[dimension] = Group - (shape[dimension] % Group);
        return cat([values, zeros(shape, dtype: values.dtype, device: values.device)], dimension);
    }
}
