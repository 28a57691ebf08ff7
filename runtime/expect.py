"""Verdicts on preregistered hypotheses, by a bootstrap over seeds and, within each, clusters of items.

Both sides of an expectation are read off the same drawn seeds and clusters (an item's cluster is the entity
it is about), so questions on the same items are paired. Two arms are compared on the items of a split that
both can answer; on different splits, or against a number, on those that each can answer itself. Draws are
keyed integers: a verdict is a function of the scores. Percentile intervals; Efron and Tibshirani, An
introduction to the bootstrap (1993), chapter 13. Where there are many hypotheses, some would come out by
chance: their intervals are wide enough that all of them together hold with the same confidence (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from wug.compiler.draw import draw, seed_word
from wug.compiler.plan import Expectation, Term

REPLICATES = 2000
CONFIDENCE = 0.95
MANY = 10
"""Of more hypotheses than these, each is judged by a wider interval."""
_KEY = seed_word("bootstrap", 0)
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """How one arm did on one split of one seed."""

    credit_N: Floats
    cluster_N: npt.NDArray[np.str_]
    answerable_N: npt.NDArray[np.bool_]  # the items on which this arm may be compared with others


@dataclass(frozen=True)
class Verdict:
    """supported, refuted or undecided.

    `effect` is what was `measured`, with its interval, None where unknown: the "difference" of the two
    accuracies or, where one side is a number, the "accuracy". `bound` is what it was compared with, and
    `asked` how.
    """

    verdict: str
    measured: str
    effect: float | None
    low: float | None
    high: float | None
    asked: str
    bound: float
    reason: str


Outcomes = Mapping[tuple[str, str], Sequence[Outcome]]  # by arm and split, one a seed


def wilson(successes: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The score interval of a share (Wilson, JASA 22, 1927), fractions allowed; (0, 1) for n 0."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def confidence_of(count: int) -> float:
    """The confidence of each interval, where there are so many hypotheses."""
    return CONFIDENCE if count <= MANY else 1 - (1 - CONFIDENCE) / count


def judge(expectation: Expectation, outcomes: Outcomes, failed: Mapping[str, str], count: int = 1) -> Verdict:
    """Judge one expectation, of so many.

    `>` and `>=` are supported where the interval of what was measured lies wholly above the bound (from it
    on), refuted where wholly below; `<` and `<=` the other way round; `within` is an equivalence: supported
    where the interval lies within the margin of the bound on both sides, refuted where wholly outside. Else
    undecided.
    """
    left, right = expectation.left, expectation.right
    if right.arm and not left.arm:  # what is measured stands first
        turned = replace(expectation, left=right, op=_TURNED.get(expectation.op, expectation.op), right=left)
        return judge(turned, outcomes, failed, count)
    bound = round(right.offset - left.offset, 6)
    measured = "difference" if right.arm else "accuracy"
    asked = f"within {expectation.margin:g} of" if expectation.op == "within" else expectation.op

    def verdict(word: str, found: tuple[float, float, float] | None, reason: str = "") -> Verdict:
        effect, low, high = found or (None, None, None)
        return Verdict(word, measured, effect, low, high, asked, bound, reason)

    for term in (left, right):
        if term.arm in failed:
            return verdict("undecided", None, failed[term.arm])
    found = difference(expectation, outcomes, count)
    if found is None:
        return verdict("undecided", None, "no item can be answered on both sides")
    low, high = (round(end - bound, 6) for end in found[1:])
    op, margin = expectation.op, expectation.margin
    if op == "within":
        supported, refuted = -margin <= low and high <= margin, low > margin or high < -margin
    elif op == ">":
        supported, refuted = low > 0, high < 0
    elif op == ">=":
        supported, refuted = low >= 0, high < 0
    elif op == "<":
        supported, refuted = high < 0, low > 0
    elif op == "<=":
        supported, refuted = high <= 0, low > 0
    else:
        raise ValueError(f"no such comparison: {op}")
    if supported or refuted:
        return verdict("supported" if supported else "refuted", found)
    return verdict("undecided", found, "the interval holds both answers: more seeds or items would tell")


def difference(
    expectation: Expectation, outcomes: Outcomes, count: int = 1
) -> tuple[float, float, float] | None:
    """The accuracy on the left less that on the right, a number counting as 0: the estimate and the ends of
    its interval, where there are so many. None where a side has no item that counts."""
    left, right = expectation.left, expectation.right
    sides = [_sums(term, other, outcomes) for term, other in ((left, right), (right, left))]
    there = [sums for sums in sides if sums is not None]
    if not there:
        return 0.0, 0.0, 0.0
    # sorted names of each seed's clusters, leaving out seeds in which nothing counts
    every = [sorted(set().union(*of_seed)) for of_seed in zip(*there, strict=True)]
    kept = [seed for seed, names in enumerate(every) if names]
    if not kept or any(not any(sums) for sums in there):
        return None
    names = [every[seed] for seed in kept]
    present = (sides[0] is not None, sides[1] is not None)
    seeds, largest = len(names), max(len(each) for each in names)
    size_S = np.array([len(each) for each in names])
    sums = np.zeros((2, 2, seeds, largest))  # side, (credit, items), seed, cluster
    for side, sum_of in enumerate(sides):
        if sum_of is None:
            continue
        for seed, each in enumerate(names):
            for place, name in enumerate(each):
                sums[side, :, seed, place] = sum_of[kept[seed]].get(name, (0.0, 0.0))
    path = f"{_spelled(expectation.left)}/{_spelled(expectation.right)}"
    replicates = REPLICATES * max(1, -(-count // MANY))  # some lie beyond the ends of a wide interval, too
    index = np.arange(replicates * seeds, dtype=np.uint64)
    seed_RS = (
        (draw(_KEY, f"{path}/seed", index) % np.uint64(seeds)).astype(np.int64).reshape(replicates, seeds)
    )
    index = np.arange(replicates * seeds * largest, dtype=np.uint64)
    cluster_RSC = draw(_KEY, f"{path}/cluster", index).reshape(replicates, seeds, largest)
    size_RS1 = size_S[seed_RS][..., None]
    cluster_RSC = (cluster_RSC % size_RS1.astype(np.uint64)).astype(np.int64)
    counted_RSC = np.arange(largest) < size_RS1  # a seed with fewer clusters draws fewer
    drawn = sums[:, :, seed_RS[..., None], cluster_RSC] * counted_RSC
    replicate_R = _effect(drawn.sum(axis=(-1, -2)), present)
    tail = (1 - confidence_of(count)) / 2
    low, high = np.quantile(replicate_R, [tail, 1 - tail], method="closest_observation")
    effect = _effect(sums.sum(axis=(-1, -2))[..., None], present)[0]
    return round(float(effect), 6), round(float(low), 6), round(float(high), 6)


def _effect(totals: Floats, present: tuple[bool, bool]) -> Floats:
    share = totals[:, 0] / np.maximum(totals[:, 1], 1e-300)
    left, right = (share[side] if there else 0.0 for side, there in enumerate(present))
    return np.asarray(left - right, np.float64)


def _sums(term: Term, other: Term, outcomes: Outcomes) -> list[dict[str, tuple[float, float]]] | None:
    """Credit and number of the items that count, by cluster, for each seed; None for a bare number."""
    if not term.arm:
        return None
    mine = outcomes[term.arm, term.split]
    paired = outcomes[other.arm, other.split] if other.arm and other.split == term.split else mine
    result = []
    for outcome, partner in zip(mine, paired, strict=True):
        sums: dict[str, tuple[float, float]] = {}
        counted_N = outcome.answerable_N & partner.answerable_N
        for name, credit, counted in zip(_named(outcome), outcome.credit_N, counted_N, strict=True):
            if not counted:
                continue
            before = sums.get(name, (0.0, 0.0))
            sums[name] = (before[0] + float(credit), before[1] + 1)
        result.append(sums)
    return result


def _named(outcome: Outcome) -> list[str]:
    """Each item's cluster; an item without one stands for itself."""
    return [str(cluster) or f"item {place}" for place, cluster in enumerate(outcome.cluster_N)]


def _spelled(term: Term) -> str:
    return f"{term.arm}.{term.split}" if term.arm else "number"
