using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using static TorchSharp.torch.nn;

namespace HaloLab.Models;

/// <summary>A published model's folder, its parts named as diffusers names them: <c>transformer</c>, <c>vae</c>, <c>text_encoder</c>, <c>tokenizer</c>, <c>scheduler</c>.</summary>
/// <param name="path">The folder.</param>
public abstract class ModelFolder(string path)
{
    public string Path { get; } = path;

    /// <summary>Class of diffusers' pipeline for it, for example <c>WanPipeline</c>.</summary>
    public abstract string Pipeline { get; }

    /// <summary>The path of the tokenizer's pieces (SentencePiece).</summary>
    public abstract string TokenizerFile { get; }

    /// <summary>A part's configuration, in the fields of diffusers' and transformers' files.</summary>
    /// <param name="part">The part.</param>
    /// <param name="read">Makes it of the content; the second argument is what to call that in messages.</param>
    /// <exception cref="InputException">It is missing or not what it should be.</exception>
    public T Configuration<T>(string part, Func<JsonElement, string, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        (JsonElement json, string source) = Configuration(part);
        return read(json, source);
    }

    /// <summary>Fills a part's module from its weights, in evaluation mode and without gradients, and puts it on <see cref="Compute.Device"/>.</summary>
    /// <param name="part">The part.</param>
    /// <param name="module">The module.</param>
    /// <param name="unused">Keys that may be there and are not needed.</param>
    /// <exception cref="InputException">Weights are missing, broken, or do not fit.</exception>
    public T Fill<T>(string part, T module, IReadOnlyCollection<string>? unused = null)
        where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        return Read(part, file =>
        {
            StateLoader.Load(module, file, unused);
            return module.ReadyForUse();
        });
    }

    /// <summary>Number of values in a part's weights.</summary>
    /// <param name="part">The part.</param>
    public long Values(string part) => Read(part, file => file.Entries.Values.Sum(entry => entry.Elements));

    /// <summary>SHA-256 of every file of the model that it is made of, by its path within the folder.</summary>
    public SortedDictionary<string, string> Hashes() =>
        new(Files().ToDictionary(file => System.IO.Path.GetRelativePath(Path, file), file => FileHash.Of(file)), StringComparer.Ordinal);

    /// <summary>What a part's configuration says, and where that was found.</summary>
    private protected abstract (JsonElement Json, string Source) Configuration(string part);

    /// <summary>Opens a part's weights for as long as they are used, under diffusers' names.</summary>
    private protected abstract T Read<T>(string part, Func<IWeightFile, T> use);

    /// <summary>Paths of all files that decide what the model is.</summary>
    private protected abstract IEnumerable<string> Files();
}
