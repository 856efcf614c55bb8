using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// The clips that the toy generator is trained on: captions of the training split with one object and with two, some damaged, as
/// web video is. Clip i is the same whoever asks, whenever.
/// </summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="purpose">Name of the corpus; another name gives other clips.</param>
/// <param name="damage">Share of damaged clips, 0 to 1.</param>
/// <param name="twoObjects">Share of captions with two objects, 0 to 1.</param>
public sealed class ToyCorpus(long seed, string purpose, double damage, double twoObjects = 0.5)
{
    private readonly IReadOnlyList<ToyCaption> _one = ToyPrompts.Of(ToySplit.Training, 1);
    private readonly IReadOnlyList<ToyCaption> _two = ToyPrompts.Of(ToySplit.Training, 2);
    private readonly DamageProcess _damage = new(damage);

    /// <summary>Caption and clip number <paramref name="index"/>.</summary>
    public (ToyCaption Caption, VideoClip Clip) this[long index]
    {
        get
        {
            RandomStream stream = new(seed, purpose, index);
            IReadOnlyList<ToyCaption> captions = stream.NextDouble() >= twoObjects ? _one : _two;
            ToyCaption caption = captions[stream.Next(captions.Count)];
            VideoClip clip = ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, stream));
            return (caption, _damage.Apply(clip, stream).Clip);
        }
    }
}
