from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.workers.plain import plain_network
from workers.data.labelled import LabelledData
from workers.data.splits import SearchData
from workers.failures import Diverged
from workers.messages import Recipe
from workers.train import Training, labelled, learning_rate, share_correct, tensors

RECIPE = Recipe(epochs=6)


def bits(network: nn.Module) -> dict[str, bytes]:
    return {name: tensor.contiguous().numpy().tobytes() for name, tensor in network.state_dict().items()}


def trained(data: SearchData, stops: tuple[int, ...], recipe: Recipe = RECIPE, seed: int = 0) -> nn.Module:
    network = plain_network(seed)
    training = Training(network, data, recipe, seed)
    for epochs in stops:
        training.run_to(epochs)
        share_correct(labelled(network, data.validation), data.validation)
    return network


def test_a_small_plain_network_learns_the_digits(digits: SearchData) -> None:
    network = plain_network()
    training = Training(network, digits, RECIPE, seed=0)
    training.run_to(6)
    assert training.epochs_done == 6
    assert share_correct(labelled(network, digits.validation), digits.validation) > 0.9


def test_stopping_and_going_on_equals_going_straight(digits: SearchData) -> None:
    assert bits(trained(digits, (2, 6))) == bits(trained(digits, (6,)))


def test_another_training_in_between_changes_no_bit(digits: SearchData) -> None:
    network = plain_network()
    training = Training(network, digits, RECIPE, seed=0)
    training.run_to(1)
    trained(digits, (1,), seed=5)
    torch.rand(7)
    training.run_to(2)
    assert bits(network) == bits(trained(digits, (2,)))


def test_training_leaves_the_random_numbers_of_the_process_alone(digits: SearchData) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    trained(digits, (1,))
    assert torch.equal(torch.rand(1), expected)


def test_another_seed_is_another_training(digits: SearchData) -> None:
    networks = [plain_network(), plain_network()]
    for seed, network in enumerate(networks):
        Training(network, digits, RECIPE, seed).run_to(1)
    assert bits(networks[0]) != bits(networks[1])


def test_a_loss_that_is_no_number_ends_the_training(digits: SearchData) -> None:
    images_NCHW = digits.train.images_NCHW.copy()
    images_NCHW[5] = np.nan
    broken = replace(digits, train=LabelledData(images_NCHW, digits.train.labels_N))
    with pytest.raises(Diverged, match="epoch 1"):
        trained(broken, (2,))


def test_fewer_images_than_a_batch_are_one_batch(digits: SearchData) -> None:
    few = LabelledData(digits.train.images_NCHW[:10], digits.train.labels_N[:10])
    trained(replace(digits, train=few), (2,))


def test_tensors_lie_on_the_same_memory_as_the_arrays(digits: SearchData) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x_NCHW, labels_N = tensors(digits.train)
    assert x_NCHW.data_ptr() == digits.train.images_NCHW.ctypes.data
    assert labels_N.data_ptr() == digits.train.labels_N.ctypes.data


def test_the_learning_rate_rises_for_one_epoch_and_falls_to_nothing() -> None:
    rates = [learning_rate(step / 100, RECIPE) for step in range(601)]
    assert rates[0] == 0
    assert rates[:96] == sorted(rates[:96])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert max(rates) <= RECIPE.learning_rate
    assert rates[-1] == pytest.approx(0, abs=1e-12)
