namespace HaloLab.ToyWorld.Pretraining;

/// <summary>How long the toy models are trained. What the shipped checkpoints were trained with stands in their <c>manifest.json</c>.</summary>
public sealed record ToyPretrainingSettings
{
    /// <summary>Optimiser steps of the autoencoder.</summary>
    public int AutoencoderSteps { get; init; } = 6000;

    /// <summary>Flawless clips from which the defect threshold is taken.</summary>
    public int CleanClips { get; init; } = 2000;

    /// <summary>Clips that the generator is trained on, <see cref="EncodedCorpus.HeldOut"/> of them only looked at; at least 8.</summary>
    public int CorpusClips { get; init; } = 24_000;

    /// <summary>Optimiser steps of the text tower and the layout prior before the generator's training.</summary>
    public int LayoutPriorSteps { get; init; } = 1500;

    /// <summary>Optimiser steps of the generator on single frames.</summary>
    public int FrameSteps { get; init; } = 3000;

    /// <summary>Each of those steps sees as many frames as so many clips have.</summary>
    public int FrameBatch { get; init; } = 16;

    /// <summary>Optimiser steps of the generator on clips, after that or after the one that it is trained on from.</summary>
    public int GeneratorSteps { get; init; } = 3200;

    /// <summary>Clips in each of those steps.</summary>
    public int GeneratorBatch { get; init; } = 64;

    /// <summary>Development prompts on which the generator's obedience is measured.</summary>
    public int QualityPrompts { get; init; } = 192;

    /// <summary>Samples of the generator that each judge is trained on.</summary>
    public int JudgedSamples { get; init; } = 3000;

    /// <summary>Renders that each judge is trained on beside them.</summary>
    public int JudgedRenders { get; init; } = 4000;

    /// <summary>Optimiser steps of each judge.</summary>
    public int JudgeSteps { get; init; } = 2000;
}
