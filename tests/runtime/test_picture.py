import json
import re
from xml.etree import ElementTree

import pytest

from wug.runtime.picture import picture

SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_an_accessible_svg(finished) -> None:
    tiny, folder = finished
    document = json.loads((folder / "results.json").read_bytes())
    text = (folder / "results.svg").read_text(encoding="utf-8")
    assert text == picture(document)
    svg = ElementTree.fromstring(text)
    assert svg.tag == f"{SVG}svg"
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == "title description"
    assert svg.findtext(f"{SVG}title") == "tiny: accuracy by arm and split"
    description = svg.findtext(f"{SVG}desc")
    for arm in tiny.plan.arms:
        assert f"{arm.name}, reversal: " in description
    assert "prefers-color-scheme: dark" in svg.findtext(f"{SVG}style")
    bars = [group for group in svg.iter(f"{SVG}g") if group.find(f"{SVG}title") is not None]
    assert len(bars) == len(document["pooled"]) == 8
    assert all(group.find(f"{SVG}path").get("class") == "whisker" for group in bars)


def test_names_are_escaped_and_everything_lies_inside(finished) -> None:
    document = json.loads((finished[1] / "results.json").read_bytes())
    document["name"] = 'a <b> & "c"'
    for number in range(5):
        for row in document["pooled"][:2]:
            document["pooled"].append({**row, "split": f"split {number}"})
    svg = ElementTree.fromstring(picture(document))
    width, height = float(svg.get("width")), float(svg.get("height"))
    for text in svg.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x")) < width
        assert 0 <= float(text.get("y")) < height
    assert 'a <b> & "c"' in [text.text for text in svg.iter(f"{SVG}text")]


def test_what_was_stated_and_what_not_are_marked_apart(finished) -> None:
    document = json.loads((finished[1] / "results.json").read_bytes())
    assert not list(ElementTree.fromstring(picture(document)).iter(f"{SVG}circle"))
    row = document["pooled"][0]
    row.update(accuracy_exposed=0.9, low_exposed=0.8, high_exposed=1.0)
    row.update(accuracy_unexposed=0.5, low_unexposed=0.25, high_unexposed=0.6)
    svg = ElementTree.fromstring(picture(document))
    circles = list(svg.iter(f"{SVG}circle"))
    assert [circle.get("class") for circle in circles[:2]] == ["mark filled", "mark hollow"]
    assert len(circles) == 4  # and in the legend
    groups = [group for group in svg.iter(f"{SVG}g") if group.find(f"{SVG}circle") is not None][:2]
    for group, told, shares in zip(
        groups,
        ("where it was stated outright: 90 % (80–100)", "where it was not: 50 % (25–60)"),
        ((0.8, 0.9, 1.0), (0.25, 0.5, 0.6)),
        strict=True,
    ):
        assert group.findtext(f"{SVG}title") == f"{row['arm']}, {row['split']}, {told}"
        start, end = re.findall(r"[MH]([0-9.]+)", group.find(f"{SVG}path").get("d"))
        x = float(group.find(f"{SVG}circle").get("cx"))
        low, middle, high = shares
        assert (x - float(start)) / (float(end) - float(start)) == pytest.approx(
            (middle - low) / (high - low)
        )
    assert "90 % (80–100) where it was stated outright; 50 % (25–60) where it was not" in svg.findtext(
        f"{SVG}desc"
    )


def test_nothing_to_show_is_still_a_picture(finished) -> None:
    document = json.loads((finished[1] / "results.json").read_bytes())
    assert ElementTree.fromstring(picture({**document, "pooled": []})).tag == f"{SVG}svg"
