"""Drawing: what the pictures of a run have in common: colours for light and dark, tints of arms, the frame.

Written by hand as SVG text: a picture follows the reader's light or dark setting, needs no font and no
library, reads aloud (title and description), and each mark tells its numbers on hover.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from wug.runtime.wording import most

MARGIN = 24
LINE = 22
TINTS = {"plain": "pretrained", "context": "context", "weights": "weights", "augmented": "augmented"}

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
    fills = "".join(f".{name} {{ fill: {colour[name]} }} " for name in ("paper", "track", *TINTS))
    lines = "".join(f".of-{name} {{ stroke: {colour[name]} }} " for name in TINTS)
    return (
        f"text {{ fill: {colour['ink']} }} text.quiet {{ fill: {colour['quiet']} }} {fills}{lines}"
        f".rule, .lead {{ stroke: {colour['rule']} }} .whisker, .chance, .mark {{ stroke: {colour['ink']} }} "
        f".filled {{ fill: {colour['ink']} }} .hollow {{ fill: {colour['paper']} }}"
    )


_STYLE = f"""
  text {{ font-family: {_FONT}; font-size: 13px }}
  .title {{ font-size: 18px; font-weight: bold }} .split {{ font-weight: bold }}
  .quiet, .value {{ font-size: 12px }} .value {{ font-variant-numeric: tabular-nums }}
  .whisker, .mark {{ stroke-width: 1.5 }} .curve {{ stroke-width: 1.5; fill: none }}
  .chance {{ stroke-width: 1.25; stroke-dasharray: 3 3; opacity: .65 }}
  .kept {{ stroke-width: 1.25; stroke-dasharray: 1 3; stroke-linecap: round }}
  {_colours(_LIGHT)}
  @media (prefers-color-scheme: dark) {{ {_colours(_DARK)} }}
"""


def frame(
    document: dict[str, Any],
    size: tuple[int, int],
    title: str,
    subtitle: str,
    description: str,
    parts: Sequence[str],
) -> str:
    """A whole picture: its size, what it is called and says aloud, a heading, and its parts."""
    width, height = size
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(document["name"])}: {escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="10"/>',
        text(MARGIN, 34, document["name"], "title"),
        text(MARGIN, 55, subtitle, "quiet"),
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def counted(document: dict[str, Any]) -> str:
    """How many questions stand behind each mark."""
    seeds = max((row["seeds"] for row in document["pooled"]), default=0)
    items = most(row["n"] for row in document["pooled"])
    return f"{items} questions each over {seeds} seed{'s' if seeds != 1 else ''}"


def legend(signs: Sequence[tuple[str, int, str]], width: int, y: int) -> tuple[list[str], int]:
    """Signs, each with its width and what it means, in as many lines as it takes: the parts, and how many."""
    parts, x, line = [], float(MARGIN), 0
    for sign, size, word in signs:
        needed = size + 6 + 0.9 * width_of(word)
        if x > MARGIN and x + needed > width - MARGIN:
            x, line = float(MARGIN), line + 1
        place = f'transform="translate({x:g} {y + line * LINE})"'
        parts.append(f"<g {place}>{sign}{text(size + 6, 0, word, 'quiet')}</g>")
        x += needed + 16
    return parts, line + 1


def width_of(words: str) -> float:
    """About how wide a text of 13 pixels is; fonts differ."""
    return 7.2 * len(words)


def tint(price: dict[str, Any]) -> str:
    """The colour of an arm: by what it has that the others lack."""
    if price["augment"]:
        return "augmented"
    if price["context"] != "none":
        return "context"
    return "weights" if price["train_flops"] else "plain"


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{style}{place}>{escape(words)}</text>'
