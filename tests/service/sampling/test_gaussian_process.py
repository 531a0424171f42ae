"""What a process believes of points it has seen, points like them, and points unlike them."""

from __future__ import annotations

import numpy as np

from service.sampling.gaussian_process import GaussianProcess
from service.sampling.kernel import Points, Shape
from service.sampling.likeliest import likeliest

PLACES = np.random.default_rng(0).random((30, 2))
TREND = PLACES @ np.array([2.0, 1.0])
SHAPE = Shape(length=1.0, linear=0.95, rest=0.25)


def test_what_is_alike_is_believed_to_share_what_the_features_do_not_explain() -> None:
    surprising = TREND.copy()
    surprising[0] += 3
    process = GaussianProcess(Points(PLACES, np.arange(30)), surprising, SHAPE)
    alike, unlike = Points(PLACES[[0]], np.array([0])), Points(PLACES[[0]], np.array([99]))
    assert abs(process.posterior(alike).mean[0] - surprising[0]) < 0.5
    assert abs(process.posterior(unlike).mean[0] - surprising[0]) > 1
    assert process.posterior(alike).deviation[0] < 0.5 * process.posterior(unlike).deviation[0]


def test_times_scatter_in_proportion() -> None:
    rng = np.random.default_rng(1)
    places = rng.random((100, 2))
    times = (1 + 20 * places[:, 0]) * (1 + 0.1 * rng.standard_normal(100))
    posterior = GaussianProcess(Points(places), times, Shape(1.0, 0.95, 0.025)).posterior(
        Points(np.array([[0.1, 0.5], [0.9, 0.5]]))
    )
    assert posterior.deviation[0] < 0.6 * posterior.deviation[1]


def test_to_count_on_a_point_removes_the_doubt_about_it_and_about_what_is_alike() -> None:
    rng = np.random.default_rng(2)
    process = GaussianProcess(Points(PLACES, np.arange(30)), TREND + 0.1 * rng.standard_normal(30), SHAPE)
    one, unlike = rng.random((2, 2))
    posterior = process.posterior(Points(np.array([one, one, unlike]), np.array([50, 50, 51])))
    before = posterior.deviation
    posterior.expect(0)
    after = posterior.deviation
    assert after[0] < 0.6 * before[0]
    assert after[1] < 0.6 * before[1]
    assert 0.8 * before[2] < after[2] <= before[2]


def test_the_likeliest_fit_is_over_the_view_and_on_the_scale_that_explain_the_values() -> None:
    rng = np.random.default_rng(3)
    telling, idle = Points(PLACES), Points(rng.random((30, 2)))
    values = np.column_stack([TREND, np.exp(3 * TREND)])
    values += 1e-3 * rng.standard_normal(values.shape)
    linear, curved = likeliest([idle, telling], values, np.array([-10.0, -0.5]))
    assert linear.view == curved.view == 1
    assert np.isneginf(linear.floor)
    assert curved.floor == -0.5
