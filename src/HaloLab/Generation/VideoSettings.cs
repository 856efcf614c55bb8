namespace HaloLab.Generation;

/// <summary>What a published model is asked for.</summary>
/// <param name="Frames">Frames of a clip.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Steps">Steps of the sampler, at least 1.</param>
/// <param name="Guidance">Guidance scale; 1 samples without the negative prompt.</param>
/// <param name="FramesPerSecond">Rate of the clip, which the model was trained at; it changes no pixel.</param>
public sealed record VideoSettings(int Frames, int Height, int Width, int Steps, double Guidance, double FramesPerSecond);
