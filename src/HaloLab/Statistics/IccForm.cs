namespace HaloLab.Statistics;

/// <summary>The six forms of the intraclass correlation (Shrout and Fleiss 1979, McGraw and Wong 1996).</summary>
public enum IccForm
{
    /// <summary>ICC(1,1): each target has raters of its own; one rating.</summary>
    OneWaySingle,

    /// <summary>ICC(A,1): the same raters, their level counts; one rating.</summary>
    AgreementSingle,

    /// <summary>ICC(C,1): the same raters, their level does not count; one rating.</summary>
    ConsistencySingle,

    /// <summary>ICC(1,k): the mean of all ratings of <see cref="OneWaySingle"/>.</summary>
    OneWayMean,

    /// <summary>ICC(A,k): the mean of all ratings of <see cref="AgreementSingle"/>.</summary>
    AgreementMean,

    /// <summary>ICC(C,k): the mean of all ratings of <see cref="ConsistencySingle"/>.</summary>
    ConsistencyMean,
}
