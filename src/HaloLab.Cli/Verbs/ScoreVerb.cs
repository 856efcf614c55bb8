using System.CommandLine;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab score</c>: video and patch rewards of any video file, as numbers and as a heat map over the clip.</summary>
internal static class ScoreVerb
{
    public static Command Create()
    {
        Command command = new("score", "Score a video file and its patches with a toy reward model: scores.json and a page with the rewards over the clip.");
        CommonOptions common = new();
        common.AddTo(command, Path.Combine("runs", "score"));
        Argument<FileInfo> clip = new("clip") { Description = "Video file: mp4, webm, gif, animated PNG, whatever ffmpeg reads." };
        Option<string> prompt = new("--prompt") { Description = "What the video should show.", Required = true };
        Option<string> grid = new("--grid") { Description = "Patches: time x height x width.", DefaultValueFactory = _ => "4x4x4" };
        Option<string> model = new("--model") { Description = "Patch reward model; default the toy one that ships.", DefaultValueFactory = _ => ToyCheckpoints.PatchRewardModel };
        command.Arguments.Add(clip);
        command.Options.Add(prompt);
        command.Options.Add(grid);
        command.Options.Add(model);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (string.IsNullOrWhiteSpace(parsed.GetValue(prompt)))
            {
                throw new InputException("--prompt is empty: expected what the video should show.");
            }

            PatchGrid patches = PatchGrid.Parse(parsed.GetValue(grid)!);
            common.UseCompute(parsed);
            string path = parsed.GetValue(clip)!.FullName;
            VideoClip video = await VideoFile.ReadAsync(path, cancellation);
            Console.WriteLine(ClipScore.Write(video, path, parsed.GetValue(prompt)!, parsed.GetValue(model)!, patches, parsed.GetValue(common.Out)!.FullName));
            return ExitCode.Done;
        });
        return command;
    }
}
