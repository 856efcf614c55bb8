"""The models of the cases video_dit and unet3d in plain PyTorch (1.13 or newer), for the benchmark `pytorch`.

Usage: pytorch_step.py FOLDER THREADS. Checks both against the cases' loss, writes one line about itself, then does one forward and backward
pass for every line `CASE FRAMES ROWS COLUMNS` on standard input and answers with its seconds.
"""
import json
import math
import os
import struct
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

TYPES = {"F32": torch.float32, "I64": torch.int64}


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(data[slice(*entry["data_offsets"])], dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }


def sinusoid(positions, width):
    frequencies = torch.exp(torch.arange(width // 2, dtype=torch.float32) * (-math.log(10000.0) / (width // 2)))
    angles = positions.float().unsqueeze(-1) * frequencies
    return torch.cat([angles.cos(), angles.sin()], -1)


def attend(query, key, value):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(query, key, value)
    return torch.softmax(query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]), -1) @ value


class Attention(nn.Module):
    def __init__(self, width, context_width, heads, normalised):
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = nn.Linear(width, width), nn.Linear(context_width, width), nn.Linear(context_width, width)
        self.to_out = nn.Linear(width, width)
        self.q_scale = nn.Parameter(torch.ones(width)) if normalised else None
        self.k_scale = nn.Parameter(torch.ones(width)) if normalised else None

    def forward(self, tokens, context):
        query, key, value = self.to_q(tokens), self.to_k(context), self.to_v(context)
        if self.q_scale is not None:
            query = query * torch.rsqrt(query.pow(2).mean(-1, keepdim=True) + 1e-6) * self.q_scale
            key = key * torch.rsqrt(key.pow(2).mean(-1, keepdim=True) + 1e-6) * self.k_scale
        split = [part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (query, key, value)]
        return self.to_out(attend(*split).transpose(1, 2).flatten(2))


class DitBlock(nn.Module):
    def __init__(self, dim, heads, ffn):
        super().__init__()
        self.dim = dim
        self.table = nn.Parameter(torch.zeros(6, dim))
        self.attn1, self.attn2 = Attention(dim, dim, heads, True), Attention(dim, dim, heads, True)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.up, self.down = nn.Linear(dim, ffn), nn.Linear(ffn, dim)

    def modulated(self, tokens, shift, scale):
        return F.layer_norm(tokens, [self.dim], eps=1e-6) * (1 + scale) + shift

    def forward(self, tokens, text, modulation):
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.table).chunk(6, 1)
        normed = self.modulated(tokens, shift1, scale1)
        tokens = tokens + self.attn1(normed, normed) * gate1
        tokens = tokens + self.attn2(self.norm2(tokens), text)
        return tokens + self.down(F.gelu(self.up(self.modulated(tokens, shift2, scale2)), approximate="tanh")) * gate2


class VideoDit(nn.Module):
    def __init__(self, channels, dim, ctx, heads, layers, ffn):
        super().__init__()
        self.channels, self.dim = channels, dim
        self.patch = nn.Conv3d(channels, dim, (1, 2, 2), stride=(1, 2, 2))
        self.text, self.time1, self.time2 = nn.Linear(ctx, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.time_mod = nn.Linear(dim, 6 * dim)
        self.blocks = nn.ModuleList(DitBlock(dim, heads, ffn) for _ in range(layers))
        self.out_table = nn.Parameter(torch.zeros(2, dim))
        self.out = nn.Linear(dim, 4 * channels)

    def forward(self, latents, timesteps, context):
        patches = self.patch(latents)
        frames, rows, columns = patches.shape[2:]
        quarter = self.dim // 4
        positions = torch.cat([
            sinusoid(torch.arange(frames), 2 * quarter).view(frames, 1, 1, -1).expand(frames, rows, columns, -1),
            sinusoid(torch.arange(rows), quarter).view(1, rows, 1, -1).expand(frames, rows, columns, -1),
            sinusoid(torch.arange(columns), quarter).view(1, 1, columns, -1).expand(frames, rows, columns, -1),
        ], -1).reshape(1, -1, self.dim)
        tokens = patches.flatten(2).transpose(1, 2) + positions
        embedding = self.time2(F.silu(self.time1(sinusoid(timesteps, self.dim))))
        modulation = self.time_mod(F.silu(embedding)).unflatten(1, (6, -1))
        text = self.text(context)
        for block in self.blocks:
            tokens = block(tokens, text, modulation)
        shift, scale = (self.out_table + embedding.unsqueeze(1)).chunk(2, 1)
        pixels = self.out(F.layer_norm(tokens, [self.dim], eps=1e-6) * (1 + scale) + shift)
        return pixels.view(-1, frames, rows, columns, 2, 2, self.channels).permute(0, 6, 1, 2, 4, 3, 5).reshape(latents.shape)


def to_clips(frames, batch):
    return frames.unflatten(0, (batch, -1)).permute(0, 2, 1, 3, 4)


def to_frames(clips):
    return clips.permute(0, 2, 1, 3, 4).flatten(0, 1)


class ResBlock(nn.Module):
    def __init__(self, inside, outside, embedding, groups):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, inside), nn.Conv2d(inside, outside, 3, padding=1)
        self.emb = nn.Linear(embedding, outside)
        self.norm2, self.conv2 = nn.GroupNorm(groups, outside), nn.Conv2d(outside, outside, 3, padding=1)
        self.skip = nn.Conv2d(inside, outside, 1)
        self.tnorm1, self.tconv1 = nn.GroupNorm(groups, outside), nn.Conv3d(outside, outside, (3, 1, 1), padding=(1, 0, 0))
        self.tnorm2, self.tconv2 = nn.GroupNorm(groups, outside), nn.Conv3d(outside, outside, (3, 1, 1), padding=(1, 0, 0))

    def forward(self, frames, embedding):
        batch = embedding.shape[0]
        added = self.emb(F.silu(embedding)).repeat_interleave(frames.shape[0] // batch, 0)[:, :, None, None]
        hidden = self.conv1(F.silu(self.norm1(frames))) + added
        hidden = self.skip(frames) + self.conv2(F.silu(self.norm2(hidden)))
        clips = to_clips(hidden, batch)
        return to_frames(clips + self.tconv2(F.silu(self.tnorm2(self.tconv1(F.silu(self.tnorm1(clips)))))))


class SpaceTime(nn.Module):
    def __init__(self, channels, ctx, heads, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.n1, self.n2, self.n3, self.n4 = (nn.LayerNorm(channels) for _ in range(4))
        self.self_attn, self.cross = Attention(channels, channels, heads, False), Attention(channels, ctx, heads, False)
        self.temporal = Attention(channels, channels, heads, False)
        self.ff1, self.ff2 = nn.Linear(channels, 8 * channels), nn.Linear(4 * channels, channels)

    def forward(self, frames, context):
        batch = context.shape[0]
        tokens = self.norm(frames).flatten(2).transpose(1, 2)
        normed = self.n1(tokens)
        tokens = tokens + self.self_attn(normed, normed)
        tokens = tokens + self.cross(self.n2(tokens), context.repeat_interleave(frames.shape[0] // batch, 0))
        value, gate = self.ff1(self.n3(tokens)).chunk(2, -1)
        tokens = tokens + self.ff2(value * F.gelu(gate))
        places = tokens.unflatten(0, (batch, -1)).transpose(1, 2).flatten(0, 1)
        normed = self.n4(places)
        places = places + self.temporal(normed, normed)
        change = places.unflatten(0, (batch, -1)).transpose(1, 2).flatten(0, 1).transpose(1, 2)
        return frames + change.reshape(frames.shape)


class UNet(nn.Module):
    def __init__(self, channels, width, ctx, heads, groups):
        super().__init__()
        wide, embedding = 2 * width, 4 * width
        self.width = width
        self.time1, self.time2 = nn.Linear(width, embedding), nn.Linear(embedding, embedding)
        self.conv_in = nn.Conv2d(channels, width, 3, padding=1)
        self.down1, self.tr1 = ResBlock(width, width, embedding, groups), SpaceTime(width, ctx, heads, groups)
        self.pool = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.down2, self.tr2 = ResBlock(width, wide, embedding, groups), SpaceTime(wide, ctx, heads, groups)
        self.mid, self.up2 = ResBlock(wide, wide, embedding, groups), ResBlock(2 * wide, wide, embedding, groups)
        self.upconv = nn.Conv2d(wide, width, 3, padding=1)
        self.up1, self.tr3 = ResBlock(2 * width, width, embedding, groups), SpaceTime(width, ctx, heads, groups)
        self.norm_out, self.conv_out = nn.GroupNorm(groups, width), nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, latents, timesteps, context):
        embedding = self.time2(F.silu(self.time1(sinusoid(timesteps, self.width))))
        fine = self.tr1(self.down1(self.conv_in(to_frames(latents)), embedding), context)
        coarse = self.tr2(self.down2(self.pool(fine), embedding), context)
        hidden = self.up2(torch.cat([self.mid(coarse, embedding), coarse], 1), embedding)
        hidden = self.upconv(hidden.repeat_interleave(2, 2).repeat_interleave(2, 3))
        hidden = self.tr3(self.up1(torch.cat([hidden, fine], 1), embedding), context)
        return to_clips(self.conv_out(F.silu(self.norm_out(hidden))), latents.shape[0])


def energy(predicted, reference, noise):
    return (predicted - noise).pow(2).flatten(1).mean(1) - (reference - noise).pow(2).flatten(1).mean(1)


def loss_of(model, inputs, beta):
    twice = lambda name: torch.cat([inputs[name], inputs[name]])
    better, worse = model(torch.cat([inputs["noisy_w"], inputs["noisy_l"]]), twice("t"), twice("context")).chunk(2)
    margin = energy(better, inputs["ref_w"], inputs["noise"]) - energy(worse, inputs["ref_l"], inputs["noise"])
    return -F.logsigmoid(-beta * margin).mean()


def main(folder, threads):
    torch.set_num_threads(threads)
    models, inputs, betas, sized = {}, {}, {}, {}
    for case, kind in (("video_dit", VideoDit), ("unet3d", UNet)):
        with open(f"{folder}/{case}.json") as file:
            settings = json.load(file)
        tensors = read_safetensors(f"{folder}/{case}.safetensors")
        models[case] = kind(**settings["constructor"])
        models[case].load_state_dict({name[6:]: value for name, value in tensors.items() if name.startswith("param.")})
        inputs[case] = {name[3:]: value for name, value in tensors.items() if name.startswith("in.")}
        betas[case] = settings["beta"]
        loss = loss_of(models[case], inputs[case], betas[case]).item()
        if abs(loss - settings["loss"]) > 5e-5:
            sys.exit(f"{case}: the loss is {loss}, the case's {settings['loss']}: nothing was timed.")
    with open("/proc/self/maps") as maps:
        blas = sorted({os.path.realpath(line.split()[-1]) for line in maps if "blas" in line or "mkl" in line})
    fused = "with" if hasattr(F, "scaled_dot_product_attention") else "without"
    print(f"PyTorch {torch.__version__}, {threads} threads, {fused} scaled_dot_product_attention, oneDNN {torch.backends.mkldnn.is_available()}; {' '.join(blas)}", flush=True)
    for line in sys.stdin:
        case, *size = line.split()
        if line not in sized:
            generator = torch.Generator().manual_seed(1)
            shape = [*inputs[case]["noise"].shape[:2], *map(int, size)]
            drawn = {name: torch.randn(shape, generator=generator) for name in ("noisy_w", "noisy_l", "noise", "ref_w", "ref_l")}
            sized[line] = {"t": inputs[case]["t"], "context": inputs[case]["context"], **drawn}
        start = time.perf_counter()
        loss_of(models[case], sized[line], betas[case]).backward()
        print(time.perf_counter() - start, flush=True)


main(sys.argv[1], int(sys.argv[2]))
