"""The modules that have a form of their own in inference, against what they were in training."""

import pytest
import torch

from search_space.merge import merge
from search_space.modules.dilated_branches import DILATED_BRANCHES
from search_space.modules.large_kernel import LargeKernelRep
from tests.search_space.trained import as_if_trained


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(32, 32), (33, 17)])
@pytest.mark.parametrize("kernel", DILATED_BRANCHES)
def test_a_large_kernel_and_its_dilated_branches_are_one_kernel(kernel, size, stride):
    x_NCHW = torch.randn(2, 4, *size)
    operator = as_if_trained(LargeKernelRep(4, 4, stride, kernel=kernel), x_NCHW)
    merged = merge(operator)
    assert torch.allclose(merged(x_NCHW), operator(x_NCHW), rtol=1e-5, atol=1e-5)
    exactly_NCHW = operator.double()(x_NCHW.double())
    assert torch.allclose(merge(operator)(x_NCHW.double()), exactly_NCHW, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("kernel", "trained", "merged"),
    [(5, 49, 26), (7, 100, 50), (9, 159, 82), (11, 210, 122), (13, 282, 170), (15, 338, 226), (17, 434, 290)],
)
def test_a_dilated_large_kernel_has_its_published_parameters_a_channel(kernel, trained, merged):
    operator = LargeKernelRep(4, 4, kernel=kernel)
    assert [sum(p.numel() for p in form[1].parameters()) // 4 for form in (operator, merge(operator))] == [
        trained,
        merged,
    ]
