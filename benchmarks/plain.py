"""Every operator as one would write it with torch alone: the same layers from the same shapes, at stride 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = 32
# Kernels and rates beside a large kernel (UniRepLKNet, arXiv 2410.08049).
BESIDE_LARGE = {
    5: ((3, 1), (3, 2)),
    7: ((5, 1), (3, 2), (3, 3)),
    9: ((5, 1), (5, 2), (3, 3), (3, 4)),
    11: ((5, 1), (5, 2), (3, 3), (3, 4), (3, 5)),
    13: ((5, 1), (7, 2), (3, 3), (3, 4), (3, 5)),
    15: ((5, 1), (7, 2), (3, 3), (3, 5), (3, 7)),
    17: ((5, 1), (9, 2), (3, 4), (3, 5), (3, 7)),
}


class Lambda(nn.Module):
    """A function of the input and of layers, or lists of parameters."""

    def __init__(self, function: Callable[..., Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """What the function makes of them."""
        return self.function(x_NCHW, *self.layers)


def convolution(
    kernel: int | tuple[int, int] = 1,
    dilation: int = 1,
    groups: int = 1,
    channels_in: int = CHANNELS,
    channels: int = CHANNELS,
    bias: bool = False,
) -> nn.Conv2d:
    """One that keeps the size."""
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = (dilation * (height - 1) // 2, dilation * (width - 1) // 2)
    return nn.Conv2d(channels_in, channels, kernel, 1, padding, dilation, groups, bias)


def depthwise(
    kernel: int | tuple[int, int], dilation: int = 1, channels: int = CHANNELS, bias: bool = False
) -> nn.Conv2d:
    """One that keeps the channels apart."""
    return convolution(kernel, dilation, channels, channels, channels, bias)


def normed(*layers: nn.Module, channels: int = CHANNELS) -> nn.Sequential:
    """Layers and a batch norm."""
    return nn.Sequential(*layers, nn.BatchNorm2d(channels))


def depthwise_units(*kernels: int | tuple[int, int], dilation: int = 1, units: int = 1) -> nn.Module:
    """So many times ReLU, depthwise convolutions, a pointwise one, batch norm."""
    layers: list[nn.Module] = []
    for _ in range(units):
        layers += [nn.ReLU(), *(depthwise(kernel, dilation) for kernel in kernels)]
        layers += [convolution(), nn.BatchNorm2d(CHANNELS)]
    return nn.Sequential(*layers)


def dense_unit(*kernels: int | tuple[int, int], dilation: int = 1) -> nn.Module:
    """ReLU, convolutions, batch norm."""
    return normed(nn.ReLU(), *(convolution(kernel, dilation) for kernel in kernels))


def pointwise_after(mixer: nn.Module) -> nn.Module:
    """ReLU, the mixer, a pointwise convolution, batch norm."""
    return normed(nn.ReLU(), mixer, convolution())


def thin(height: int, width: int) -> nn.Module:
    """An even depthwise row or column with zeros before and after."""
    pad = nn.ZeroPad2d(((width - 1) // 2, width // 2, (height - 1) // 2, height // 2))
    return normed(
        nn.ReLU(), pad, nn.Conv2d(CHANNELS, CHANNELS, (height, width), groups=CHANNELS, bias=False), convolution()
    )


def bottleneck(kernel: int, width: int) -> nn.Module:
    """1x1, row, column, 1x1, with ReLU before and batch norm after each."""
    layers: list[nn.Module] = []
    shapes: list[tuple[int | tuple[int, int], int, int]] = [
        (1, CHANNELS, width),
        ((1, kernel), width, width),
        ((kernel, 1), width, width),
        (1, width, CHANNELS),
    ]
    for size, channels_in, channels in shapes:
        layers += [nn.ReLU(), convolution(size, 1, 1, channels_in, channels), nn.BatchNorm2d(channels)]
    return nn.Sequential(*layers)


def sandwich(width: int = CHANNELS // 4) -> nn.Module:
    """A maximum pool between two 1x1 convolutions."""
    down, up = convolution(1, 1, 1, CHANNELS, width), convolution(1, 1, 1, width, CHANNELS)
    return normed(nn.ReLU(), down, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 1, 1), up)


def shift() -> nn.Module:
    """Nine groups, each cut out of the padded map."""

    def shifted(x_NCHW: Tensor) -> Tensor:
        height, width = x_NCHW.shape[2:]
        groups = F.pad(x_NCHW, (1, 1, 1, 1)).tensor_split(9, 1)
        return torch.cat([g[:, :, i // 3 : i // 3 + height, i % 3 : i % 3 + width] for i, g in enumerate(groups)], 1)

    return Lambda(shifted)


def rep(kernel: int) -> nn.Module:
    """A large kernel and dilated ones, each with a batch norm, added up."""
    branches = [normed(depthwise(kernel))] + [normed(depthwise(k, rate)) for k, rate in BESIDE_LARGE[kernel]]
    return pointwise_after(Lambda(lambda x, first, *more: sum((each(x) for each in more), first(x)), *branches))


def inception(mixed: int = CHANNELS // 8) -> nn.Module:
    """Most channels pass, the others go through a square, a row and a column."""

    def mix(x_NCHW: Tensor, square: nn.Module, row: nn.Module, column: nn.Module) -> Tensor:
        a, b, c, d = torch.split(x_NCHW, [CHANNELS - 3 * mixed, mixed, mixed, mixed], 1)
        return torch.cat([a, square(b), row(c), column(d)], 1)

    return pointwise_after(Lambda(mix, *(depthwise(k, 1, mixed, True) for k in (3, (1, 11), (11, 1)))))


def peripheral(kernels: tuple[int, ...] = (9, 15, 31)) -> nn.Module:
    """Surrounds less a share of the centre, mixed by three cues of detail at each pixel."""
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    laplacian = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    filters = [own.expand(CHANNELS, 1, 3, 3).contiguous() for own in (sobel, sobel.T, laplacian)]
    parts: list[nn.Module] = []
    for k in kernels:
        parts += [nn.ParameterList([torch.zeros(CHANNELS, 1, 1)]), depthwise((1, k)), depthwise((k, 1)), depthwise(3)]

    def gated(x_NCHW: Tensor, *layers: Any) -> Tensor:
        with torch.no_grad():
            across, down, edges = (F.conv2d(x_NCHW, own, None, 1, 1, groups=CHANNELS) for own in filters)
            variance = F.avg_pool2d(x_NCHW.square(), 3, 1, 1) - F.avg_pool2d(x_NCHW, 3, 1, 1).square()
            gradient = (across.square() + down.square() + 1e-6).sqrt()
            cues = [own.mean(1) for own in (gradient, edges.abs(), variance.clamp(min=0))]
        weights = layers[-1](torch.stack(cues, 1)).softmax(1)
        mixed = torch.zeros_like(x_NCHW)
        for number in range(len(kernels)):
            (share,), row, column, centre = layers[4 * number : 4 * number + 4]
            surround = column(row(x_NCHW)) - share.tanh() * centre(x_NCHW)
            mixed = mixed + weights[:, number, None] * surround
        return mixed

    return pointwise_after(Lambda(gated, *parts, nn.Conv2d(3, len(kernels), 1)))


def spaced(kernel: int, count: int, gauss: bool = False) -> nn.Module:
    """Kernels built point by point from positions, then a depthwise convolution."""
    deviations = [torch.full((2, CHANNELS, count), 0.23)] if gauss else []
    own = [torch.randn(CHANNELS, count), torch.zeros(CHANNELS), 0.5 * torch.randn(2, CHANNELS, count), *deviations]
    reach = kernel // 2

    def convolved(x_NCHW: Tensor, own: Any) -> Tensor:
        weight, bias, positions, *deviations = own
        grid = torch.arange(-reach, reach + 1.0, device=x_NCHW.device)
        apart = grid - positions.clamp(-reach, reach)[..., None]
        if gauss:
            near = (-0.5 * (apart / (deviations[0].abs()[..., None] + 0.27)) ** 2).exp()
        else:
            near = F.relu(1 - apart.abs())
        near = near / near.sum(-1, keepdim=True)
        kernels = torch.einsum("cm,cmi,cmj->cij", weight, near[1], near[0])
        return F.conv2d(x_NCHW, kernels[:, None], bias, 1, reach, groups=CHANNELS)

    return pointwise_after(Lambda(convolved, nn.ParameterList(own)))


def beside(*layers: nn.Module) -> nn.Module:
    """The input plus what the layers make of it."""
    return Lambda(lambda x_NCHW, inner: x_NCHW + inner(x_NCHW), nn.Sequential(*layers))


def mbconv(kernel: int, expansion: int) -> nn.Module:
    """The inverted bottleneck."""
    wide = expansion * CHANNELS
    up, down = convolution(1, 1, 1, CHANNELS, wide), convolution(1, 1, 1, wide, CHANNELS)
    norms = [nn.BatchNorm2d(width) for width in (wide, wide, CHANNELS)]
    return beside(up, norms[0], nn.SiLU(), depthwise(kernel, 1, wide), norms[1], nn.SiLU(), down, norms[2])


def convfirst(wide: int = 6 * CHANNELS) -> nn.Module:
    """A grouped convolution first, then the two pointwise ones."""
    up, down = convolution(1, 1, 1, CHANNELS, wide), convolution(1, 1, 1, wide, CHANNELS)
    norms = [nn.BatchNorm2d(width) for width in (CHANNELS, wide, CHANNELS)]
    return beside(convolution(3, 1, CHANNELS // 8), norms[0], up, norms[1], nn.SiLU(), down, norms[2])


def convnext(kernel: int, wide: int = 4 * CHANNELS) -> nn.Module:
    """As the released code writes it: layer norm and linear layers with channels last."""

    def block(x_NCHW: Tensor, mixer: nn.Module, norm: nn.Module, up: nn.Module, scale: Any, down: nn.Module) -> Tensor:
        y_NHWC: Tensor = scale[0] * down(F.gelu(up(norm(mixer(x_NCHW).permute(0, 2, 3, 1)))))
        return x_NCHW + y_NHWC.permute(0, 3, 1, 2)

    scale = nn.ParameterList([torch.full((CHANNELS,), 1e-6)])
    layers = [nn.LayerNorm(CHANNELS, 1e-6), nn.Linear(CHANNELS, wide), scale, nn.Linear(wide, CHANNELS)]
    return Lambda(block, depthwise(kernel, 1, CHANNELS, True), *layers)


def excite(channels: int, hidden: int) -> nn.Module:
    """Squeeze and excite."""
    layers = [nn.Conv2d(channels, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, channels, 1), nn.Sigmoid()]
    return Lambda(lambda x, inner: x * inner(x), nn.Sequential(nn.AdaptiveAvgPool2d(1), *layers))


def spatial_mixer(half: int = CHANNELS // 2) -> nn.Module:
    """A near and a far view of half the channels."""
    contrast = nn.ParameterList([torch.full((half, 1, 1), 1e-5)])
    near = nn.Sequential(depthwise(3, 1, half), nn.BatchNorm2d(half), nn.GELU(), excite(half, half // 4))
    twice = [depthwise(3, 2, half), depthwise(3, 2, half)]
    far = nn.Sequential(*twice, nn.BatchNorm2d(half), nn.GELU(), excite(half, half // 4))

    def mix(
        x_NCHW: Tensor, contrast: Any, halve: nn.Module, near: nn.Module, far: nn.Module, join: nn.Module
    ) -> Tensor:
        h_NCHW = halve(x_NCHW)
        h_NCHW = h_NCHW + contrast[0] * (h_NCHW - F.adaptive_avg_pool2d(h_NCHW, 1))
        joined: Tensor = join(torch.cat([near(h_NCHW), far(h_NCHW)], 1))
        return joined

    return Lambda(mix, contrast, nn.Conv2d(CHANNELS, half, 1), near, far, normed(convolution()))


def wave_mixer(wide: int = 2 * CHANNELS) -> nn.Module:
    """As the released code writes it, with complex numbers."""
    turn = nn.ParameterList([torch.randn(wide // 2, 2)])

    def mix(x_NCHW: Tensor, turn: Any, amplitude: nn.Module, phase: nn.Module, project: nn.Module) -> Tensor:
        strongest = x_NCHW.argmax(1, keepdim=True)
        theta, weight = F.gelu(phase(x_NCHW)), amplitude(x_NCHW)
        waves = weight * theta + weight.gather(1, strongest) * theta.gather(1, strongest)
        pairs = waves.permute(0, 2, 3, 1).unflatten(-1, (-1, 2)).contiguous()
        turned = torch.view_as_real(torch.view_as_complex(turn[0]) * torch.view_as_complex(pairs))
        y_NCHW: Tensor = project(turned.flatten(-2).permute(0, 3, 1, 2).contiguous())
        return y_NCHW

    grouped = [convolution(3, 1, CHANNELS, wide, wide), nn.BatchNorm2d(wide), nn.GELU(), excite(wide, CHANNELS // 4)]
    project = normed(*grouped, convolution(1, 1, 1, wide, CHANNELS))
    return Lambda(mix, turn, nn.Conv2d(CHANNELS, wide, 1), nn.Conv2d(CHANNELS, wide, 1), project)


def halo(block: int = 8, margin: int = 3, head: int = 8) -> nn.Module:
    """Local attention as the formula has it: windows unfolded, products, softmax, products."""
    window = block + 2 * margin
    tables = nn.ParameterList(torch.randn(2 * window - 1, head) for _ in range(2))
    offsets = torch.arange(window) - torch.arange(block)[:, None] + window - 1

    def attend(x_NCHW: Tensor, tables: Any, query: nn.Module, key_value: nn.Module) -> Tensor:
        batch, channels, height, width = x_NCHW.shape
        heads, down, across = channels // head, height // block, width // block
        q = query(x_NCHW).reshape(batch, heads, head, down, block, across, block).permute(0, 1, 3, 5, 4, 6, 2)
        seen = F.unfold(key_value(x_NCHW), window, padding=margin, stride=block)
        seen = seen.reshape(batch, 2, heads, head, window**2, down, across).permute(1, 0, 2, 5, 6, 4, 3)
        k, v = seen[0], seen[1]
        rows = torch.einsum("nhstijd,iud->nhstiju", q, tables[0][offsets])
        columns = torch.einsum("nhstijd,jvd->nhstijv", q, tables[1][offsets])
        near = (rows[..., None] + columns[..., None, :]).flatten(-2).flatten(-3, -2)
        shares = (q.flatten(-3, -2) @ k.mT * head**-0.5 + near).softmax(-1)
        y: Tensor = (shares @ v).reshape(batch, heads, down, across, block, block, head)
        return y.permute(0, 1, 6, 2, 4, 3, 5).reshape(batch, channels, height, width)

    return pointwise_after(Lambda(attend, tables, convolution(), convolution(1, 1, 1, CHANNELS, 2 * CHANNELS)))


def distance(kind: str) -> nn.Module:
    """Patches unfolded and compared with each learned one."""
    raw = {"l1": [], "l2": [torch.zeros(CHANNELS, 9 * CHANNELS)], "rbf": [torch.zeros(CHANNELS)]}[kind]

    def compared(x_NCHW: Tensor, own: Any) -> Tensor:
        patches, *raw = own
        seen = F.unfold(x_NCHW, 3, padding=1).transpose(1, 2)
        if kind == "l1":
            y = -torch.cdist(seen, patches, p=1.0)
        elif kind == "l2":
            weights = F.softplus(raw[0])
            y = 2 * seen @ (weights * patches).T - seen.square() @ weights.T - (weights * patches.square()).sum(1)
        else:
            y = (-F.softplus(raw[0]) * torch.cdist(seen, patches).square()).exp()
        return y.transpose(1, 2).reshape_as(x_NCHW)

    return normed(
        Lambda(compared, nn.ParameterList([torch.randn(CHANNELS, 9 * CHANNELS), *raw])),
        *([convolution()] if kind == "rbf" else []),
    )


PLAIN: Mapping[str, Callable[[], nn.Module]] = {
    **{f"sep_conv_{k}x{k}": partial(depthwise_units, k, units=2) for k in (3, 5, 7)},
    "sep_conv_1x16": partial(thin, 1, 16),
    "sep_conv_16x1": partial(thin, 16, 1),
    **{f"dil_sep_conv_{k}x{k}": partial(depthwise_units, k, dilation=2) for k in (3, 5)},
    "dil_conv_3x3": partial(dense_unit, 3, dilation=2),
    "identity": nn.Identity,
    "skip_connect": nn.Identity,
    "none": lambda: Lambda(torch.zeros_like),
    **{f"avg_pool_{k}x{k}": partial(nn.AvgPool2d, k, 1, k // 2, count_include_pad=False) for k in (3, 5, 7)},
    **{f"max_pool_{k}x{k}": partial(nn.MaxPool2d, k, 1, k // 2) for k in (3, 5, 7)},
    "pool_sandwich_3x3": sandwich,
    "shift_3x3": shift,
    **{f"lk_dw_{k}x{k}": partial(depthwise_units, k) for k in (7, 9, 11, 13, 17, 21, 31)},
    **{f"lk_rep_{k}": partial(rep, k) for k in BESIDE_LARGE},
    "inc_dw_11": inception,
    **{f"band_{k}": partial(depthwise_units, (1, k), (k, 1)) for k in (7, 11, 21)},
    "pfg": peripheral,
    "dcls_7_9": partial(spaced, 7, 9),
    "dcls_17_34": partial(spaced, 17, 34),
    "dcls_17_26_gauss": partial(spaced, 17, 26, gauss=True),
    **{f"conv_{k}x{k}": partial(dense_unit, k) for k in (1, 3)},
    **{f"conv_1x{k}_{k}x1": partial(dense_unit, (1, k), (k, 1)) for k in (3, 7)},
    "conv_1x3_3x1_bottleneck": partial(bottleneck, 3, CHANNELS * 3 // 8),
    "conv_1x7_7x1_bottleneck": partial(bottleneck, 7, CHANNELS * 2 // 8),
    "mbconv_3x3_e3": partial(mbconv, 3, 3),
    "mbconv_3x3_e6": partial(mbconv, 3, 6),
    "mbconv_5x5_e6": partial(mbconv, 5, 6),
    "convfirst_3": convfirst,
    **{f"convnext_{k}": partial(convnext, k) for k in (5, 7)},
    "smix": spatial_mixer,
    "cmix": wave_mixer,
    "halo": halo,
    "dist_l1_3x3": partial(distance, "l1"),
    "dist_l2_3x3": partial(distance, "l2"),
    "rbf_3x3": partial(distance, "rbf"),
}
