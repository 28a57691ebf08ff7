"""The plots: an accessible picture with every mark in its place, names apart, and curves where k differs."""

from __future__ import annotations

import itertools
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.runtime.plot import (
    _even_ticks,
    _spread,
    _ticks,
    augmentation_picture,
    context_picture,
    price_picture,
)

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def document(finished) -> dict[str, Any]:
    return json.loads((finished[1] / "results.json").read_bytes())


def found(svg: ElementTree.Element, kind: str, element: str) -> list[ElementTree.Element]:
    return [each for each in svg.iter(f"{SVG}{element}") if kind in (each.get("class") or "").split()]


def points(svg: ElementTree.Element) -> list[list[tuple[float, ...]]]:
    """Of each curve where its marks stand, to the right and downwards."""
    curves = [curve.get("points").split() for curve in found(svg, "curve", "polyline")]
    return [[tuple(map(float, point.split(","))) for point in curve] for curve in curves]


def with_curve(document: dict[str, Any]) -> dict[str, Any]:
    """With three arms that show 2, 4 and 8 documents, the more the better."""
    for number, shown in enumerate((8, 2, 4)):
        arm = f"near{shown}"
        document["arms"][arm] = {
            **document["arms"]["icl"],
            "context": "oracle",
            "question_flops": shown * 10**6,
        }
        for split in ("trained", "reversal"):
            row = next(r for r in document["pooled"] if (r["arm"], r["split"]) == ("icl", split))
            told = {"arm": arm, "context_docs": shown, "accuracy": shown / 10, "low": 0.1, "high": 0.9}
            document["pooled"].insert(number, {**row, **told})
    return document


def test_the_plot_is_the_same_as_in_the_run_and_reads_aloud(finished, document) -> None:
    text = (finished[1] / "price.svg").read_text(encoding="utf-8")
    assert text == price_picture(document)
    svg = ElementTree.fromstring(text)
    assert svg.get("role") == "img"
    assert svg.findtext(f"{SVG}title") == "tiny: accuracy and price"
    assert "icl, reversal: " in svg.findtext(f"{SVG}desc")
    assert "operations a question" in svg.findtext(f"{SVG}desc")
    assert "prefers-color-scheme: dark" in svg.findtext(f"{SVG}style")
    marks = [g for g in svg.iter(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    assert len(marks) == len(document["pooled"])
    assert not found(svg, "curve", "polyline")
    assert context_picture(document) is None
    assert not (finished[1] / "context.svg").exists()


def test_what_is_dearer_stands_further_to_the_right_and_what_is_better_higher(document) -> None:
    document["pooled"] = [row for row in document["pooled"] if row["split"] == "trained"]
    for row, accuracy in zip(document["pooled"], (0.5, 0.9, 0.7, 1.0), strict=True):
        row.update(accuracy=accuracy, low=accuracy - 0.1, high=min(1, accuracy + 0.1))
    svg = ElementTree.fromstring(price_picture(document))
    marks = [g for g in svg.iter(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    place = {}
    for mark in marks:
        (circle,) = (each for each in mark.iter(f"{SVG}circle") if each.get("r") == "5")
        place[mark.findtext(f"{SVG}text")] = float(circle.get("cx")), float(circle.get("cy"))
    assert place["icl"][0] > place["finetune"][0] == place["augmented"][0] == place["pretrained"][0]
    heights = [place[arm][1] for arm in ("augmented", "icl", "finetune", "pretrained")]
    assert heights == sorted(heights)
    assert len(found(svg, "kept", "path")) == 2, "icl has a context to keep, and the legend says so"


def test_arms_that_differ_only_in_k_make_a_curve(document) -> None:
    text = context_picture(with_curve(document))
    assert text is not None
    curves = points(ElementTree.fromstring(text))
    assert len(curves) == 2
    for curve in curves:
        steps = [(b[0] - a[0], a[1] - b[1]) for a, b in itertools.pairwise(curve)]
        assert len(steps) == 2
        assert steps[0][0] == pytest.approx(steps[1][0], abs=0.2), "each doubling is as far"
        assert all(up > 0 for _, up in steps)
    assert "near2" in text
    assert "finetune" not in text
    assert len(found(ElementTree.fromstring(price_picture(document)), "curve", "polyline")) == 2


def with_added(document: dict[str, Any]) -> dict[str, Any]:
    """With two more augmented arms, and none the better for it."""
    for number, added in enumerate((300, 100)):
        arm = f"added{added}"
        document["arms"][arm] = {**document["arms"]["augmented"], "added_tokens": added}
        for split in ("trained", "reversal"):
            row = next(r for r in document["pooled"] if (r["arm"], r["split"]) == ("augmented", split))
            document["pooled"].insert(number, {**row, "arm": arm})
    document["augmentation_curves"] = [["finetune", "added100", "added300"]]
    return document


def test_arms_that_differ_only_in_how_much_they_add_make_a_curve_from_nothing_on(finished, document) -> None:
    assert document["augmentation_curves"] == []
    assert augmentation_picture(document) is None
    assert not (finished[1] / "augmentation.svg").exists()
    text = augmentation_picture(with_added(document))
    assert text is not None
    svg = ElementTree.fromstring(text)
    curves = points(svg)
    assert len(curves) == 2
    for curve in curves:
        first, second, third = (right for right, _ in curve)
        assert (third - second) == pytest.approx(2 * (second - first), abs=0.2), "as far as there are tokens"
    assert "added300, reversal" in text
    assert "300 tokens of added text" in svg.findtext(f"{SVG}desc")
    assert "icl" not in text
    document["pooled"] = [row for row in document["pooled"] if row["arm"] == "finetune"]
    assert augmentation_picture(document) is None, "an arm without results is on no curve"


def test_everything_lies_inside(document) -> None:
    document["name"] = 'a <b> & "c"'
    for number in range(5):
        for row in document["pooled"][:3]:
            document["pooled"].append({**row, "split": f"split {number}"})
    svg = ElementTree.fromstring(price_picture(document))
    width, height = float(svg.get("width")), float(svg.get("height"))
    for text in svg.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x")) < width
        assert 0 <= float(text.get("y")) < height
    for circle in svg.iter(f"{SVG}circle"):
        assert 0 <= float(circle.get("cx")) <= width
    assert ElementTree.fromstring(price_picture({**document, "pooled": []})).tag == f"{SVG}svg"


@given(st.lists(st.floats(100, 270), min_size=1, max_size=14))
def test_no_name_covers_another(heights: list[float]) -> None:
    placed = _spread(heights, 100.0)
    for above, below in itertools.pairwise(sorted(placed)):
        assert below - above >= 15 - 1e-9
    assert sorted(range(len(heights)), key=lambda n: (heights[n], n)) == sorted(
        range(len(heights)), key=lambda n: (placed[n], n)
    )
    assert min(placed) >= 100 - 1e-9


@given(st.lists(st.floats(1e-6, 1e12), min_size=1, max_size=8))
def test_the_axis_holds_all_values_with_few_ticks(values: list[float]) -> None:
    ticks = _ticks(values)
    assert ticks == sorted(set(ticks))
    assert 2 <= len(ticks) <= 7
    assert ticks[0] <= min(values) * 1.001
    assert ticks[-1] >= max(values) * 0.999
    assert _ticks([0.0]) == _ticks([1.0])


@given(st.lists(st.floats(1e-3, 1e12), min_size=1, max_size=8))
def test_an_axis_from_nothing_on_holds_all_values_with_few_ticks_equally_far_apart(
    values: list[float],
) -> None:
    ticks = _even_ticks(values)
    assert ticks[0] == 0
    assert 3 <= len(ticks) <= 6
    assert ticks[-1] >= max(values) * 0.999
    assert ticks[1] * (len(ticks) - 1) == pytest.approx(ticks[-1])
    assert _even_ticks([0.0]) == _even_ticks([1.0])
