using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Checkpoints;

/// <summary>Checkpoints that torch.save wrote, to be read bit for bit, and others that must be refused (tests/goldens/lora).</summary>
[Trait("Category", "Golden")]
public sealed class TorchCheckpointGoldenTests
{
    public static TheoryData<string> MustLoad => Files("model*.ckpt", "ok_*.ckpt", "unet_lora_*.pt");

    public static TheoryData<string> MustRefuse => Files("bad_*.ckpt");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(MustLoad))]
    public void EveryDescribedTensorCanBeRead(string file)
    {
        using TorchCheckpoint checkpoint = TorchCheckpoint.Open(PathOf(file));
        Assert.NotEmpty(checkpoint.Tensors);
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> all = checkpoint.ReadAll();
        Assert.Equal(checkpoint.Tensors.Keys, all.Keys);
        Assert.All(checkpoint.Tensors.Keys, name => TensorAssert.Identical(all[name], checkpoint.Read(name), name));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(MustRefuse))]
    public void HarmfulAndBrokenFilesAreRefusedByName(string file)
    {
        InputException refused = Assert.Throws<InputException>(() => TorchCheckpoint.Open(PathOf(file)));
        Assert.StartsWith(PathOf(file), refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(GoldenCase.Find), "lora", new[] { "*_expected" }, MemberType = typeof(GoldenCase))]
    public void ContentsAreThoseThatWereSaved(GoldenCase golden)
    {
        Dictionary<string, Tensor> expected = golden.WithPrefix("out.");
        foreach (string file in Texts(golden.Json.GetProperty("files")))
        {
            using var scope = NewDisposeScope();
            using TorchCheckpoint checkpoint = TorchCheckpoint.Open(Path.Combine(golden.Folder, file));
            Dictionary<string, Tensor> tensors = checkpoint.ReadAll();
            Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), tensors.Keys.Order(StringComparer.Ordinal));
            Assert.All(expected, item => TensorAssert.Identical(item.Value, tensors[item.Key], item.Key));
            string[] order = Texts(golden.Json.GetProperty("state_dict_order"));
            Assert.Equal(order.Select(name => $"state_dict.{name}"), checkpoint.Tensors.Keys.Where(name => name.StartsWith("state_dict.", StringComparison.Ordinal)));
            foreach (string name in order)
            {
                Assert.Equal(golden.Json.GetProperty("strides").GetProperty(name).EnumerateArray().Select(stride => stride.GetInt64()), tensors[$"state_dict.{name}"].stride());
            }

            foreach (JsonElement group in golden.Json.GetProperty("shared_storage_groups").EnumerateArray())
            {
                Assert.Single(Texts(group).Select(name => checkpoint.Tensors[$"state_dict.{name}"].Storage).Distinct());
            }

            foreach (JsonProperty plain in golden.Json.GetProperty("plain_values").EnumerateObject())
            {
                Check(checkpoint, plain.Name.Replace(" (integer key)", "", StringComparison.Ordinal), plain.Value);
            }
        }
    }

    [Theory]
    [MemberData(nameof(GoldenCase.Find), "lora", new[] { "unet_lora_positional*" }, MemberType = typeof(GoldenCase))]
    public void ListsWithoutNamesAreReadByPosition(GoldenCase golden)
    {
        Dictionary<string, Tensor> expected = golden.WithPrefix("param.lora_list.");
        Assert.NotEmpty(expected);
        foreach (string file in Texts(golden.Json.GetProperty("files")))
        {
            using var scope = NewDisposeScope();
            using TorchCheckpoint checkpoint = TorchCheckpoint.Open(Path.Combine(golden.Folder, file));
            Assert.Equal(Enumerable.Range(0, expected.Count).Select(i => $"{i}"), checkpoint.Tensors.Keys);
            Assert.All(expected, item => TensorAssert.Identical(item.Value, checkpoint.Read(item.Key), $"{file} {item.Key}"));
        }
    }

    private static void Check(TorchCheckpoint checkpoint, string name, JsonElement expected)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Array:
                foreach ((int i, JsonElement item) in expected.EnumerateArray().Index())
                {
                    Check(checkpoint, $"{name}.{i}", item);
                }

                break;
            case JsonValueKind.Object:
                Assert.Equal(expected.EnumerateObject().Count(), checkpoint.Values.Keys.Count(key => key.StartsWith(name + ".", StringComparison.Ordinal)));
                break;
            case JsonValueKind.Number:
                Assert.Equal(expected.GetDouble(), Convert.ToDouble(checkpoint.Values[name], System.Globalization.CultureInfo.InvariantCulture));
                break;
            case JsonValueKind.Null:
                Assert.Null(checkpoint.Values[name]);
                break;
            default:
                Assert.Equal(expected.ValueKind == JsonValueKind.String ? expected.GetString() : expected.GetBoolean(), checkpoint.Values[name]);
                break;
        }
    }

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString()!)];

    private static string PathOf(string file) => Path.Combine(GoldenCase.Root, "lora", file);

    private static TheoryData<string> Files(params string[] patterns)
    {
        string folder = Path.Combine(GoldenCase.Root, "lora");
        IEnumerable<string> paths = Directory.Exists(folder) ? patterns.SelectMany(pattern => Directory.GetFiles(folder, pattern)) : [];
        return [.. paths.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
    }
}
