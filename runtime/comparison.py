"""Two finished runs side by side: of each arm and test that both have, how far apart the accuracies are.

The interval of a difference is Newcombe's of two independent shares, made of their score intervals
(Statistics in Medicine 17, 1998, method 10). Items that both runs asked are not paired, so it is rather too
wide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """Of an arm and a test: both accuracies with their intervals, and what was added, with its own."""

    arm: str
    split: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    difference: tuple[float, float, float]

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out that nothing changed."""
        return not self.difference[1] <= 0 <= self.difference[2]


def compare_results(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Compare two results documents."""
    was, now = (
        {(row["arm"], row["split"]): row for row in document["pooled"] if row["accuracy"] is not None}
        for document in (before, after)
    )
    return [_difference(place, was[place], now[place]) for place in was if place in now]


def _difference(place: tuple[str, str], was: Mapping[str, Any], now: Mapping[str, Any]) -> Difference:
    (p, p_low, p_high), (q, q_low, q_high) = (
        (float(row["accuracy"]), float(row["low"]), float(row["high"])) for row in (was, now)
    )
    low = q - p - math.hypot(q - q_low, p_high - p)
    high = q - p + math.hypot(q_high - q, p - p_low)
    told = tuple(round(each, 6) for each in (q - p, low, high))
    return Difference(*place, (p, p_low, p_high), (q, q_low, q_high), (told[0], told[1], told[2]))
