"""The networks in which published cells were scored: architectures, by cell, size and data set.

Where sources differ in more than their cells, the skeleton says it; see `search_space.skeleton`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from search_space.network import Architecture
from search_space.published import published
from search_space.skeleton import Skeleton, skeletons

_CIFAR, _MOBILE, _LARGE = skeletons["cifar"], skeletons["imagenet-mobile"], skeletons["imagenet-large"]
_PNASNET = replace(_MOBILE, channels=54, cells_per_stage=3, reduction_in_stage=True)
_AMOEBANET = replace(_MOBILE, channels=50, skip_reduction_input=True)
# Pham et al. 2018 train 15 normal cells in the released script and 18 in the paper.
_ENAS = replace(_CIFAR, channels=36, older_input="fitted", newest_units=2, classifier_bias=False)
_DARTS = replace(_CIFAR, channels=36, older_input="prepared", final_relu=False)
_DARTS_IMAGENET = Skeleton(
    (3, 224, 224),
    classes=1000,
    channels=48,
    cells_per_stage=4,
    stem="imagenet-darts",
    older_input="prepared",
    final_relu=False,
)

published_networks: Mapping[str, Architecture] = MappingProxyType(
    {
        f"{cell} {name}": Architecture(published[cell], skeleton)
        for cell, name, skeleton in (
            ("nasnet-a", "cifar 6@768", _CIFAR),
            ("nasnet-a", "imagenet 4@1056", _MOBILE),
            ("nasnet-a", "imagenet 6@4032", _LARGE),
            ("pnasnet-5", "imagenet (3, 54)", _PNASNET),
            (
                "pnasnet-5",
                "imagenet (4, 216)",
                replace(_PNASNET, input_shape=(3, 331, 331), channels=216, cells_per_stage=4, stem_channels=96),
            ),
            ("amoebanet-a", "cifar (6, 32)", replace(_CIFAR, skip_reduction_input=True)),
            ("amoebanet-a", "cifar (6, 36)", replace(_CIFAR, channels=36, skip_reduction_input=True)),
            ("amoebanet-a", "imagenet (4, 50)", _AMOEBANET),
            *(
                (
                    "amoebanet-a",
                    f"imagenet (6, {channels})",
                    replace(_AMOEBANET, input_shape=(3, 331, 331), channels=channels, cells_per_stage=6),
                )
                for channels in (190, 204, 448)
            ),
            ("enas", "cifar 15 cells", replace(_ENAS, cells_per_stage=5)),
            ("enas", "cifar 18 cells", _ENAS),
            ("darts-v1", "cifar", _DARTS),
            ("darts-v2", "cifar", _DARTS),
            ("darts-v2", "imagenet", _DARTS_IMAGENET),
            ("pc-darts-cifar", "cifar", _DARTS),
            ("pc-darts-imagenet", "imagenet", _DARTS_IMAGENET),
        )
    }
)
