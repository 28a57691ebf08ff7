"""Where the costs of arms meet, against trying every number of questions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wug.runtime.price import Line, breakeven, cheapest

LINES = st.builds(Line, st.integers(0, 60).map(float), st.integers(0, 12).map(float))


@given(LINES, LINES)
def test_the_break_even_is_the_first_of_all_that_are_no_dearer(mine: Line, other: Line) -> None:
    found = breakeven(mine, other)
    if mine.each >= other.each:
        assert found is None
        return
    wanted = next(n for n in range(100) if mine.of(n) <= other.of(n))
    assert found == wanted
    assert all(mine.of(n) <= other.of(n) for n in range(wanted, 120))


@given(st.lists(LINES, min_size=1, max_size=6))
def test_no_arm_is_cheaper_than_the_one_that_is_named(lines: list[Line]) -> None:
    named = {f"arm {n}": each for n, each in enumerate(lines)}
    found = cheapest(named)
    starts = [first for _, first in found]
    assert starts[0] == 1
    assert starts == sorted(set(starts))
    for questions in range(1, 200):
        arm = [arm for arm, first in found if first <= questions][-1]
        assert named[arm].of(questions) == min(each.of(questions) for each in lines)
