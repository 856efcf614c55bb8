using HaloLab.Experiments;
using HaloLab.Rewards;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Stage 2 of DESIGN D4 on the clips of stage 1: the video reward model trained on with the teacher's patch grades. It serves
/// <c>halolab score</c>; a reproduction trains its own.
/// </summary>
internal sealed class ToyPatchRewardTraining(long seed, int steps, ToyLabelledClips clips, Stage videoReward)
{
    public const string PatchRewardFile = "patch-reward.safetensors";

    public Stage Stage() => clips.Training("toy-patch-reward", version: 4, steps, [videoReward], Train);

    private void Train(StageContext context)
    {
        using RewardTrainingSet data = ToyRewardTraining.Grade(clips.Load(context), seed, new SimulatedTeacher(seed));
        using RewardModel model = RewardModel.Load(context.Input(videoReward.Name, ToyRewardTraining.VideoRewardFile));
        RewardTrainingOptions options = RewardTrainingOptions.Joint with { Budget = ToyRewardTraining.Budget(steps) };
        RewardTrainer.Train(model, data, options, seed, context.Folder, done => context.Report(done, steps), context.Cancellation);
        model.Save(context.PathOf(PatchRewardFile));
    }
}
