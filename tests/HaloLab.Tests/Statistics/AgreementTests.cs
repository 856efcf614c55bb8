using System.Text.Json;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Statistics;

public class AgreementTests
{
    private static readonly Dictionary<string, IccForm> Forms = new()
    {
        ["ICC(1,1)"] = IccForm.OneWaySingle,
        ["ICC(A,1)"] = IccForm.AgreementSingle,
        ["ICC(C,1)"] = IccForm.ConsistencySingle,
        ["ICC(1,k)"] = IccForm.OneWayMean,
        ["ICC(A,k)"] = IccForm.AgreementMean,
        ["ICC(C,k)"] = IccForm.ConsistencyMean,
    };

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GoldenCase.Find), "statistics", new[] { "agreement*" }, MemberType = typeof(GoldenCase), DisableDiscoveryEnumeration = true)]
    public void MatchesReference(GoldenCase golden)
    {
        JsonElement data = golden.Json.GetProperty("data");
        double[][] ratings = data.GetProperty("icc").Rows("ratings_targets_by_raters");
        foreach (JsonElement expected in data.GetProperty("icc").GetProperty("expected").EnumerateArray())
        {
            string type = expected.GetProperty("Type").GetString()!;
            IccResult actual = IntraclassCorrelation.Compute(ratings, Forms[type]);
            JsonNumbers.Close(expected.GetProperty("ICC"), actual.Icc.Estimate, type);
            JsonNumbers.Close(expected.GetProperty("F"), actual.F, type + " F");
            Assert.Equal(expected.GetProperty("df1").GetInt32(), actual.NumeratorDegrees);
            Assert.Equal(expected.GetProperty("df2").GetInt32(), actual.DenominatorDegrees);
            JsonNumbers.Close(expected.GetProperty("pval"), actual.PValue, type + " p", JsonNumbers.PValue);

            // The reference prints its intervals with two decimals.
            double[] rounded = [Math.Round(actual.Icc.Low, 2), Math.Round(actual.Icc.High, 2)];
            Assert.Equal(expected.Numbers("CI95"), rounded);
        }

        JsonElement krippendorff = data.GetProperty("krippendorff");
        double[][] units = krippendorff.Rows("ratings_units_by_raters_null_missing");
        foreach (JsonProperty expected in krippendorff.GetProperty("expected").EnumerateObject())
        {
            MeasurementLevel level = Enum.Parse<MeasurementLevel>(expected.Name, ignoreCase: true);
            JsonNumbers.Close(expected.Value, KrippendorffAlpha.Compute(units, level), expected.Name);
        }

        JsonElement cohen = data.GetProperty("cohen");
        foreach (JsonProperty expected in cohen.GetProperty("expected").EnumerateObject())
        {
            CohenKappaResult actual = CohenKappa.Compute(
                cohen.Integers("a"), cohen.Integers("b"), cohen.Integers("categories"), Enum.Parse<KappaWeights>(expected.Name, ignoreCase: true));
            JsonNumbers.Close(expected.Value, actual.Kappa, expected.Name);
            Assert.Equal(cohen.IntegerRows("confusion"), actual.Confusion);
        }

        CohenKappaResult plain = CohenKappa.Compute(cohen.Integers("a"), cohen.Integers("b"), cohen.Integers("categories"));
        JsonNumbers.Close(cohen.GetProperty("std_kappa_unweighted"), plain.StandardError, "standard error of kappa");
        JsonNumbers.Close(cohen.GetProperty("z"), plain.Z, "z of kappa");

        JsonElement fleiss = data.GetProperty("fleiss");
        int[][] counts = FleissKappa.Counts(fleiss.IntegerRows("ratings_units_by_raters"), fleiss.Integers("categories"));
        Assert.Equal(fleiss.IntegerRows("counts"), counts);
        JsonNumbers.Close(fleiss.GetProperty("expected"), FleissKappa.Compute(counts), "Fleiss");
        JsonNumbers.Close(fleiss.GetProperty("randolph_on_occurring_categories"), FleissKappa.Randolph(counts), "Randolph");
    }

    [Fact]
    public void PerfectAgreementIsOne()
    {
        double[][] ratings = [[1, 1], [2, 2], [4, 4]];
        Assert.All(Enum.GetValues<IccForm>(), form => Assert.Equal(1.0, IntraclassCorrelation.Compute(ratings, form).Icc.Estimate, 1e-12));
        Assert.All(Enum.GetValues<MeasurementLevel>(), level => Assert.Equal(1.0, KrippendorffAlpha.Compute(ratings, level), 1e-12));
        Assert.All(Enum.GetValues<KappaWeights>(), weights => Assert.Equal(1.0, CohenKappa.Compute([1, 2, 4], [1, 2, 4], [1, 2, 4], weights).Kappa));
        Assert.Equal(1.0, FleissKappa.Compute([[2, 0], [0, 2]]));
    }

    [Fact]
    public void ConsistencyForgivesALevelThatAgreementDoesNot()
    {
        double[][] shifted = [[1, 3], [2, 4], [3, 5]];
        Assert.Equal(1.0, IntraclassCorrelation.Compute(shifted, IccForm.ConsistencySingle).Icc.Estimate, 1e-12);
        // MS targets 2, raters 6, error 0: 2 / (2 + 2 · 6/3).
        Assert.Equal(1.0 / 3.0, IntraclassCorrelation.Compute(shifted, IccForm.AgreementSingle).Icc.Estimate, 1e-12);
    }

    [Fact]
    public void KappaByHand()
    {
        // 6 of 10 agree; margins 5:5 and 5:5, so chance is one half: (0.6 − 0.5)/0.5.
        Assert.Equal(0.2, CohenKappa.Compute([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0, 0, 1, 1, 1], [0, 1]).Kappa, 1e-12);
    }

    [Fact]
    public void AgreementWithoutVariationIsUndefined()
    {
        Assert.True(double.IsNaN(KrippendorffAlpha.Compute([[1, 1], [1, double.NaN]], MeasurementLevel.Nominal)));
        Assert.True(double.IsNaN(KrippendorffAlpha.Compute([], MeasurementLevel.Nominal)));
        Assert.True(double.IsNaN(CohenKappa.Compute([1, 1], [1, 1], [1, 2]).Kappa));
        Assert.True(double.IsNaN(CohenKappa.Compute([], [], [1, 2]).Kappa));
        Assert.True(double.IsNaN(FleissKappa.Compute([[2, 0], [2, 0]])));
        Assert.True(double.IsNaN(FleissKappa.Compute([])));
        Assert.All(Enum.GetValues<IccForm>(), form => Assert.True(double.IsNaN(IntraclassCorrelation.Compute([[1, 1], [1, 1]], form).Icc.Estimate)));
        Assert.False(IntraclassCorrelation.Compute([[1, 2]], IccForm.AgreementSingle).Icc.IsDefined);
        Assert.Throws<ArgumentException>(() => FleissKappa.Compute([[2, 0], [1, 0]]));
        Assert.Throws<ArgumentException>(() => CohenKappa.Compute([1, 3], [1, 1], [1, 2]));
        Assert.Throws<ArgumentException>(() => IntraclassCorrelation.Compute([[1, 2], [1]], IccForm.OneWaySingle));
    }
}
