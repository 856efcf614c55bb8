using HaloLab.Models.VideoCrafter2;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.VideoCrafter2;

[Trait("Category", "Golden")]
public class TextTowerGoldenTests
{
    private const double Limit = 1e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("videocrafter2", "text*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PenultimateAndLastOutput(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using TextTower tower = TextTowerFromCase.Load(golden);
        Tensor ids_BL = golden.Tensors["in.ids"];
        TensorAssert.Close(golden.Tensors["out.penultimate_ln_final"], tower.call(ids_BL), Limit, what: "penultimate");

        Tensor hidden_BLC = tower.token_embedding.call(ids_BL) + tower.positional_embedding;
        for (int i = 0; golden.Tensors.TryGetValue($"tap.resblock{i}", out Tensor? expected); i++)
        {
            hidden_BLC = tower.transformer.resblocks[i].call(hidden_BLC);
            TensorAssert.Close(expected, hidden_BLC, Limit, what: $"block {i}");
        }

        using TextTower whole = TextTowerFromCase.Load(golden, skippedLayers: 0);
        TensorAssert.Close(golden.Tensors["out.last_ln_final"], whole.call(ids_BL), Limit, what: "last");
    }
}
