using HaloLab.Checkpoints;
using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Rewards;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;

namespace HaloLab.Tests.ToyWorld;

/// <summary>A folder of toy checkpoints with first values instead of trained ones: everything runs, nothing means anything.</summary>
internal static class RandomToyCheckpoints
{
    public static void Write(string folder)
    {
        ToyTokenizer tokenizer = new();
        using UNet3D denoiser = new(ToyModels.Denoiser);
        using TextTower text = new(ToyModels.Text);
        using LayoutPrior prior = new();
        using AutoencoderKL autoencoder = new(ToyModels.Autoencoder);
        Initialisation.Draw(denoiser, 1);
        Initialisation.Draw(text, 1);
        Initialisation.Draw(prior, 1);
        Initialisation.Draw(autoencoder, 1);
        Safetensors.Save(Path.Combine(folder, GeneratorTraining.DenoiserFile), StateLoader.StateOf(denoiser), new Dictionary<string, string> { [GeneratorTraining.ScaleKey] = "1" });
        Safetensors.Save(Path.Combine(folder, LayoutPriorTraining.TextFile), StateLoader.StateOf(text));
        Safetensors.Save(Path.Combine(folder, LayoutPriorTraining.LayoutFile), StateLoader.StateOf(prior));
        Safetensors.Save(Path.Combine(folder, AutoencoderTraining.WeightsFile), StateLoader.StateOf(autoencoder));
        using RewardModel reward = RewardModel.Create(ToyRewardTraining.Options, 1);
        reward.Save(Path.Combine(folder, ToyRewardTraining.VideoRewardFile));
        reward.PatchScale = new LabelScale(3, 1);
        reward.Save(Path.Combine(folder, ToyPatchRewardTraining.PatchRewardFile));
        using LearnedScorer scorer = LearnedScorer.Create(new LearnedScorerOptions(tokenizer.VocabularySize, tokenizer.ContextLength), 1);
        scorer.Save(Path.Combine(folder, ToyScorerTraining.ScorerFile));
        JsonFile.Write(Path.Combine(folder, DefectThreshold.File), new DefectThreshold.Threshold(0.2, 1, 0));
    }
}
