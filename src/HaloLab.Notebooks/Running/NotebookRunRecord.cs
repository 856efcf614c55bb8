namespace HaloLab.Notebooks.Running;

/// <summary>What is known of a notebook that ran to its end, so that the next run need not repeat it.</summary>
/// <param name="Key">Hash of the notebook, its parameters, the scripts beside it and the library.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record NotebookRunRecord(string Key, double Seconds);
