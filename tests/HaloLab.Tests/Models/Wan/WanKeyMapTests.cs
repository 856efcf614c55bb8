using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Wan;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Models.Wan;

public sealed class WanKeyMapTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("wan", "key_map");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases))]
    public void EveryNameOfTheReferencesTableIsTranslatedBothWays(GoldenCase golden)
    {
        foreach ((string part, KeyMap map) in new[] { ("transformer", WanKeyMaps.Transformer), ("vae", WanKeyMaps.Autoencoder), ("umt5", WanKeyMaps.TextEncoder) })
        {
            foreach (JsonElement row in golden.Json.GetProperty(part).GetProperty("patterns").EnumerateArray())
            {
                foreach (string number in new[] { "0", "3", "29" })
                {
                    (string original, string diffusers) = (row[0].GetString()!.Replace("{i}", number, StringComparison.Ordinal), row[1].GetString()!.Replace("{i}", number, StringComparison.Ordinal));
                    Assert.Equal(diffusers, map.ToDiffusers(original));
                    Assert.Equal(original, map.ToOriginal(diffusers));
                }
            }

            Assert.Equal(golden.Json.GetProperty(part).GetProperty("patterns").GetArrayLength(), map.Rows.Count);
        }
    }

    [Theory]
    [InlineData("wan13.txt", 825)]
    [InlineData("wan_vae.txt", 194)]
    [InlineData("umt5.txt", 242)]
    public void EveryTensorOfThePublishedFilesHasOneNameInEachLayout(string file, int count)
    {
        string path = Path.Combine(GoldenCase.Root, "keys", file);
        Assert.SkipUnless(File.Exists(path), $"no keys/{file} in {GoldenCase.Root}");
        string[] keys = [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line => line.Split(' ')[0])];
        KeyMap map = file switch { "wan13.txt" => WanKeyMaps.Transformer, "wan_vae.txt" => WanKeyMaps.Autoencoder, _ => WanKeyMaps.TextEncoder };
        Assert.Equal(count, keys.Length);
        string?[] others = [.. keys.Select(map.ToDiffusers)];
        Assert.All(others, Assert.NotNull);
        Assert.Equal(count, others.Distinct().Count());
        Assert.Equal(keys, others.Select(other => map.ToOriginal(other!)));
    }

    [Theory]
    [InlineData("blocks.00.modulation")]
    [InlineData("blocks.1.modulation.weight")]
    [InlineData("model.blocks.1.modulation")]
    [InlineData("head_modulation")]
    public void OtherNamesHaveNoTranslation(string key) => Assert.Null(WanKeyMaps.Transformer.ToDiffusers(key));
}
