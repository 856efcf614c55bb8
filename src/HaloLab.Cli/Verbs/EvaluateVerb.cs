using System.CommandLine;
using HaloLab.Experiments;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab evaluate ratings</c>: published scorers beside people's ratings of the same videos.</summary>
internal static class EvaluateVerb
{
    public static Command Create() => new("evaluate", "Compare scorers with people.") { CreateRatings() };

    private static Command CreateRatings()
    {
        Command command = new("ratings", "Correlation of scorers with human ratings, from the files of VideoScore's evaluation on VideoFeedback: the published figures again, and those over distinct videos with intervals.");
        Argument<DirectoryInfo> folder = new("folder") { Description = "Folder with eval_video_feedback_SCORER.json and, if there, spearman_corr_video_feedback.json." };
        Option<DirectoryInfo> output = new("--out") { Description = "Folder to write the page to.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "ratings")) };
        command.Arguments.Add(folder);
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            RatingsReport report = new(parsed.GetValue(folder)!.FullName);
            Console.WriteLine(report.Correlations().ToText());
            Console.WriteLine(report.Comparisons().ToText());
            Console.WriteLine(report.Calibrations().ToText());
            string page = Path.Combine(parsed.GetValue(output)!.FullName, "ratings.html");
            report.Page().Write(page);
            Console.WriteLine(page);
            return ExitCode.Done;
        });
        return command;
    }
}
