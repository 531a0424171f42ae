"""Training what has an auxiliary head and drop path."""

from __future__ import annotations

import numpy as np
import torch

from search_space.modules.drop_path import DropPath as DropPathModule
from search_space.modules.regularised import RegularisedNetwork
from search_space.network import Architecture
from search_space.published import published
from search_space.regularisation import Auxiliary, DropPath
from search_space.skeleton import Skeleton
from workers.data.labelled import LabelledData
from workers.data.splits import SearchData
from workers.messages import Recipe
from workers.train import Training


def test_the_auxiliary_head_learns_too_and_drop_path_goes_with_the_epochs() -> None:
    skeleton = Skeleton((1, 12, 12), 2, 4, auxiliary=Auxiliary(widths=(4, 8)), drop_path=DropPath(0.6))
    torch.manual_seed(0)
    network = Architecture(published["darts-v1"], skeleton).build()
    assert isinstance(network, RegularisedNetwork)
    rng = np.random.default_rng(0)
    images = LabelledData(rng.normal(size=(16, 1, 12, 12)).astype(np.float32), np.arange(16) % 2)
    before = [p.clone() for p in network.auxiliary.parameters()]
    Training(network, SearchData(images, images), Recipe(epochs=4, batch_size=8), seed=0).run_to(2)
    assert not any(torch.equal(old, new) for old, new in zip(before, network.auxiliary.parameters(), strict=True))
    # The last step of the second epoch begins at (1 + 1.5 / 2) / 4 of the training; the last cell has full depth.
    drop = network.cells[-1].get_submodule("drop")
    assert isinstance(drop, DropPathModule)
    assert abs(drop.keep - (1 - 0.4 * 1.75 / 4)) < 1e-9
