using HaloLab.Distillation;
using HaloLab.Preferences.Labels;

namespace HaloLab.ToyWorld;

/// <summary>What the simulated teacher says about one patch.</summary>
/// <param name="Grades">1 (worst) .. 5, one for each <see cref="GradeDimension"/> in its order.</param>
/// <param name="Confidence">0.5 .. 1: how far from undecided what it saw was.</param>
/// <param name="Defect">A rough guess: flickering where the place changes much in time, missing where there is nothing to see, else deformed.</param>
public sealed record SimulatedPatchGrades(IReadOnlyList<int> Grades, double Confidence, DefectType Defect);
