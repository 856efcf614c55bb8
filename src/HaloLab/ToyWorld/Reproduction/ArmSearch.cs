using System.Globalization;
using System.Text;
using HaloLab.Experiments;
using HaloLab.GranDpo;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>
/// Chooses the setting of every arm (<c>halolab toy tune</c>): each arm is tuned with the same number of different settings on the same pairs of the same
/// seeds, and judged on development prompts by the mean of both evaluation methods. Reporting prompts and seeds below 1000 are not touched.
/// </summary>
public sealed class ArmSearch
{
    private static readonly long[] Seeds = [1000, 1001];

    private static readonly ArmSetting[] Common = [new(5e-5), new(1e-4), new(2e-4), new(1e-4, BetaVideo: 2000, BetaPatch: 400), new(1e-4, Eta: 0.4)];

    private static readonly ReproductionSettings Settings = ReproductionSettings.Full with
    {
        Preset = "development",
        JudgedSplit = ToySplit.Development,
        TrainingPrompts = 48,
        LabelledPrompts = 48,
        LabelBudgets = [48],
        RewardSteps = ReproductionSettings.Quick.RewardSteps,
        TuningSteps = ReproductionSettings.Quick.TuningSteps,
        ReportingPrompts = 24,
        Arms = [.. ReproductionArm.All.SelectMany(arm => SettingsOf(arm).Select((setting, i) => arm with { Name = $"{arm.Name}-{i}", Setting = setting }))],
    };

    private readonly ToyGeneratorFiles _files;
    private readonly SeedStages[] _seeds;

    /// <param name="checkpointFolder">Folder of the toy checkpoints.</param>
    /// <exception cref="InputException">A checkpoint is missing or broken.</exception>
    public ArmSearch(string checkpointFolder)
    {
        _files = ToyGeneratorFiles.Open(checkpointFolder);
        _seeds = [.. Seeds.Select(seed => new SeedStages(Settings, seed, _files))];
    }

    /// <summary>Runs what is not finished yet and writes <c>tuning.md</c>.</summary>
    /// <returns>The file.</returns>
    public string Run(string folder, IRunProgress progress, CancellationToken cancellation)
    {
        Stage[] judgements = [.. _seeds.SelectMany(seed => seed.Samples.Keys.Select(seed.JudgementOf))];
        IReadOnlyList<StageResult> results = new RunStore(Path.Combine(folder, "stages")).Run(judgements, progress, cancellation);
        Dictionary<string, string> folders = results.ToDictionary(result => result.Name, result => result.Folder);
        SampleJudgement[] Rows(string arm) =>
            [.. _seeds.SelectMany(seed => JsonFile.Read<ArmJudgement>(Path.Combine(folders[seed.JudgementOf(arm).Name], JudgementStage.File)).Rows)];

        StringBuilder text = new();
        text.AppendLine("| arm | learning rate | β_v | β_p | η | both methods | oracle | scorer | defective patches | obedience |");
        text.AppendLine("|-|-|-|-|-|-|-|-|-|-|");
        Add("untuned | | | |", Rows(HaloClaims.Base));
        foreach (ReproductionArm family in ReproductionArm.All)
        {
            (ReproductionArm Arm, SampleJudgement[] Rows)[] tried =
                [.. Settings.Arms.Where(arm => arm.Title == family.Title).Select(arm => (arm, Rows(arm.Name)))];
            double best = tried.Max(item => Score(item.Rows));
            foreach ((ReproductionArm arm, SampleJudgement[] rows) in tried)
            {
                string mark = Score(rows) == best ? "**" : "";
                ArmSetting setting = arm.Setting;
                Add(string.Create(CultureInfo.InvariantCulture, $"{mark}{arm.Title}{mark} | {setting.LearningRate:0.##e-0} | {setting.BetaVideo} | {setting.BetaPatch} | {setting.Eta}"), rows);
            }
        }

        string path = Path.Combine(folder, "tuning.md");
        AtomicFile.WriteAllText(path, text.ToString());
        return path;

        void Add(string name, SampleJudgement[] rows) => text.AppendLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Score(rows):0.0000} | {rows.Average(row => row.OracleScore):0.0000} | {rows.Average(row => row.LearnedScore):0.000} | {rows.Average(row => row.DefectShare(_files.DefectThreshold)):0.00 %} | {rows.Average(row => row.Measures.Obedience):0.000} |"));
    }

    /// <summary>Six settings that differ in what the arm's objective has. Without preferences there is nothing but the learning rate to choose.</summary>
    internal static ArmSetting[] SettingsOf(ReproductionArm arm) => arm.Terms switch
    {
        PreferenceTerms.None => [new(2.5e-5), new(5e-5), new(1e-4), new(2e-4), new(4e-4), new(8e-4)],
        PreferenceTerms.VideoOnly => [.. Common, new(1e-4, BetaVideo: 1250)],
        _ => [.. Common, new(1e-4, BetaPatch: 250)],
    };

    /// <summary>The mean of both evaluation methods, each on 0 to 1.</summary>
    private static double Score(SampleJudgement[] rows) => rows.Average(row => (row.OracleScore + ((row.LearnedScore - 1) / 3)) / 2);
}
