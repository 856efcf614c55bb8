using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>
/// A short answer to a prompt, each token the likeliest after those before it. Every token costs a pass over all of them: nothing is kept between passes, which is what a
/// score needs, and enough for answers of a few words.
/// </summary>
public static class Qwen2VlGreedy
{
    /// <summary>The answer's tokens, without the one that ends it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt_1LC">The prompt, embedded with its images and videos (<see cref="Qwen2VlModel.Embed"/>), without padding.</param>
    /// <param name="positions_31L">Its positions (<see cref="Qwen2VlPositions"/>).</param>
    /// <param name="next">Position of the first token of the answer, on all axes.</param>
    /// <param name="ends">Tokens that end an answer, from the model's <c>generation_config.json</c>.</param>
    /// <param name="most">Most tokens of an answer, at least 1.</param>
    /// <param name="cancellation">Stops before the next token.</param>
    public static IReadOnlyList<long> Answer(Qwen2VlModel model, Tensor prompt_1LC, Tensor positions_31L, long next, IReadOnlySet<long> ends, int most, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt_1LC);
        ArgumentNullException.ThrowIfNull(positions_31L);
        ArgumentNullException.ThrowIfNull(ends);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        (Tensor embedded_1LC, Tensor seen_31L) = (prompt_1LC, positions_31L);
        List<long> answer = [];
        while (answer.Count < most)
        {
            cancellation.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            Tensor mask_1L = ones([1, embedded_1LC.shape[1]], ScalarType.Int64, embedded_1LC.device);
            Tensor states_1LC = model.model.States(embedded_1LC, mask_1L, seen_31L);
            Tensor token_11 = model.Logits(states_1LC.narrow(1, states_1LC.shape[1] - 1, 1)).argmax(-1);
            long token = token_11.item<long>();
            if (ends.Contains(token))
            {
                break;
            }

            Tensor place_311 = full([3, 1, 1], next + answer.Count, ScalarType.Int64, seen_31L.device);
            answer.Add(token);
            embedded_1LC = cat([embedded_1LC, model.model.embed_tokens.call(token_11)], 1).MoveToOuterDisposeScope();
            seen_31L = cat([seen_31L, place_311], 2).MoveToOuterDisposeScope();
        }

        return answer;
    }
}
