using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>What a toy patch reward model says about any video file: <c>scores.json</c> and a page with the rewards over the clip.</summary>
public static class ClipScore
{
    /// <summary>Scores a clip.</summary>
    /// <param name="clip">Any clip.</param>
    /// <param name="source">Where it comes from, for the files written.</param>
    /// <param name="remark">What was done to its frames when it was read (<see cref="VideoFile.ReadWithRemarkAsync"/>); empty when nothing was.</param>
    /// <param name="prompt">What it should show.</param>
    /// <param name="modelPath">A reward model as <c>halolab toy pretrain</c> or <c>halolab reproduce</c> writes it.</param>
    /// <param name="grid">The patches, on the toy latents of 8×8×8.</param>
    /// <param name="folder">Where to write.</param>
    /// <returns>The page.</returns>
    /// <exception cref="InputException">The prompt is empty, the grid too fine, the model broken or never trained on patches.</exception>
    public static string Write(VideoClip clip, string source, string remark, string prompt, string modelPath, PatchGrid grid, string folder)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentException.ThrowIfNullOrWhiteSpace(prompt);
        LatticeEdges edges = ToyGenerator.Lattice.Edges(grid);
        using RewardModel model = RewardModel.Load(modelPath);
        if (model.PatchScale is null)
        {
            throw new InputException($"{modelPath}: this model was never trained on patch labels, so its patch rewards mean nothing. Give a patch reward model.");
        }

        string understood = ToyTokenizer.KnownPart(prompt);
        using ClipRewards rewards = model.Score([ToyResampling.Fit(clip)], [new ToyTokenizer().Encode(understood)], edges);
        double video = rewards.VideoRewards()[0];
        double[] patches = rewards.PatchRewards()[0];
        JsonFile.Write(Path.Combine(folder, "scores.json"), new
        {
            Clip = source,
            clip.ContentHash,
            Remark = remark,
            Prompt = prompt,
            PromptAsUnderstood = understood,
            Model = new { Kind = "toy patch reward model: trained on coloured moving shapes, not on real video", File = Path.GetFileName(modelPath), Sha256 = FileHash.Of(modelPath) },
            Resampling = ToyResampling.Rule,
            VideoReward = video,
            Grid = grid.ToString(),
            PatchRewards = patches,
        });

        string page = Path.Combine(folder, "heat-map.html");
        ColourScale scale = ColourScale.Below(patches, GradeScale.OneToFive.Best);
        string caption = FormattableString.Invariant($"{prompt} (video reward {video:0.00})");
        HtmlPage written = new HtmlPage("Patch rewards", $"{Path.GetFileName(source)}, {grid} patches")
            .Add("What this is", HtmlFragment.Of($"<p>Rewards of a <b>toy</b> patch reward model, which was trained on clips of coloured moving shapes: on real video they show how the instrument works and nothing else. Of the prompt the toy model understands: “{(understood.Length > 0 ? understood : "no word")}”. It saw {ToyResampling.Rule}.</p>"));
        if (remark.Length > 0)
        {
            written.Add("Remark", HtmlFragment.Of($"<p>{remark}</p>"));
        }

        written.Add("Clip", new ClipPlayer([new PlayerClip(Path.GetFileName(source), clip, caption, new PatchHeat(patches, edges, scale, "patch reward"))], width: 384).ToHtml()).Write(page);
        return page;
    }
}
