"""The picture of a front: what is drawn, read back from the SVG."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from service.usecases.front_picture import Dot, front_picture

DOTS = [Dot(70, 2.0, 0.90), Dot(71, 3.0, 0.95), Dot(72, 4.0, 0.93), Dot(73, 5.0, 0.97)]


def drawn(picture: str, tag: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(picture).findall(f"{{http://www.w3.org/2000/svg}}{tag}")


def texts(picture: str) -> list[str]:
    return [text.text or "" for text in drawn(picture, "text")]


def test_every_cell_is_a_dot_and_those_of_the_front_have_their_numbers() -> None:
    picture = front_picture(DOTS, 73, (4.8, 5.2), (0.95, 0.98), "Cells <of> job 1")
    assert len(drawn(picture, "circle")) == len(DOTS)
    assert [circle.get("fill") for circle in drawn(picture, "circle")].count("#c00") == 1
    assert {"70", "71", "73", "Cells <of> job 1"} <= set(texts(picture))
    assert "72" not in texts(picture)
    assert {"90", "92", "94", "96", "98"} <= set(texts(picture))


@pytest.mark.parametrize(("limit_ms", "told"), [(4.5, True), (50.0, False), (None, False)])
def test_a_limit_is_drawn_where_it_lies_among_the_cells(limit_ms: float | None, told: bool) -> None:
    picture = front_picture(DOTS, 71, (2.9, 3.1), (0.92, 0.97), "Cells", limit_ms)
    assert ("limit 4.5 ms" in texts(picture)) == told
    assert any(path.get("stroke-dasharray") for path in drawn(picture, "path")) == told


def test_a_single_cell_has_a_picture_too() -> None:
    picture = front_picture(DOTS[:1], 70, (2.0, 2.0), (0.9, 0.9), "Cells")
    (circle,) = drawn(picture, "circle")
    assert 62 < float(circle.get("cx", 0)) < 620
