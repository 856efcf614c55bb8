using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv3d = HaloLab.Models.Layers.Conv3d;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Benchmarks.Speed;

/// <summary>The transformer of the case <c>video_dit</c>: patches of 1×2×2, positions as sinusoids, blocks that the timestep modulates.</summary>
internal sealed class VideoDit : Module<Tensor, Tensor, Tensor, Tensor>
{
    public const double Eps = 1e-6;
    private const int Patch = 2;

    public readonly Conv3d patch;
    public readonly Linear text;
    public readonly Linear time1;
    public readonly Linear time2;
    public readonly Linear time_mod;
    public readonly ModuleList<VideoDitBlock> blocks;
    public readonly Parameter out_table;
    public readonly Linear @out;
    private readonly LayerNorm32 _norm;
    private readonly VideoDitOptions _options;

    public VideoDit(VideoDitOptions options)
        : base(nameof(VideoDit))
    {
        _options = options;
        patch = new Conv3d(options.Channels, options.Dim, [1, Patch, Patch], stride: [1, Patch, Patch]);
        text = new Linear(options.Ctx, options.Dim);
        time1 = new Linear(options.Dim, options.Dim);
        time2 = new Linear(options.Dim, options.Dim);
        time_mod = new Linear(options.Dim, 6 * options.Dim);
        blocks = new ModuleList<VideoDitBlock>([.. Enumerable.Range(0, options.Layers).Select(_ => new VideoDitBlock(options))]);
        out_table = Parameter(zeros(2, options.Dim));
        @out = new Linear(options.Dim, Patch * Patch * options.Channels);
        _norm = new LayerNorm32(options.Dim, Eps, affine: false);
        RegisterComponents();
    }

    /// <summary>x (1 + scale) + shift.</summary>
    public static Tensor Modulate(Tensor tokens_BSD, Tensor shift_B1D, Tensor scale_B1D) => (tokens_BSD * (scale_B1D + 1)) + shift_B1D;

    public override Tensor forward(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor patches_BDthw = patch.call(latents_BCTHW);
        long[] grid = patches_BDthw.shape[2..];
        Tensor tokens_BSD = patches_BDthw.flatten(2).transpose(1, 2) + Positions(grid);
        Tensor time_BD = time2.call(functional.silu(time1.call(TimestepSinusoid.Of(timesteps_B, _options.Dim))));
        Tensor modulation_B6D = time_mod.call(functional.silu(time_BD)).unflatten(1, [6, -1]);
        Tensor text_BLD = text.call(context_BLD);
        foreach (VideoDitBlock block in blocks)
        {
            tokens_BSD = block.call(tokens_BSD, text_BLD, modulation_B6D);
        }

        Tensor[] ends_B1D = (out_table + time_BD.unsqueeze(1)).chunk(2, dim: 1);
        Tensor pixels_BSP = @out.call(Modulate(_norm.call(tokens_BSD), ends_B1D[0], ends_B1D[1]));
        return pixels_BSP.view(-1, grid[0], grid[1], grid[2], Patch, Patch, _options.Channels).permute(0, 6, 1, 2, 4, 3, 5).reshape(latents_BCTHW.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Sinusoids of time over half of the width, of row and column over a quarter each: [1, S, D].</summary>
    private Tensor Positions(long[] grid)
    {
        int quarter = _options.Dim / 4;
        Tensor time = TimestepSinusoid.Of(arange(grid[0]), 2 * quarter).view(grid[0], 1, 1, -1).expand(grid[0], grid[1], grid[2], -1);
        Tensor row = TimestepSinusoid.Of(arange(grid[1]), quarter).view(1, grid[1], 1, -1).expand(grid[0], grid[1], grid[2], -1);
        Tensor column = TimestepSinusoid.Of(arange(grid[2]), quarter).view(1, 1, grid[2], -1).expand(grid[0], grid[1], grid[2], -1);
        return cat([time, row, column], -1).reshape(1, -1, _options.Dim);
    }
}
