using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Distillation;
using HaloLab.Preferences.Labels;

namespace HaloLab.Tests.Distillation;

public class AnsweredPatchTests
{
    [Fact]
    public void GradesComeInTheOrderOfTheRequest()
    {
        IReadOnlyList<AnsweredPatch> grades = AnsweredPatch.Parse(Answer(2, 1).ToJsonString(), 2);
        Assert.Equal([1, 1, 1, 1, 1, 1], grades[0].Grades);
        Assert.Equal([2, 2, 2, 2, 2, 2], grades[1].Grades);
        Assert.Equal(DefectType.PhysicallyWrong, grades[0].Defect);
        Assert.Equal(0.5, grades[1].Confidences[3]);
        Assert.Equal("because", grades[1].Reasons[5]);
    }

    [Theory]
    [InlineData("patch 2 is not answered", "one")]
    [InlineData("patch 1 is answered twice", "twice")]
    [InlineData("whole number from 1 to 2", "stranger")]
    [InlineData("whole number from 1 to 5", "six")]
    [InlineData("whole number from 1 to 5", "fraction")]
    [InlineData("expected 0 to 1", "confidence")]
    [InlineData("unknown defect type 'rotten'", "defect")]
    [InlineData("'local_defect' is missing", "dimension")]
    public void WhatKeepsNotToTheSchemaIsNoAnswer(string expected, string change)
    {
        JsonObject answer = change switch { "one" => Answer(1), "twice" => Answer(1, 1), "stranger" => Answer(1, 3), _ => Answer(1, 2) };
        JsonObject patch = answer["patches"]![0]!.AsObject();
        switch (change)
        {
            case "six":
                patch["local_defect"]!["grade"] = 6;
                break;
            case "fraction":
                patch["local_defect"]!["grade"] = 3.5;
                break;
            case "confidence":
                patch["local_defect"]!["confidence"] = 1.5;
                break;
            case "defect":
                patch["defect_type"] = "rotten";
                break;
            case "dimension":
                patch.Remove("local_defect");
                break;
        }

        Assert.Contains(expected, Assert.Throws<JsonException>(() => AnsweredPatch.Parse(answer.ToJsonString(), 2)).Message, StringComparison.Ordinal);
    }

    private static JsonObject Answer(params int[] numbers)
    {
        JsonArray patches = [];
        foreach (int number in numbers)
        {
            JsonObject patch = new() { ["patch"] = number, ["defect_type"] = "physically_wrong" };
            foreach (GradeDimension dimension in Enum.GetValues<GradeDimension>())
            {
                patch[AnswerReader.NameOf(dimension)] = new JsonObject { ["reason"] = "because", ["grade"] = Math.Min(number, 5), ["confidence"] = 0.5 };
            }

            patches.Add(patch);
        }

        return new JsonObject { ["patches"] = patches };
    }
}
