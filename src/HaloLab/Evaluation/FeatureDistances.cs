using MathNet.Numerics.LinearAlgebra;

namespace HaloLab.Evaluation;

/// <summary>How far apart two sets of features lie.</summary>
public static class FeatureDistances
{
    private const int KernelPower = 3;

    /// <summary>
    /// Fréchet distance of two normal distributions with the sets' means and covariances (FID, Heusel et al. 2017, arXiv 1706.08500; FVD on features of
    /// videos). Few samples bias it upwards.
    /// </summary>
    /// <param name="x">Rows are samples, at least two.</param>
    /// <param name="y">Rows are samples of the same width.</param>
    public static double Frechet(double[][] x, double[][] y)
    {
        (Matrix<double> a, Matrix<double> b) = Matrices(x, y);
        (Vector<double> meanA, Matrix<double> covarianceA) = Moments(a);
        (Vector<double> meanB, Matrix<double> covarianceB) = Moments(b);

        // tr √(S₁S₂) = tr √(√S₁ S₂ √S₁), which is symmetric: no imaginary parts, also where a covariance is singular.
        Matrix<double> root = Root(covarianceA);
        double trace = (root * covarianceB * root).Evd(Symmetricity.Symmetric).EigenValues.Sum(value => Math.Sqrt(Math.Max(0, value.Real)));
        return (meanA - meanB).PointwisePower(2).Sum() + covarianceA.Trace() + covarianceB.Trace() - (2 * trace);
    }

    /// <summary>Squared maximum mean discrepancy with the kernel (x·y / width + 1)³, unbiased (KID, Bińkowski et al. 2018, arXiv 1801.01401).</summary>
    /// <param name="x">Rows are samples, at least two.</param>
    /// <param name="y">Rows are samples of the same width.</param>
    public static double Kernel(double[][] x, double[][] y)
    {
        (Matrix<double> a, Matrix<double> b) = Matrices(x, y);
        Matrix<double> Of(Matrix<double> rows, Matrix<double> columns) => ((rows * columns.Transpose() / rows.ColumnCount) + 1).PointwisePower(KernelPower);
        double Within(Matrix<double> samples)
        {
            Matrix<double> kernel = Of(samples, samples);
            return (kernel.RowSums().Sum() - kernel.Diagonal().Sum()) / ((double)samples.RowCount * (samples.RowCount - 1));
        }

        return Within(a) + Within(b) - (2 * Of(a, b).RowSums().Sum() / ((double)a.RowCount * b.RowCount));
    }

    private static (Matrix<double> X, Matrix<double> Y) Matrices(double[][] x, double[][] y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Length < 2 || y.Length < 2 || x.Concat(y).Any(row => row.Length != x[0].Length))
        {
            throw new InputException($"A distance of features needs at least two samples of one width on either side; there are {x.Length} and {y.Length}.");
        }

        return (Matrix<double>.Build.DenseOfRowArrays(x), Matrix<double>.Build.DenseOfRowArrays(y));
    }

    private static (Vector<double> Mean, Matrix<double> Covariance) Moments(Matrix<double> samples)
    {
        Vector<double> mean = samples.ColumnSums() / samples.RowCount;
        Matrix<double> centred = Matrix<double>.Build.DenseOfRowVectors(samples.EnumerateRows().Select(row => row - mean));
        return (mean, centred.TransposeThisAndMultiply(centred) / (samples.RowCount - 1));
    }

    private static Matrix<double> Root(Matrix<double> symmetric)
    {
        var eigen = symmetric.Evd(Symmetricity.Symmetric);
        Matrix<double> roots = Matrix<double>.Build.DenseOfDiagonalVector(eigen.EigenValues.Map(value => Math.Sqrt(Math.Max(0, value.Real))));
        return eigen.EigenVectors * roots * eigen.EigenVectors.Transpose();
    }
}
