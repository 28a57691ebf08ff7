"""Plots: price.svg, accuracy against what a question costs, context.svg, against how much is shown, and
augmentation.svg, against how much is added to the training documents.

One panel a split, one mark an arm with its interval. Arms that differ in one amount only are joined to a
curve: how many documents they are shown, on a logarithmic axis, or how much augmentation they add, on one
that begins at nothing. Names stand at the right, as many marks lie one on another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from wug.runtime.drawing import LINE, MARGIN, TINTS, counted, frame, legend, text, tint, width_of
from wug.runtime.wording import flops, interval, money, percent

_PANELS_A_ROW = 3
_WIDE, _HIGH, _LABELS, _GAP, _SCALE = 220, 170, 26, 34, 40  # pixels; _LABELS from the axis to the names
_TOP, _HEAD, _FOOT, _APART = 74, 30, 44, 15

Row = dict[str, Any]


@dataclass(frozen=True)
class _Axis:
    """What runs to the right: its name, the value of a row, and how that is written."""

    name: str
    title: str
    subtitle: str
    value: Callable[[Row], float]
    written: Callable[[float], str]
    curves: Callable[[dict[str, Any], Sequence[Row]], list[list[Row]]]
    reused: Callable[[Row], float] | None = None  # the value where a shared context is kept
    even: bool = False  # from nothing on, else logarithmic

    def kept(self, row: Row) -> float:
        """The value where a shared context is kept, if that makes a difference at all."""
        return self.value(row) if self.reused is None else self.reused(row)

    def ticks(self, values: Sequence[float]) -> list[float]:
        return _even_ticks(values) if self.even else _ticks(values)

    def share(self, value: float, ticks: Sequence[float]) -> float:
        """How far to the right a value stands."""
        if self.even:
            return value / ticks[-1]
        return math.log10(max(value, ticks[0]) / ticks[0]) / math.log10(ticks[-1] / ticks[0])


def price_picture(document: dict[str, Any]) -> str:
    """The SVG text of accuracy against the price of a question."""
    arms = document["arms"]
    currency = next((price["money"]["currency"] for price in arms.values() if price["money"]), None)

    def told(row: Row, name: str) -> float:
        price = arms[row["arm"]]
        if currency is not None:
            return float(1000 * price["money"][name])
        return float(price["question_flops" if name == "question" else "question_flops_reused"])

    axis = _Axis(
        f"{currency} for 1,000 questions" if currency else "operations a question",
        "accuracy and price",
        "Share of right answers against the price of asking, training not counted",
        lambda row: told(row, "question"),
        money if currency else flops,
        _shown,
        lambda row: told(row, "question_reused" if arms[row["arm"]]["prefix_flops"] else "question"),
    )
    return _plot(document, document["pooled"], axis)


def context_picture(document: dict[str, Any]) -> str | None:
    """The SVG text of accuracy against the documents in context; None unless some arms make a curve."""
    rows = [row for row in document["pooled"] if row["context_docs"]]
    axis = _Axis(
        "documents in context",
        "accuracy and context",
        "Share of right answers against how many documents are shown",
        lambda row: float(row["context_docs"]),
        lambda value: f"{value:,.10g}",
        _shown,
    )
    return _joined(document, rows, axis)


def augmentation_picture(document: dict[str, Any]) -> str | None:
    """The SVG text of accuracy against the tokens that augmentation added; None unless some arms make a
    curve."""
    arms = document["arms"]
    told = {arm for curve in document["augmentation_curves"] for arm in curve}
    rows = [row for row in document["pooled"] if row["arm"] in told]
    axis = _Axis(
        "tokens of added text",
        "accuracy and augmentation",
        "Share of right answers against the text added to the training documents",
        lambda row: float(arms[row["arm"]]["added_tokens"]),
        flops,
        _augmented,
        even=True,
    )
    return _joined(document, rows, axis)


def _joined(document: dict[str, Any], rows: Sequence[Row], axis: _Axis) -> str | None:
    """The plot, where it has a curve to show."""
    curves = axis.curves(document, rows)
    return _plot(document, rows, axis) if any(len(curve) > 1 for curve in curves) else None


def _plot(document: dict[str, Any], rows: Sequence[Row], axis: _Axis) -> str:
    splits = list(dict.fromkeys(row["split"] for row in rows))
    columns = max(1, min(_PANELS_A_ROW, len(splits)))
    lines = max(1, -(-len(splits) // columns))
    names = max((width_of(row["arm"]) for row in rows), default=0.0)
    panel = round(_SCALE + _WIDE + _LABELS + names)
    height = _HEAD + max(_HIGH, _APART * len(document["arms"])) + _FOOT
    width = max(
        2 * MARGIN + columns * panel + (columns - 1) * _GAP, round(2 * MARGIN + 6.6 * len(axis.subtitle))
    )
    ticks = axis.ticks([value for row in rows for value in (axis.value(row), axis.kept(row))])
    parts: list[str] = []
    for number, split in enumerate(splits):
        left = MARGIN + _SCALE + (number % columns) * (panel + _GAP)
        top = _TOP + (number // columns) * height
        own = [row for row in rows if row["split"] == split]
        parts.extend(_panel(document, own, axis, ticks, left, top))
    signs = [
        (f'<circle class="{kind}" cx="5" cy="-4" r="5"/>', 11, TINTS[kind])
        for kind in dict.fromkeys(tint(document["arms"][row["arm"]]) for row in rows)
    ]
    signs.append(('<line class="chance" x1="0" y1="-4" x2="18" y2="-4"/>', 18, "chance"))
    if any(_saves(axis, row) for row in rows):
        kept = (
            '<path class="kept of-context" d="M0 -4H18"/><circle class="hollow mark" cx="3" cy="-4" r="3"/>'
        )
        signs.append((kept, 18, "the shared context read once"))
    below, more = legend(signs, width, _TOP + lines * height + 16)
    told = ". ".join(_told(axis, row) for row in rows)
    size = (width, _TOP + lines * height + 10 + more * LINE)
    return frame(
        document,
        size,
        axis.title,
        f"{axis.subtitle}, {counted(document)}",
        f"Marks with 95 % intervals. {told}.",
        [*parts, *below],
    )


def _panel(
    document: dict[str, Any], rows: Sequence[Row], axis: _Axis, ticks: Sequence[float], left: int, top: int
) -> list[str]:
    upper, lower = top + _HEAD, top + _HEAD + _HIGH

    def across(value: float) -> float:
        return left + _WIDE * axis.share(value, ticks)

    def up(share: float) -> float:
        return lower - share * _HIGH

    parts = [text(left, top + 16, rows[0]["split"], "split")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = up(share)
        parts.append(f'<line class="rule" x1="{left}" y1="{y:g}" x2="{left + _WIDE}" y2="{y:g}"/>')
        if share in (0.0, 0.5, 1.0):
            parts.append(text(left - 8, y + 4, percent(share), "quiet", "end"))
    for value in ticks:
        x = across(value)
        parts.append(f'<line class="rule" x1="{x:.1f}" y1="{upper}" x2="{x:.1f}" y2="{lower + 4}"/>')
        parts.append(text(x, lower + 18, axis.written(value), "quiet", "middle"))
    parts.append(text(left + _WIDE / 2, lower + 36, axis.name, "quiet", "middle"))
    y = up(rows[0]["chance"])
    parts.append(f'<line class="chance" x1="{left}" y1="{y:g}" x2="{left + _WIDE}" y2="{y:g}"/>')
    for curve in axis.curves(document, rows):
        if len(curve) > 1:
            points = " ".join(f"{across(axis.value(row)):.1f},{up(row['accuracy']):.1f}" for row in curve)
            kind = tint(document["arms"][curve[0]["arm"]])
            parts.append(f'<polyline class="curve of-{kind}" points="{points}"/>')
    heights = _spread([up(row["accuracy"]) for row in rows], upper)
    for row, label in zip(rows, heights, strict=True):
        x, y, kind = across(axis.value(row)), up(row["accuracy"]), tint(document["arms"][row["arm"]])
        named = left + _WIDE + _LABELS
        parts.append(f"<g><title>{escape(_told(axis, row))}</title>")
        parts.append(f'<path class="lead" fill="none" d="M{x:.1f} {y:.1f}L{named - 4} {label:.1f}"/>')
        if _saves(axis, row):
            saved = across(axis.kept(row))
            parts.append(f'<path class="kept of-{kind}" d="M{saved:.1f} {y:.1f}H{x:.1f}"/>')
            parts.append(f'<circle class="hollow of-{kind}" cx="{saved:.1f}" cy="{y:.1f}" r="3"/>')
        low, high = up(row["low"]), up(row["high"])
        parts.append(
            f'<path class="whisker" fill="none" d="M{x:.1f} {low:.1f}V{high:.1f}'
            f'M{x - 4:.1f} {low:.1f}h8M{x - 4:.1f} {high:.1f}h8"/>'
        )
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(f"{text(named, label + 4, row['arm'], '')}</g>")
    return parts


def _shown(document: dict[str, Any], rows: Sequence[Row]) -> list[list[Row]]:
    """Of each split the arms that differ only in how many documents are chosen for them, fewest first."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        price = document["arms"][row["arm"]]
        if price["context"] in ("oracle", "bm25"):
            alike = (row["split"], *(price[name] for name in ("model", "context", "augment", "train_steps")))
            found.setdefault(alike, []).append(row)
    return [sorted(curve, key=lambda row: (row["context_docs"], row["arm"])) for curve in found.values()]


def _augmented(document: dict[str, Any], rows: Sequence[Row]) -> list[list[Row]]:
    """Of each split the arms that differ only in how much augmentation they add, the least first."""
    found = []
    for split in dict.fromkeys(row["split"] for row in rows):
        by_arm = {row["arm"]: row for row in rows if row["split"] == split}
        found += [
            [by_arm[arm] for arm in curve if arm in by_arm] for curve in document["augmentation_curves"]
        ]
    return found


def _saves(axis: _Axis, row: Row) -> bool:
    """Whether a kept context makes so much of a difference that it can be seen."""
    return axis.kept(row) < 0.8 * axis.value(row)


def _ticks(values: Sequence[float]) -> list[float]:
    """Powers of ten around all values that are more than nothing, at most six of them; of a range within a
    power of ten its doublings."""
    some = [value for value in values if value > 0] or [1.0]
    low, high = min(some), max(some)
    if high / low < 10:
        base = 10.0 ** math.floor(math.log10(low))
        fine = [base * step for step in (1, 2, 5, 10, 20, 50, 100)]
        first = max(place for place, value in enumerate(fine) if value <= low * 1.0001)
        last = min(place for place, value in enumerate(fine) if value >= high * 0.9999)
        return fine[first : max(last, first + 1) + 1]
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = -(-(last - first) // 5)
    return [10.0**power for power in range(first, last + step, step)]


def _even_ticks(values: Sequence[float]) -> list[float]:
    """From nothing to the first that reaches all values, at most six of them and equally far apart."""
    most = max(values, default=0.0) or 1.0
    base = 10.0 ** math.floor(math.log10(most / 5))
    step = next(base * size for size in (1, 2, 5, 10) if 5 * base * size >= most * 0.9999)
    return [step * place for place in range(max(2, math.ceil(most / step * 0.9999) + 1))]


def _spread(heights: Sequence[float], upper: float) -> list[float]:
    """Where names stand so that none covers another: each at its mark, or just below the one above it."""
    order = sorted(range(len(heights)), key=lambda place: (heights[place], place))
    placed, least = [0.0] * len(heights), upper
    for place in order:
        placed[place] = max(heights[place], least)
        least = placed[place] + _APART
    # what was pushed below the axis moves up again, and takes what is in its way along
    most = max(upper + _HIGH, upper + _APART * (len(heights) - 1))
    for place in reversed(order):
        placed[place] = min(placed[place], most)
        most = placed[place] - _APART
    return placed


def _told(axis: _Axis, row: Row) -> str:
    told = f"{row['arm']}, {row['split']}: {percent(row['accuracy'])} ({interval(row)}) of {row['n']:,}"
    told += f", {axis.written(axis.value(row))} {axis.name}"
    if _saves(axis, row):
        told += f" ({axis.written(axis.kept(row))} where the shared context is read once)"
    return told
