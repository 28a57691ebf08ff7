"""Results side by side: Newcombe's interval, against the example of his paper."""

from __future__ import annotations

from typing import Any

import pytest

from wug.runtime.comparison import compare_results
from wug.runtime.expect import wilson


def document(**cells: tuple[int, int]) -> dict[str, Any]:
    """The pooled rows of an arm's tests, of so many right answers and questions."""
    rows = []
    for split, (right, n) in cells.items():
        low, high = wilson(right, n)
        rows.append(
            {"arm": "arm", "split": split, "accuracy": right / n if n else None, "low": low, "high": high}
        )
    return {"pooled": rows}


def test_the_interval_is_newcombes() -> None:
    """Newcombe 1998, table II: 56/70 less 48/80, method 10: 0.0524 to 0.3339."""
    (found,) = compare_results(document(test=(48, 80)), document(test=(56, 70)))
    assert found.difference == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert found.clear
    (back,) = compare_results(document(test=(56, 70)), document(test=(48, 80)))
    assert back.difference == pytest.approx((-0.2, -0.3339, -0.0524), abs=1e-4)


def test_only_what_both_have_and_measured() -> None:
    before, after = document(a=(1, 2), b=(0, 0), c=(3, 3)), document(c=(3, 3), b=(1, 1), d=(1, 1))
    (found,) = compare_results(before, after)
    assert (found.arm, found.split, found.difference[0], found.clear) == ("arm", "c", 0, False)
