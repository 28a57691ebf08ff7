"""When a training is given up, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from wug.runtime.divergence import came_apart, reason

VOCABULARY = 300  # ln V = 5.7
BEGUN = np.array([8.0])


@pytest.mark.parametrize(
    ("loss_C", "apart"),
    [
        ([8.0, 7.0, 5.0, 3.0], False),
        ([15.0, 15.5, 15.9, 15.0], False),  # worse than it was, but not twice as bad
        ([8.0, 5.0, 900.0, 5.0], False),  # a spike
        ([8.0, 17.0, 40.0, 60.0], True),
        ([8.0, 5.0, float("nan"), 5.0], True),
        ([8.0, 5.0, float("inf"), 5.0], True),
    ],
)
def test_what_counts_as_apart(loss_C: list[float], apart: bool) -> None:
    assert came_apart(np.array([loss_C]), BEGUN, VOCABULARY).tolist() == [apart]


def test_a_model_that_knew_its_texts_may_forget_them_for_a_while() -> None:
    """Three times a low loss is still far better than to know nothing."""
    loss_SC = np.full((1, 10), 3.0)
    assert not came_apart(loss_SC, np.array([0.1]), VOCABULARY).any()


def test_seeds_are_judged_one_by_one_and_the_worst_is_told() -> None:
    loss_SC = np.array([[8.0, 7.0, 6.0], [30.0, 40.0, 50.0], [20.0, 22.0, 24.0]])
    first_S = np.array([8.0, 9.0, 8.0])
    apart_S = came_apart(loss_SC, first_S, VOCABULARY)
    assert apart_S.tolist() == [False, True, True]
    assert reason(loss_SC, first_S, apart_S) == "the loss rose from 9.0 to 40.0"
    loss_SC[0, 1] = np.nan
    assert reason(loss_SC, first_S, came_apart(loss_SC, first_S, VOCABULARY)) == "the loss is no number"
