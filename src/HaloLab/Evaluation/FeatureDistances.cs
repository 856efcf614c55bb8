using MathNet.Numerics.LinearAlgebra;
using static TorchSharp.torch;

namespace HaloLab.Evaluation;

/// <summary>How far apart two sets of features lie.</summary>
public static class FeatureDistances
{
    private const int KernelPower = 3;

    /// <summary>
    /// Fréchet distance of two normal distributions with the sets' means and covariances (FID, Heusel et al. 2017, arXiv 1706.08500; FVD on features of
    /// videos). Few samples bias it upwards: without a difference it is about width / 4 · (1 / n + 1 / m) times the features' total variance above 0.
    /// </summary>
    /// <param name="x">Rows are samples, at least two.</param>
    /// <param name="y">Rows are samples of the same width.</param>
    public static double Frechet(double[][] x, double[][] y)
    {
        Check(x, y);
        using var scope = NewDisposeScope();
        (Tensor meanA_D, Tensor factorA_RD) = Factor(x);
        (Tensor meanB_D, Tensor factorB_RD) = Factor(y);

        // With S₁ = XᵀX and S₂ = YᵀY, tr √(S₁S₂) is the sum of the singular values of XYᵀ: no imaginary parts, also where a covariance is singular.
        Tensor root = linalg.svdvals(factorA_RD.matmul(factorB_RD.transpose(0, 1))).sum();
        return ((meanA_D - meanB_D).square().sum() + factorA_RD.square().sum() + factorB_RD.square().sum() - (2 * root)).item<double>();
    }

    /// <summary>Squared maximum mean discrepancy with the kernel (x·y / width + 1)³, unbiased (KID, Bińkowski et al. 2018, arXiv 1801.01401).</summary>
    /// <param name="x">Rows are samples, at least two.</param>
    /// <param name="y">Rows are samples of the same width.</param>
    public static double Kernel(double[][] x, double[][] y)
    {
        Check(x, y);
        (Matrix<double> a, Matrix<double> b) = (Matrix<double>.Build.DenseOfRowArrays(x), Matrix<double>.Build.DenseOfRowArrays(y));
        double Within(Matrix<double> samples)
        {
            Matrix<double> kernel = Values(samples, samples);
            return (kernel.RowSums().Sum() - kernel.Diagonal().Sum()) / ((double)samples.RowCount * (samples.RowCount - 1));
        }

        return Within(a) + Within(b) - (2 * Values(a, b).RowSums().Sum() / ((double)a.RowCount * b.RowCount));
    }

    /// <summary>
    /// As <see cref="Kernel"/>, where prompts are the independent units: pairs of samples of one prompt are left out everywhere, within and between the sets, so that clips that share a
    /// prompt do not count as likeness or unlikeness of the models. Unbiased over prompts, and the same as <see cref="Kernel"/> where every sample has a prompt of its own.
    /// </summary>
    /// <param name="x">Samples by the number of their prompt, which may have any number of them.</param>
    /// <param name="y">The same of the other set, of the same prompts.</param>
    /// <returns>The distance of the prompts drawn; NaN where fewer than two of them have samples on either side.</returns>
    public static PromptStatistic KernelByPrompt(IReadOnlyList<double[][]> x, IReadOnlyList<double[][]> y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        Check([.. x.SelectMany(samples => samples)], [.. y.SelectMany(samples => samples)]);
        (Block within, Block other, Block between) = (new(x, x), new(y, y), new(x, y));
        return PromptStatistic.Weighted(x.Count, weights => within.Mean(weights) + other.Mean(weights) - (2 * between.Mean(weights)));
    }

    /// <summary>Sums of kernel values of the samples of two sets, prompt by prompt.</summary>
    private sealed class Block
    {
        private readonly double[,] _sums;
        private readonly int[] _rows;
        private readonly int[] _columns;

        public Block(IReadOnlyList<double[][]> rows, IReadOnlyList<double[][]> columns)
        {
            (_rows, _columns) = ([.. rows.Select(samples => samples.Length)], [.. columns.Select(samples => samples.Length)]);
            (int[] promptOfRow, int[] promptOfColumn) = (PromptOf(_rows), PromptOf(_columns));
            _sums = new double[rows.Count, columns.Count];
            Matrix<double> kernel = Values(Matrix<double>.Build.DenseOfRowArrays(rows.SelectMany(samples => samples)), Matrix<double>.Build.DenseOfRowArrays(columns.SelectMany(samples => samples)));
            foreach ((int row, int column, double value) in kernel.EnumerateIndexed())
            {
                _sums[promptOfRow[row], promptOfColumn[column]] += value;
            }
        }

        /// <summary>Mean over pairs of samples of different prompts, each prompt counting by its weight.</summary>
        public double Mean(int[] weights)
        {
            (double sum, double count, int prompts) = (0, 0, weights.Length);
            for (int p = 0; p < prompts; p++)
            {
                if (weights[p] == 0 || _rows[p] == 0)
                {
                    continue;
                }

                for (int q = 0; q < prompts; q++)
                {
                    double weight = p == q ? 0 : (double)weights[p] * weights[q];
                    sum += weight * _sums[p, q];
                    count += weight * _rows[p] * _columns[q];
                }
            }

            return sum / count;
        }

        private static int[] PromptOf(int[] counts) => [.. counts.SelectMany((count, prompt) => Enumerable.Repeat(prompt, count))];
    }

    private static Matrix<double> Values(Matrix<double> rows, Matrix<double> columns) => ((rows * columns.Transpose() / rows.ColumnCount) + 1).PointwisePower(KernelPower);

    private static void Check(double[][] x, double[][] y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Length < 2 || y.Length < 2 || x.Concat(y).Any(row => row.Length != x[0].Length))
        {
            throw new InputException($"A distance of features needs at least two samples of one width on either side; there are {x.Length} and {y.Length}.");
        }
    }

    /// <summary>The mean, and a matrix F, as small as can be, with FᵀF the covariance.</summary>
    private static (Tensor Mean_D, Tensor Factor_RD) Factor(double[][] samples)
    {
        Tensor samples_ND = tensor(samples.SelectMany(row => row).ToArray(), [samples.Length, samples[0].Length]);
        Tensor mean_D = samples_ND.mean([0]);
        Tensor centred_ND = (samples_ND - mean_D) / Math.Sqrt(samples.Length - 1);
        return (mean_D, samples.Length > samples[0].Length ? linalg.qr(centred_ND).R : centred_ND);
    }
}
