using System.CommandLine;

namespace HaloLab.Cli.Verbs;

/// <summary>The whole command line: every verb with its options.</summary>
internal static class HaloLabCommand
{
    public static RootCommand Create()
    {
        RootCommand root = new("HaloLab reproduces and extends HALO (arXiv 2502.06812): post-training of text-to-video models with patch rewards.")
        {
            AblateVerb.Create(),
            AnnotateVerb.Create(),
            ClaimsVerb.Create(),
            DataVerb.Create(),
            DefectsVerb.Create(),
            DoctorVerb.Create(),
            EvaluateVerb.Create(),
            GenerateVerb.Create(),
            KernelVerb.Create(),
            NotebooksVerb.Create(),
            LabelVerb.Create(),
            PairsVerb.Create(),
            ReproduceVerb.Create(),
            RewardVerb.Create(),
            RunsVerb.Create(),
            ScoreVerb.Create(),
            TeacherVerb.Create(),
            ToyVerb.Create(),
            TrainVerb.Create(),
            WeightsVerb.Create(),
        };
        root.Subcommands.Add(RecipesVerb.Create(root));
        root.Subcommands.Add(RunVerb.Create(root));
        root.Subcommands.Add(SlurmVerb.Create(root));
        return root;
    }
}
