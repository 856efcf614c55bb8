using HaloLab.Checkpoints;
using HaloLab.Models.Layers;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Qwen2-VL from its published folder: <c>config.json</c>, <c>tokenizer.json</c> and the weights, in one file or several.</summary>
public sealed class Qwen2VlFolder : IDisposable
{
    private const string Head = "lm_head.weight";

    private Qwen2VlFolder(Qwen2VlModel model, Qwen2Tokenizer tokenizer, IReadOnlyDictionary<string, string> hashes) => (Model, Tokenizer, Hashes) = (model, tokenizer, hashes);

    /// <summary>The model, ready for use, on <see cref="Compute.Device"/>.</summary>
    public Qwen2VlModel Model { get; }

    public Qwen2Tokenizer Tokenizer { get; }

    /// <summary>The files that it depends on, with their SHA-256.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <exception cref="InputException">A file is missing, broken, or does not fit the others.</exception>
    public static Qwen2VlFolder Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder))
        {
            throw new InputException($"{folder}: no such folder. Expected Qwen2-VL's, for example that of Qwen/Qwen2-VL-7B-Instruct.");
        }

        (string configPath, string tokenizerPath) = (Path.Combine(folder, "config.json"), Path.Combine(folder, "tokenizer.json"));
        Qwen2VlConfig config = Qwen2VlConfig.FromJson(ConfigurationFile.Open(configPath), configPath);
        Qwen2Tokenizer tokenizer = Qwen2Tokenizer.Load(tokenizerPath);
        if (tokenizer.VocabularySize > config.VocabSize)
        {
            throw new InputException($"{tokenizerPath}: has {tokenizer.VocabularySize} tokens, and the model of {configPath} has a vocab_size of {config.VocabSize}: they do not belong together. Take both from the same folder.");
        }

        using IWeightFile file = WeightFiles.Open(folder);
        Qwen2VlModel model = new Qwen2VlModel(config).InComputePrecision();
        StateLoader.Load(model, file, config.TieWordEmbeddings ? [Head] : []);
        return new Qwen2VlFolder(model.ReadyForUse(), tokenizer, WeightFiles.HashesWith(file, folder, configPath, tokenizerPath));
    }

    public void Dispose() => Model.Dispose();
}
