import math
from statistics import NormalDist

import numpy as np
import pytest

from wug.compiler.plan import Expectation, Term
from wug.runtime.expect import Outcome, confidence_of, judge, wilson

A, B = Term("a", "s", 0.0), Term("b", "s", 0.0)


def outcome(credit: list[float], cluster: str = "x") -> Outcome:
    names = [f"{cluster}{place}" for place in range(len(credit))]
    return Outcome(np.array(credit, float), np.array(names), np.ones(len(credit), bool))


def number(value: float) -> Term:
    return Term("", "", value)


def test_wilson_against_published_values() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for successes, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


GOOD = [outcome([1.0] * 10) for _ in range(4)]
BAD = [outcome([0.0] * 10) for _ in range(4)]
HALF = [outcome([1.0, 0.0] * 5) for _ in range(4)]


@pytest.mark.parametrize(
    ("left", "op", "right", "verdict"),
    [
        (GOOD, ">", BAD, "supported"),
        (BAD, ">", GOOD, "refuted"),
        (GOOD, "<", BAD, "refuted"),
        (BAD, "<", GOOD, "supported"),
        (HALF, ">", HALF, "undecided"),  # paired: the difference is exactly 0
        (HALF, ">=", HALF, "supported"),
        (HALF, "<=", HALF, "supported"),
        (HALF, "<", HALF, "undecided"),
        (HALF, "within", HALF, "supported"),
        (GOOD, "within", HALF, "refuted"),
    ],
)
def test_verdicts(left: list[Outcome], op: str, right: list[Outcome], verdict: str) -> None:
    outcomes = {("a", "s"): left, ("b", "s"): right}
    assert judge(Expectation("", A, op, B, margin=0.1), outcomes, {}).verdict == verdict


def test_offsets_and_numbers() -> None:
    outcomes = {("a", "s"): GOOD, ("b", "s"): HALF}
    more = Expectation("", A, ">", Term("b", "s", 0.4))
    assert judge(more, {("a", "s"): GOOD, ("b", "s"): BAD}, {}).verdict == "supported"
    too_much = Expectation("", A, ">", Term("b", "s", 1.2))
    assert judge(too_much, outcomes, {}).verdict == "refuted"
    high = judge(Expectation("", A, ">=", number(0.9)), outcomes, {})
    assert (high.verdict, high.effect, high.low) == ("supported", 1.0, 1.0)
    assert judge(Expectation("", number(0.3), "<", number(0.4)), outcomes, {}).verdict == "supported"


def test_what_was_measured_and_what_it_was_compared_with() -> None:
    """The plain difference of the accuracies, or the accuracy itself: no offset is taken off."""
    outcomes = {("a", "s"): GOOD, ("b", "s"): HALF}
    more = judge(Expectation("", Term("a", "s", 0.1), ">", Term("b", "s", 0.4)), outcomes, {})
    assert (more.measured, more.effect, more.asked, more.bound) == ("difference", 0.5, ">", 0.3)
    assert more.low <= 0.5 <= more.high
    below = judge(Expectation("", number(0.9), "<=", A), outcomes, {})
    assert (below.verdict, below.measured, below.effect) == ("supported", "accuracy", 1.0)
    assert (below.asked, below.bound) == (">=", 0.9)
    near = judge(Expectation("", A, "within", Term("b", "s", 0.45), 0.4), outcomes, {})
    assert (near.verdict, near.effect, near.asked, near.bound) == ("supported", 0.5, "within 0.4 of", 0.45)


def test_an_interval_that_straddles_is_undecided_and_holds_the_estimate() -> None:
    outcomes = {("a", "s"): HALF}
    verdict = judge(Expectation("", A, ">", number(0.45)), outcomes, {})
    assert verdict.verdict == "undecided"
    assert verdict.reason
    assert verdict.low is not None
    assert verdict.low < verdict.bound == 0.45 < verdict.effect == 0.5 < verdict.high


def test_items_of_one_cluster_count_together() -> None:
    credit = np.array([1.0, 0.0] * 10)
    apart = [Outcome(credit, np.array([str(n) for n in range(20)]), np.ones(20, bool))]
    together = [Outcome(credit, np.array([str(n % 4) for n in range(20)]), np.ones(20, bool))]
    expectation = Expectation("", A, ">", number(0.5))
    widths = []
    for outcomes in (apart, together):
        verdict = judge(expectation, {("a", "s"): outcomes}, {})
        widths.append(verdict.high - verdict.low)
    assert widths[1] > 1.5 * widths[0]


def test_of_many_hypotheses_each_has_a_wider_interval() -> None:
    """Of 1,000 coins one that fell on one side 65 times of 100 is no wonder."""
    credit = np.array([1.0] * 65 + [0.0] * 35)
    outcomes = {("a", "s"): [Outcome(credit, np.array([str(n) for n in range(100)]), np.ones(100, bool))]}
    expectation = Expectation("", A, ">", number(0.5))
    alone, few, many = (judge(expectation, outcomes, {}, count) for count in (1, 10, 1000))
    assert alone == few
    assert (alone.verdict, many.verdict) == ("supported", "undecided")
    assert alone.effect == many.effect
    z = NormalDist().inv_cdf(1 - 0.025 / 1000)
    assert many.low == pytest.approx(0.65 - z * math.sqrt(0.65 * 0.35 / 100), abs=0.03)
    assert (confidence_of(10), confidence_of(20)) == (0.95, pytest.approx(0.9975))


def test_worlds_vary_too() -> None:
    outcomes = {("a", "s"): [outcome([1.0] * 8), outcome([0.0] * 8), outcome([1.0] * 8)]}
    verdict = judge(Expectation("", A, ">", number(0.5)), outcomes, {})
    assert (verdict.verdict, verdict.low, verdict.high) == ("undecided", 0.0, 1.0)


def test_a_verdict_is_a_function_of_the_scores() -> None:
    outcomes = {("a", "s"): HALF, ("b", "s"): GOOD}
    expectation = Expectation("", A, "<", B)
    assert judge(expectation, outcomes, {}) == judge(expectation, outcomes, {})


def test_other_splits_and_unequal_seeds_can_be_compared() -> None:
    outcomes = {
        ("a", "s"): [outcome([1.0] * 6), outcome([1.0] * 3)],
        ("b", "other"): [outcome([0.0] * 2, "y"), outcome([0.0] * 5, "y")],
    }
    verdict = judge(Expectation("", A, ">", Term("b", "other", 0.0)), outcomes, {})
    assert (verdict.verdict, verdict.effect) == ("supported", 1.0)


def test_items_without_a_cluster_stand_for_themselves() -> None:
    outcomes = {("a", "s"): [Outcome(np.array([1.0, 0.0, 1.0, 0.0]), np.array([""] * 4), np.ones(4, bool))]}
    verdict = judge(Expectation("", A, ">", number(0.5)), outcomes, {})
    assert verdict.low < 0.5 < verdict.high


def test_a_failed_arm_leaves_it_undecided_with_the_reason() -> None:
    verdict = judge(Expectation("", A, ">", B), {("b", "s"): GOOD}, {"a": "it came apart"})
    assert (verdict.verdict, verdict.effect, verdict.reason) == ("undecided", None, "it came apart")


def test_arms_are_compared_on_what_both_can_answer() -> None:
    """The left arm is right wherever it can be; it is not blamed for the items that it cannot answer."""
    names = np.array([f"x{place}" for place in range(10)])
    can = np.arange(10) < 6
    left = Outcome(np.where(can, 1.0, 0.0), names, can)
    right = Outcome(np.where(np.arange(10) < 4, 1.0, 0.0), names, np.arange(10) != 0)
    same = judge(Expectation("", A, ">", B), {("a", "s"): [left], ("b", "s"): [right]}, {})
    assert same.effect == round(1 - 3 / 5, 6)
    alone = judge(Expectation("", A, ">=", number(1.0)), {("a", "s"): [left]}, {})
    assert (alone.verdict, alone.effect) == ("supported", 1.0)
    none = Outcome(np.ones(10), names, ~can)
    apart = judge(Expectation("", A, ">", B), {("a", "s"): [left], ("b", "s"): [none]}, {})
    assert (apart.verdict, apart.effect) == ("undecided", None)
    assert "answered" in apart.reason
