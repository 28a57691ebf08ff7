"""The picture: results.svg, one panel a split, one bar an arm, with intervals and chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from wug.runtime.drawing import LINE, MARGIN, TINTS, counted, frame, legend, text, tint, width_of
from wug.runtime.wording import interval, percent

_PANELS_A_ROW = 3
_PANEL, _GAP, _VALUE = 210, 28, 46  # pixels: a panel's axis, the space between two, a value's label
_TOP, _HEAD, _ROW, _BAR = 74, 30, 34, 16
_PARTS = {"exposed": "where it was stated outright", "unexposed": "where it was not"}


def picture(document: dict[str, Any]) -> str:
    """The SVG text of a results document."""
    arms = list(document["arms"])
    splits = list(dict.fromkeys(row["split"] for row in document["pooled"]))
    by_place = {(row["arm"], row["split"]): row for row in document["pooled"]}
    columns = max(1, min(_PANELS_A_ROW, len(splits)))
    lines = max(1, -(-len(splits) // columns))
    panel_height = _HEAD + _ROW * len(arms) + 26
    names = width_of(max(arms, key=len)) + 16
    width = round(2 * MARGIN + names + columns * (_PANEL + _VALUE) + (columns - 1) * _GAP)
    parts: list[str] = []
    for number, split in enumerate(splits):
        left = round(MARGIN + names) + (number % columns) * (_PANEL + _VALUE + _GAP)
        top = _TOP + (number // columns) * panel_height
        if number % columns == 0:
            parts.extend(
                text(MARGIN + names - 12, top + _HEAD + _ROW * row + 21, arm, "", "end")
                for row, arm in enumerate(arms)
            )
        rows = [by_place.get((arm, split)) for arm in arms]
        parts.extend(_panel(document, split, arms, rows, left, top))
    signs, lines_of_signs = legend(_signs(document), width, _TOP + lines * panel_height + 22)
    return frame(
        document,
        (width, _TOP + lines * panel_height + 16 + lines_of_signs * LINE),
        "accuracy by arm and split",
        f"Share of right answers, {counted(document)}",
        _described(document, arms, splits, by_place),
        [*parts, *signs],
    )


def _panel(
    document: dict[str, Any],
    split: str,
    arms: Sequence[str],
    rows: Sequence[dict[str, Any] | None],
    left: int,
    top: int,
) -> list[str]:
    bottom = top + _HEAD + _ROW * len(arms)
    parts = [text(left, top + 16, split, "split")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + share * _PANEL
        parts.append(f'<line class="rule" x1="{x:g}" y1="{top + _HEAD - 4}" x2="{x:g}" y2="{bottom}"/>')
        if share in (0.0, 0.5, 1.0):
            parts.append(text(x, bottom + 16, percent(share), "quiet", "middle"))
    for number, (arm, row) in enumerate(zip(arms, rows, strict=True)):
        y = top + _HEAD + _ROW * number + (_ROW - _BAR) / 2
        if row is None:
            parts.append(text(left + 6, y + 13, "no result", "quiet"))
        else:
            parts.extend(_bar(row, tint(document["arms"][arm]), left, y))
    chance = next((row["chance"] for row in rows if row is not None), None)
    if chance is not None:
        x = left + chance * _PANEL
        parts.append(f'<line class="chance" x1="{x:g}" y1="{top + _HEAD - 4}" x2="{x:g}" y2="{bottom}"/>')
    for number, row in enumerate(rows):
        if row is not None and _mixed(row):
            parts.extend(_marks(row, left, top + _HEAD + _ROW * (number + 0.5)))
    return parts


def _bar(row: dict[str, Any], colour: str, left: int, y: float) -> list[str]:
    middle = y + _BAR / 2
    low, high = left + row["low"] * _PANEL, left + row["high"] * _PANEL
    parts = [
        f"<g><title>{escape(_told(row))}</title>",
        f'<rect class="track" x="{left}" y="{y:g}" width="{_PANEL}" height="{_BAR}" rx="3"/>',
        f'<rect class="{colour}" x="{left}" y="{y:g}" width="{row["accuracy"] * _PANEL:g}" '
        f'height="{_BAR}" rx="3"/>',
        f'<path class="whisker" fill="none" d="M{low:.1f} {middle:g}H{high:.1f}'
        f'M{low:.1f} {middle - 4:g}v8M{high:.1f} {middle - 4:g}v8"/>',
    ]
    parts.append(text(left + _PANEL + 10, y + 13, percent(row["accuracy"]), "value"))
    parts.append("</g>")
    return parts


def _marks(row: dict[str, Any], left: int, middle: float) -> list[str]:
    """Where only a part was stated: how each part did, one above the other, each on its interval."""
    parts = []
    for part, kind, y in (("exposed", "filled", middle - 5.5), ("unexposed", "hollow", middle + 5.5)):
        low, x, high = (left + row[f"{name}_{part}"] * _PANEL for name in ("low", "accuracy", "high"))
        told = f"{row['arm']}, {row['split']}, {_PARTS[part]}: {_share(row, part)}"
        parts += [
            f"<g><title>{escape(told)}</title>",
            f'<path class="mark" fill="none" stroke-linecap="round" d="M{low:.1f} {y:g}H{high:.1f}"/>',
            f'<circle class="mark {kind}" cx="{x:.1f}" cy="{y:g}" r="3.5"/>',
            "</g>",
        ]
    return parts


def _signs(document: dict[str, Any]) -> list[tuple[str, int, str]]:
    """What the signs mean, each with its width."""
    signs = [
        (f'<rect class="{kind}" x="0" y="-10" width="11" height="11" rx="2"/>', 11, TINTS[kind])
        for kind in dict.fromkeys(tint(price) for price in document["arms"].values())
    ]
    signs.append(('<line class="chance" x1="0" y1="-4" x2="18" y2="-4"/>', 18, "chance"))
    if any(_mixed(row) for row in document["pooled"]):
        for kind, word in (("filled", "stated outright"), ("hollow", "not stated")):
            sign = f'<path class="mark" d="M0 -4H20"/><circle class="mark {kind}" cx="10" cy="-4" r="3.5"/>'
            signs.append((sign, 20, word))
    return signs


def _mixed(row: dict[str, Any]) -> bool:
    return row["accuracy_exposed"] is not None and row["accuracy_unexposed"] is not None


def _told(row: dict[str, Any]) -> str:
    told = f"{row['arm']}, {row['split']}: {percent(row['accuracy'])} ({interval(row)}) of {row['n']:,}"
    if _mixed(row):
        told += "".join(f"; {_share(row, part)} {_PARTS[part]}" for part in _PARTS)
    return told


def _share(row: dict[str, Any], part: str) -> str:
    """How one part of a row did, with its interval."""
    between = interval({"low": row[f"low_{part}"], "high": row[f"high_{part}"]})
    return f"{percent(row[f'accuracy_{part}'])} ({between})"


def _described(
    document: dict[str, Any],
    arms: Sequence[str],
    splits: Sequence[str],
    by_place: dict[tuple[str, str], dict[str, Any]],
) -> str:
    told = [_told(by_place[arm, split]) for split in splits for arm in arms if (arm, split) in by_place]
    chance = [f"{row['split']} {percent(row['chance'])}" for row in document["pooled"][: len(splits)]]
    return f"Bars with 95 % intervals. {'. '.join(told)}. Chance: {', '.join(chance)}."
