namespace HaloLab.ToyWorld.Pretraining;

/// <summary>How long the toy models are trained; the defaults made the checkpoints that ship.</summary>
public sealed record ToyPretrainingSettings
{
    /// <summary>Optimiser steps of the autoencoder.</summary>
    public int AutoencoderSteps { get; init; } = 2000;

    /// <summary>Flawless clips from which the defect threshold is taken.</summary>
    public int CleanClips { get; init; } = 2000;

    /// <summary>Clips that the generator is trained on, a multiple of 1,000.</summary>
    public int CorpusClips { get; init; } = 12_000;

    /// <summary>Optimiser steps of the text tower and the layout prior before the generator's training.</summary>
    public int LayoutPriorSteps { get; init; } = 1500;

    /// <summary>Optimiser steps of the generator's first phase, in which it learns layouts.</summary>
    public int LayoutSteps { get; init; } = 1500;

    /// <summary>Optimiser steps of the generator after that, or after the one that it is trained on from.</summary>
    public int GeneratorSteps { get; init; } = 4500;

    /// <summary>Development prompts on which the generator's obedience is measured.</summary>
    public int QualityPrompts { get; init; } = 192;

    /// <summary>Clips that each judge is trained on, even.</summary>
    public int LabelledClips { get; init; } = 1200;

    /// <summary>Optimiser steps of each judge.</summary>
    public int JudgeSteps { get; init; } = 1000;
}
