"""The picture: results.svg, one panel a split, one bar an arm, with intervals, chance, and what was stated.

Written by hand as SVG text: it follows the reader's light or dark setting, needs no font and no library,
reads aloud (title and description), and each bar tells its numbers on hover.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from wug.runtime.wording import interval, most, percent

_PANELS_A_ROW = 3
_PANEL, _GAP, _VALUE = 210, 28, 46  # pixels: a panel's axis, the space between two, a value's label
_TOP, _HEAD, _ROW, _BAR, _LINE = 74, 30, 34, 16, 22
_MARGIN = 24

# Colours are written out for light and again for dark: many viewers know no CSS variables.
_LIGHT = {
    "paper": "#ffffff",
    "ink": "#1c1e21",
    "quiet": "#6a7078",
    "rule": "#e2e6ea",
    "track": "#f3f5f7",
    "plain": "#a3abb4",
    "context": "#2f6fde",
    "weights": "#e07a1f",
    "augmented": "#16966b",
}
_DARK = {
    "paper": "#14171a",
    "ink": "#eceff2",
    "quiet": "#98a1ab",
    "rule": "#2b3036",
    "track": "#1d2125",
    "plain": "#6b7580",
    "context": "#6ea0ff",
    "weights": "#f79b4b",
    "augmented": "#3cc493",
}
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def _colours(colour: dict[str, str]) -> str:
    fills = "".join(
        f".{name} {{ fill: {colour[name]} }} "
        for name in ("paper", "track", "plain", "context", "weights", "augmented")
    )
    return (
        f"text {{ fill: {colour['ink']} }} text.quiet {{ fill: {colour['quiet']} }} {fills}"
        f".rule {{ stroke: {colour['rule']} }} .whisker, .chance, .mark {{ stroke: {colour['ink']} }} "
        f".filled {{ fill: {colour['ink']} }} .hollow {{ fill: {colour['paper']} }}"
    )


_STYLE = f"""
  text {{ font-family: {_FONT}; font-size: 13px }}
  .title {{ font-size: 18px; font-weight: bold }} .split {{ font-weight: bold }}
  .quiet, .value {{ font-size: 12px }} .value {{ font-variant-numeric: tabular-nums }}
  .whisker, .mark {{ stroke-width: 1.5 }}
  .chance {{ stroke-width: 1.25; stroke-dasharray: 3 3; opacity: .65 }}
  {_colours(_LIGHT)}
  @media (prefers-color-scheme: dark) {{ {_colours(_DARK)} }}
"""


def picture(document: dict[str, Any]) -> str:
    """The SVG text of a results document."""
    arms = list(document["arms"])
    splits = list(dict.fromkeys(row["split"] for row in document["pooled"]))
    by_place = {(row["arm"], row["split"]): row for row in document["pooled"]}
    columns = max(1, min(_PANELS_A_ROW, len(splits)))
    lines = max(1, -(-len(splits) // columns))
    panel_height = _HEAD + _ROW * len(arms) + 26
    names = _width(max(arms, key=len)) + 16
    width = round(2 * _MARGIN + names + columns * (_PANEL + _VALUE) + (columns - 1) * _GAP)
    legend, legend_lines = _legend(document, width, _TOP + lines * panel_height + 22)
    height = _TOP + lines * panel_height + 16 + legend_lines * _LINE
    seeds = max((row["seeds"] for row in document["pooled"]), default=0)
    items = most(row["n"] for row in document["pooled"])
    subtitle = f"Share of right answers, {items} questions a bar over {seeds} seed{'s' if seeds != 1 else ''}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(document["name"])}: accuracy by arm and split</title>',
        f'<desc id="description">{escape(_described(document, arms, splits, by_place))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="10"/>',
        _text(_MARGIN, 34, document["name"], "title"),
        _text(_MARGIN, 55, subtitle, "quiet"),
    ]
    for number, split in enumerate(splits):
        left = round(_MARGIN + names) + (number % columns) * (_PANEL + _VALUE + _GAP)
        top = _TOP + (number // columns) * panel_height
        if number % columns == 0:
            parts.extend(
                _text(_MARGIN + names - 12, top + _HEAD + _ROW * row + 21, arm, "", "end")
                for row, arm in enumerate(arms)
            )
        rows = [by_place.get((arm, split)) for arm in arms]
        parts.extend(_panel(document, split, arms, rows, left, top))
    parts.extend(legend)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _panel(
    document: dict[str, Any],
    split: str,
    arms: Sequence[str],
    rows: Sequence[dict[str, Any] | None],
    left: int,
    top: int,
) -> list[str]:
    bottom = top + _HEAD + _ROW * len(arms)
    parts = [_text(left, top + 16, split, "split")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + share * _PANEL
        parts.append(f'<line class="rule" x1="{x:g}" y1="{top + _HEAD - 4}" x2="{x:g}" y2="{bottom}"/>')
        if share in (0.0, 0.5, 1.0):
            parts.append(_text(x, bottom + 16, percent(share), "quiet", "middle"))
    for number, (arm, row) in enumerate(zip(arms, rows, strict=True)):
        y = top + _HEAD + _ROW * number + (_ROW - _BAR) / 2
        if row is None:
            parts.append(_text(left + 6, y + 13, "no result", "quiet"))
        else:
            parts.extend(_bar(row, _tint(document["arms"][arm]), left, y))
    chance = next((row["chance"] for row in rows if row is not None), None)
    if chance is not None:
        x = left + chance * _PANEL
        parts.append(f'<line class="chance" x1="{x:g}" y1="{top + _HEAD - 4}" x2="{x:g}" y2="{bottom}"/>')
    for number, row in enumerate(rows):
        if row is not None and _mixed(row):
            parts.extend(_marks(row, left, top + _HEAD + _ROW * (number + 0.5)))
    return parts


def _bar(row: dict[str, Any], tint: str, left: int, y: float) -> list[str]:
    middle = y + _BAR / 2
    low, high = left + row["low"] * _PANEL, left + row["high"] * _PANEL
    parts = [
        f"<g><title>{escape(_told(row))}</title>",
        f'<rect class="track" x="{left}" y="{y:g}" width="{_PANEL}" height="{_BAR}" rx="3"/>',
        f'<rect class="{tint}" x="{left}" y="{y:g}" width="{row["accuracy"] * _PANEL:g}" '
        f'height="{_BAR}" rx="3"/>',
        f'<path class="whisker" fill="none" d="M{low:.1f} {middle:g}H{high:.1f}'
        f'M{low:.1f} {middle - 4:g}v8M{high:.1f} {middle - 4:g}v8"/>',
    ]
    parts.append(_text(left + _PANEL + 10, y + 13, percent(row["accuracy"]), "value"))
    parts.append("</g>")
    return parts


def _marks(row: dict[str, Any], left: int, middle: float) -> list[str]:
    """Where only a part was stated: how each part did."""
    return [
        f'<circle class="mark {kind}" cx="{left + share * _PANEL:.1f}" cy="{middle:g}" r="4.5"/>'
        for share, kind in ((row["accuracy_exposed"], "filled"), (row["accuracy_unexposed"], "hollow"))
    ]


def _legend(document: dict[str, Any], width: int, y: int) -> tuple[list[str], int]:
    """What the signs mean, in as many lines as it takes."""
    words = {"plain": "pretrained", "context": "context", "weights": "weights", "augmented": "augmented"}
    signs = [
        (f'<rect class="{kind}" x="0" y="-10" width="11" height="11" rx="2"/>', 11, words[kind])
        for kind in dict.fromkeys(_tint(price) for price in document["arms"].values())
    ]
    signs.append(('<line class="chance" x1="0" y1="-4" x2="18" y2="-4"/>', 18, "chance"))
    if any(_mixed(row) for row in document["pooled"]):
        for kind, word in (("filled", "stated outright"), ("hollow", "not stated")):
            signs.append((f'<circle class="mark {kind}" cx="5" cy="-4" r="4.5"/>', 10, word))
    parts, x, line = [], float(_MARGIN), 0
    for sign, size, word in signs:
        needed = size + 6 + 0.9 * _width(word)
        if x > _MARGIN and x + needed > width - _MARGIN:
            x, line = float(_MARGIN), line + 1
        place = f'transform="translate({x:g} {y + line * _LINE})"'
        parts.append(f"<g {place}>{sign}{_text(size + 6, 0, word, 'quiet')}</g>")
        x += needed + 16
    return parts, line + 1


def _width(text: str) -> float:
    """About how wide a text of 13 pixels is; fonts differ."""
    return 7.2 * len(text)


def _tint(price: dict[str, Any]) -> str:
    if price["augment"]:
        return "augmented"
    if price["context"] != "none":
        return "context"
    return "weights" if price["train_flops"] else "plain"


def _mixed(row: dict[str, Any]) -> bool:
    return row["accuracy_exposed"] is not None and row["accuracy_unexposed"] is not None


def _told(row: dict[str, Any]) -> str:
    told = f"{row['arm']}, {row['split']}: {percent(row['accuracy'])} ({interval(row)}) of {row['n']:,}"
    if _mixed(row):
        told += (
            f"; {percent(row['accuracy_exposed'])} where stated, "
            f"{percent(row['accuracy_unexposed'])} where not"
        )
    return told


def _described(
    document: dict[str, Any],
    arms: Sequence[str],
    splits: Sequence[str],
    by_place: dict[tuple[str, str], dict[str, Any]],
) -> str:
    told = [_told(by_place[arm, split]) for split in splits for arm in arms if (arm, split) in by_place]
    chance = [f"{row['split']} {percent(row['chance'])}" for row in document["pooled"][: len(splits)]]
    return f"Bars with 95 % intervals. {'. '.join(told)}. Chance: {', '.join(chance)}."


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{style}{place}>{escape(text)}</text>'
