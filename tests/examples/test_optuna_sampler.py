"""The default sampler in a study of one's own."""

from __future__ import annotations

import pytest

from examples.optuna_sampler import main


def test_it_prints_a_front_fastest_first(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    points = [(float(line.split()[1]), float(line.split()[3])) for line in capsys.readouterr().out.splitlines()]
    assert len(points) > 5
    assert points == sorted(points, key=lambda point: point[1])
    assert [accuracy for accuracy, _ in points] == sorted(accuracy for accuracy, _ in points)
