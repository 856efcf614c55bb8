using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>Generated clips with prompts and latents, as one safetensors file: <c>pixels</c> N×T×H×W×3 bytes, <c>latents</c> N×C×T×H×W, the rest as metadata.</summary>
public sealed class ClipBundle : IDisposable
{
    private const string FrameRateKey = "frames_per_second";
    private const string PromptsKey = "prompts";
    private const string LayoutGroupsKey = "layout_groups";

    /// <param name="clips">Clips of one size and rate.</param>
    /// <param name="prompts">The prompt of each.</param>
    /// <param name="layoutGroups">Clips re-noised from one sample share a name, and with it their layout.</param>
    /// <param name="latents_NCTHW">The latents that the clips were decoded from, in the denoiser's scale; owned by the bundle.</param>
    public ClipBundle(IReadOnlyList<VideoClip> clips, IReadOnlyList<string> prompts, IReadOnlyList<string> layoutGroups, Tensor latents_NCTHW)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(layoutGroups);
        ArgumentNullException.ThrowIfNull(latents_NCTHW);
        if (prompts.Count != clips.Count || layoutGroups.Count != clips.Count || latents_NCTHW.shape[0] != clips.Count)
        {
            throw new ArgumentException($"{clips.Count} clips, {prompts.Count} prompts, {layoutGroups.Count} layout groups, {latents_NCTHW.shape[0]} latents: expected one of each per clip.");
        }

        (Clips, Prompts, LayoutGroups) = (clips, prompts, layoutGroups);
        Latents_NCTHW = latents_NCTHW.DetachFromDisposeScope();
    }

    public IReadOnlyList<VideoClip> Clips { get; }

    public IReadOnlyList<string> Prompts { get; }

    public IReadOnlyList<string> LayoutGroups { get; }

    public Tensor Latents_NCTHW { get; }

    /// <summary>Reads bundles and puts them one after the other.</summary>
    /// <exception cref="InputException">A file is not a bundle.</exception>
    public static ClipBundle Load(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        using var scope = NewDisposeScope();
        List<VideoClip> clips = [];
        List<string> prompts = [];
        List<string> layoutGroups = [];
        List<Tensor> latents = [];
        foreach (string path in paths)
        {
            Dictionary<string, Tensor> tensors = Safetensors.Load(path, out Dictionary<string, string> metadata);
            if (!tensors.TryGetValue("pixels", out Tensor? pixels_NTHWC) || !tensors.TryGetValue("latents", out Tensor? latents_NCTHW) || !metadata.TryGetValue(FrameRateKey, out string? rate))
            {
                throw new InputException($"{path}: is not a bundle of clips: expected tensors pixels and latents and the metadata {FrameRateKey}.");
            }

            double framesPerSecond = JsonSerializer.Deserialize<double>(rate);
            long[] shape = pixels_NTHWC.shape;
            clips.AddRange(Enumerable.Range(0, (int)shape[0]).Select(i => new VideoClip(pixels_NTHWC[i].contiguous().bytes.ToArray(), (int)shape[1], (int)shape[2], (int)shape[3], framesPerSecond)));
            prompts.AddRange(JsonSerializer.Deserialize<string[]>(metadata[PromptsKey])!);
            layoutGroups.AddRange(JsonSerializer.Deserialize<string[]>(metadata[LayoutGroupsKey])!);
            latents.Add(latents_NCTHW);
        }

        return new ClipBundle(clips, prompts, layoutGroups, cat([.. latents]));
    }

    /// <summary>Writes the bundle atomically.</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        VideoClip first = Clips[0];
        Tensor pixels_NTHWC = stack([.. Clips.Select(clip => tensor(clip.Pixels.ToArray(), [clip.Frames, clip.Height, clip.Width, 3], dtype: ScalarType.Byte))]);
        Safetensors.Save(path, new Dictionary<string, Tensor> { ["pixels"] = pixels_NTHWC, ["latents"] = Latents_NCTHW }, new Dictionary<string, string>
        {
            [FrameRateKey] = JsonSerializer.Serialize(first.FramesPerSecond),
            [PromptsKey] = JsonSerializer.Serialize(Prompts),
            [LayoutGroupsKey] = JsonSerializer.Serialize(LayoutGroups),
        });
    }

    public void Dispose() => Latents_NCTHW.Dispose();
}
