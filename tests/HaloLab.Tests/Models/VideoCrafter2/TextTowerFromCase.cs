using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.VideoCrafter2;

/// <summary>A text tower with a case's weights; the token embedding, too large to store, comes from the case's formula.</summary>
internal static class TextTowerFromCase
{
    private const string Prefix = "cond_stage_model.model.";

    public static TextTower Load(GoldenCase golden, int skippedLayers = 1)
    {
        TextTowerOptions options = OptionsReader.Text(golden.Json.GetProperty("text")) with { SkippedLayers = skippedLayers };
        TextTower tower = new(options);
        Dictionary<string, Tensor> parameters = golden.Parameters();
        if (golden.Json.TryGetProperty("token_embedding_formula", out JsonElement formula))
        {
            parameters[Prefix + "token_embedding.weight"] = Embedding(formula, options.VocabularySize, options.Width);
        }

        StateLoader.Load(tower, parameters, golden.JsonPath, Prefix, TextTower.UnusedKeys);
        tower.eval();
        return tower;
    }

    internal static Tensor Embedding(JsonElement formula, int rows, int columns)
    {
        long Integer(string name) => formula.GetProperty(name).GetInt64();
        (long a, long b, long c, long m) = (Integer("a"), Integer("b"), Integer("c"), Integer("m"));
        double s = formula.GetProperty("s").GetDouble();
        float[] values = new float[rows * columns];
        for (long i = 0; i < rows; i++)
        {
            for (long j = 0; j < columns; j++)
            {
                long remainder = ((a * i) + (b * j) + (c * i * j)) % m;
                values[(i * columns) + j] = (float)((((double)remainder / m) - 0.5) * s);
            }
        }

        return tensor(values, [rows, columns]);
    }
}
