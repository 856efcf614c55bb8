namespace HaloLab.Optimisation;

/// <summary>The time of one phase of the steps that a <see cref="StepProfile"/> recorded.</summary>
/// <param name="Name">The phase.</param>
/// <param name="Depth">0 for the step itself, 1 for its phases, 2 for their parts.</param>
/// <param name="MedianMilliseconds">Median over the steps that have the phase; where a step has it several times, they count together.</param>
/// <param name="Steps">How many steps have it.</param>
/// <param name="Share">Its part of the time of all recorded steps, 0 to 1.</param>
public sealed record PhaseTime(string Name, int Depth, double MedianMilliseconds, int Steps, double Share);
