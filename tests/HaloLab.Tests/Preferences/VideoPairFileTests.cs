using HaloLab.Preferences;

namespace HaloLab.Tests.Preferences;

public sealed class VideoPairFileTests : IDisposable
{
    private const string Header = "path_A,path_B,prompt,VQ,MQ,TA,fps_A,num_frames_A,fps_B,num_frames_B\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-pairs").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void RowsOfOneDimensionBecomeRewards()
    {
        VideoPairTable table = Read("pairs.csv", Header
            + "videos/1_A.mp4,./videos/1_B.mp4,\"A girl, sitting\",B,A,A,24.0,126.0,30.0,152.0\n"
            + "videos/2_A.mp4,videos/2_B.mp4,A street,same,A,A,24.0,144.0,24.0,128.0\n"
            + "videos/3_A.mp4,videos/3_B.mp4,The moon,A,same,same,,,,\n", "VQ");
        Assert.Equal(3, table.Pairs.Count);
        VideoPair first = table.Pairs[0];
        Assert.Equal((1, "A girl, sitting", -0.5, 0.5), (first.Row, first.Prompt, first.RewardA, first.RewardB));
        Assert.Equal(Path.Combine(_folder, "videos", "1_B.mp4"), first.PathB);
        Assert.Equal(152, first.Claims["num_frames_B"]);
        Assert.Empty(table.Pairs[2].Claims);
        Assert.Equal((0.5, -0.5), (table.Pairs[2].RewardA, table.Pairs[2].RewardB));
        Assert.Equal([2], table.TiedRows);
        Assert.Equal(["MQ", "TA"], table.IgnoredFields);
    }

    [Fact]
    public void WeightsAddUpDimensions()
    {
        VideoPairTable table = Read("pairs.csv", Header + "a.mp4,b.mp4,A street,B,A,A,24,1,24,1\n", "VQ=1,MQ=0.25,TA=-2");
        Assert.Equal((-1 + 0.25 - 2) / 2, table.Pairs[0].RewardA);
        Assert.Equal(-table.Pairs[0].RewardA, table.Pairs[0].RewardB);
    }

    [Fact]
    public void SpellingsOfOnePathAreOneFileAndRepeatsAreReported()
    {
        VideoPairTable table = Read("pairs.csv", "path_A,path_B,prompt,VQ\n"
            + "videos/a.mp4,./videos/b.mp4,A street,A\n"
            + "./videos/a.mp4,videos/../videos/b.mp4,A street,A\n"
            + "videos/b.mp4,videos/a.mp4,A street,B\n"
            + "videos/a.mp4,videos/b.mp4,Another street,B\n", null);
        Assert.Equal([1, 4], table.Pairs.Select(pair => pair.Row));
        Assert.Equal([(2, 1), (3, 1)], table.Repeated.Select(repeat => (repeat.Row, repeat.Earlier)));
    }

    [Fact]
    public void JsonLinesCarryRewardsOfPatches()
    {
        VideoPairTable table = Read("pairs.jsonl", """
            {"path_A": "a.mp4", "path_B": "b.mp4", "prompt": "A street", "reward_A": 0.5, "reward_B": 0.5, "grid": "1x1x2", "patch_rewards_A": [1, null], "patch_rewards_B": [2, 3]}

            {"path_A": "c.mp4", "path_B": "d.mp4", "prompt": "A street", "reward_A": 1, "reward_B": 0}
            """, null);
        Assert.Equal([1.0, null], table.Pairs[0].PatchesA!.Values);
        Assert.Equal(new(1, 1, 2), table.Pairs[0].PatchesB!.Grid);
        Assert.Null(table.Pairs[1].PatchesA);
        Assert.Empty(table.TiedRows);
    }

    [Theory]
    [InlineData("several dimensions (VQ, MQ)", null, "path_A,path_B,prompt,VQ,MQ\na.mp4,b.mp4,A street,A,B\n")]
    [InlineData("no dimension 'XQ'", "XQ", "path_A,path_B,prompt,VQ,MQ\na.mp4,b.mp4,A street,A,B\n")]
    [InlineData("the field 'VQ' is not A, B or same in every row", "VQ", "path_A,path_B,prompt,VQ\na.mp4,b.mp4,A street,A\nc.mp4,d.mp4,A street,better\n")]
    [InlineData("no video rewards", null, "path_A,path_B,prompt\na.mp4,b.mp4,A street\n")]
    [InlineData("holds no rows", null, "path_A,path_B,prompt,VQ\n")]
    [InlineData("row 1: prompt is missing or empty", null, "path_A,path_B,prompt,VQ\na.mp4,b.mp4, ,A\n")]
    [InlineData("row 1: path_B is missing or empty", null, "path_A,prompt,VQ\na.mp4,A street,A\n")]
    [InlineData("row 2: path_B is the file of path_A", null, "path_A,path_B,prompt,VQ\na.mp4,b.mp4,A street,A\na.mp4,./a.mp4,A street,A\n")]
    [InlineData("row 1: reward_B is 'NaN'", null, "path_A,path_B,prompt,reward_A,reward_B\na.mp4,b.mp4,A street,1,NaN\n")]
    [InlineData("row 1: fps_A is 'fast'", null, "path_A,path_B,prompt,VQ,fps_A\na.mp4,b.mp4,A street,A,fast\n")]
    [InlineData("rows 1 and 2 are the same two videos", null, "path_A,path_B,prompt,VQ\na.mp4,b.mp4,A street,A\nb.mp4,a.mp4,A street,A\n")]
    [InlineData("row 2 is not a row of the table", null, "path_A,path_B,prompt,VQ\na.mp4,b.mp4,A street,A\na.mp4,b.mp4\n")]
    public void WhatIsWrongInATableIsNamed(string expected, string? reward, string text) => Refused(expected, "pairs.csv", text, reward);

    [Theory]
    [InlineData("row 1: patch_rewards_B is missing", """{"path_A": "a.mp4", "path_B": "b.mp4", "prompt": "A street", "reward_A": 1, "reward_B": 0, "grid": "1x1x2", "patch_rewards_A": [1, 2]}""")]
    [InlineData("row 1: patch_rewards_A has 1 values. Expected 2", """{"path_A": "a.mp4", "path_B": "b.mp4", "prompt": "A street", "reward_A": 1, "reward_B": 0, "grid": "1x1x2", "patch_rewards_A": [1], "patch_rewards_B": [1, 2]}""")]
    [InlineData("row 1: patch_rewards_A[1] is 'NaN'", """{"path_A": "a.mp4", "path_B": "b.mp4", "prompt": "A street", "reward_A": 1, "reward_B": 0, "grid": "1x1x2", "patch_rewards_A": [1, "NaN"], "patch_rewards_B": [1, 2]}""")]
    [InlineData("Grid '2x2'", """{"path_A": "a.mp4", "path_B": "b.mp4", "prompt": "A street", "reward_A": 1, "reward_B": 0, "grid": "2x2", "patch_rewards_A": [1], "patch_rewards_B": [1]}""")]
    [InlineData("row 1 is not a JSON object", """{"path_A": "a.mp4", "reward_A": NaN}""")]
    [InlineData("row 1 is not a JSON object", """["a.mp4", "b.mp4"]""")]
    [InlineData("row 1 is not a JSON object", """{"path_A": "a.mp4", "path_A": "b.mp4"}""")]
    public void WhatIsWrongInJsonLinesIsNamed(string expected, string text) => Refused(expected, "pairs.jsonl", text, null);

    [Theory]
    [InlineData("")]
    [InlineData("VQ=")]
    [InlineData("VQ=0")]
    [InlineData("VQ=NaN")]
    [InlineData("VQ,VQ")]
    [InlineData("VQ=1=2")]
    public void WrongWeightsAreRefused(string text) => Assert.Contains($"Reward '{text}'", Assert.Throws<InputException>(() => RewardAggregation.Parse(text)).Message, StringComparison.Ordinal);

    private void Refused(string expected, string name, string text, string? reward)
    {
        string message = Assert.Throws<InputException>(() => Read(name, text, reward)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(name, message, StringComparison.Ordinal);
    }

    private VideoPairTable Read(string name, string text, string? reward)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return VideoPairFile.Read(path, reward is null ? null : RewardAggregation.Parse(reward));
    }
}
