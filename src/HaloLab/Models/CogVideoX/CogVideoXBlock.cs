using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>Attention and feed-forward over text and video together; norms, and gates for each of the two, come from the timestep.</summary>
internal sealed class CogVideoXBlock : Module<Tensor, Tensor, Tensor, (Tensor Cos, Tensor Sin)?, (Tensor Video, Tensor Text)>
{
    private const int InnerWidths = 4;

    public readonly CogVideoXNormZero norm1;
    public readonly CogVideoXAttention attn1;
    public readonly CogVideoXNormZero norm2;
    public readonly GeluFeedForward ff;

    public CogVideoXBlock(CogVideoXConfig config)
        : base(nameof(CogVideoXBlock))
    {
        norm1 = new CogVideoXNormZero(config);
        attn1 = new CogVideoXAttention(config);
        norm2 = new CogVideoXNormZero(config);
        ff = new GeluFeedForward(config.Width, InnerWidths * config.Width);
        RegisterComponents();
    }

    /// <param name="video_BSD">Video tokens.</param>
    /// <param name="text_BLD">Text tokens.</param>
    /// <param name="time_BE">The timestep's embedding.</param>
    /// <param name="rotary">Rotary tables of the video's tokens, or null.</param>
    public override (Tensor Video, Tensor Text) forward(Tensor video_BSD, Tensor text_BLD, Tensor time_BE, (Tensor Cos, Tensor Sin)? rotary)
    {
        using var scope = NewDisposeScope();
        (Tensor video, Tensor text, Tensor videoGate_B1D, Tensor textGate_B1D) = norm1.call(video_BSD, text_BLD, time_BE);
        (Tensor videoUpdate, Tensor textUpdate) = attn1.call(video, text, rotary);
        Tensor videoStates_BSD = video_BSD + (videoGate_B1D * videoUpdate);
        Tensor textStates_BLD = text_BLD + (textGate_B1D * textUpdate);

        (video, text, videoGate_B1D, textGate_B1D) = norm2.call(videoStates_BSD, textStates_BLD, time_BE);
        Tensor update_BSD = ff.call(cat([text, video], dim: 1));
        long textLength = text.shape[1];
        videoStates_BSD = videoStates_BSD + (videoGate_B1D * update_BSD.narrow(1, textLength, video.shape[1]));
        textStates_BLD = textStates_BLD + (textGate_B1D * update_BSD.narrow(1, 0, textLength));
        return (videoStates_BSD.MoveToOuterDisposeScope(), textStates_BLD.MoveToOuterDisposeScope());
    }
}
