"""Advice: one sentence on which arm to use for how many questions.

An arm counts if it is not clearly less often right than the best: left out is one whose accuracy, over all
questions of all tests, is more than two points below and whose difference from the best has its whole 95 %
interval below zero. Of those that count the cheapest is named for each number of questions. What an oracle
does cannot be bought: an arm to which it shows what is relevant is never named, and of those that it writes
for the best is named as a bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wug.compiler.plan import Expectation, Term
from wug.runtime.expect import Outcome, difference, wilson
from wug.runtime.price import cheapest, left_out, line
from wug.runtime.wording import percent

CLEARLY = 0.02
RULE = (
    f"an arm is left out where its accuracy over all questions is more than {CLEARLY:.2f} below the best "
    "one's and the 95 % interval of the difference lies below zero; what an oracle shows or writes cannot be "
    "bought"
)


def advice(
    prices: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, Sequence[Outcome]], chance: float
) -> dict[str, Any] | None:
    """The advice as it stands in the results; None where no arm that could be used has a result.

    `outcomes` are those of each arm on all questions, one a seed; `chance` is how often a guess is right.
    """
    usable = [arm for arm in outcomes if usable_arm(prices[arm])]
    if not usable:
        return None
    credit = {arm: np.concatenate([each.credit_N for each in told]) for arm, told in outcomes.items()}
    accuracy = {arm: float(credit[arm].mean()) for arm in outcomes}
    bounds = [arm for arm in outcomes if is_bound(prices[arm])]
    best = max(usable, key=lambda arm: accuracy[arm])
    rows: list[dict[str, Any]] = []
    for arm in usable:
        effect, low, high = _difference(outcomes, arm, best)
        rows.append(
            {
                "arm": arm,
                "accuracy": round(accuracy[arm], 6),
                "difference": effect,
                "low": low,
                "high": high,
                "counts": not (effect < -CLEARLY and high < 0),
            }
        )
    told: dict[str, Any] = {"rule": RULE, "best": best, "arms": rows}
    told["bounds"] = [{"arm": arm, "accuracy": round(accuracy[arm], 6)} for arm in bounds]
    money = all(prices[arm]["money"] is not None for arm in usable)
    told["in"] = prices[best]["money"]["currency"] if money else "operations"
    if wilson(float(credit[best].sum()), len(credit[best]))[0] <= chance:
        said = "No arm is clearly more often right than a guess: none can be advised."
        return {**told, "anew": [], "reused": [], "sentence": said}
    counted = [row["arm"] for row in rows if row["counts"]]
    found = {
        name: cheapest({arm: line(prices[arm], reused, money) for arm in counted})
        for name, reused in (("anew", False), ("reused", True))
    }
    for name, stretches in found.items():
        told[name] = [{"arm": arm, "from": first} for arm, first in stretches]
    return {**told, "sentence": sentence(prices, found, told, money)}


def usable_arm(price: Mapping[str, Any]) -> bool:
    """Whether an arm knows anything, and by means that one can have."""
    return _knows(price) and not price["augment"].endswith("by oracle")


def is_bound(price: Mapping[str, Any]) -> bool:
    """Whether an arm could be used if there were an oracle to write for it."""
    return _knows(price) and price["augment"].endswith("by oracle")


def _knows(price: Mapping[str, Any]) -> bool:
    return bool(price["train_tokens"] or price["context"] != "none") and price["context"] != "oracle"


def _difference(outcomes: Mapping[str, Sequence[Outcome]], arm: str, best: str) -> tuple[float, float, float]:
    if arm == best:
        return 0.0, 0.0, 0.0
    both = {(name, "all"): outcomes[name] for name in (arm, best)}
    found = difference(Expectation("", Term(arm, "all", 0), ">", Term(best, "all", 0)), both)
    return found if found is not None else (0.0, 0.0, 0.0)


def sentence(
    prices: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, Sequence[tuple[str, int]]],
    told: Mapping[str, Any],
    money: bool,
) -> str:
    """What somebody can use who has read nothing else: the cheapest that were `found`, and what is `told`."""
    anew, reused = found["anew"], found["reused"]
    named = dict.fromkeys(arm for arm, _ in (*anew, *reused))
    calls = {arm: f"{_means(prices[arm])} ({arm})" for arm in named}
    said = f"{_stretches(anew, calls)}."
    if [(arm, about(first)) for arm, first in anew] != [(arm, about(first)) for arm, first in reused]:
        said += f" If the shared context is read only once: {_lower(_stretches(reused, calls))}."
    right = {row["arm"]: percent(row["accuracy"]) for row in (*told["arms"], *told["bounds"])}
    said += f" Right answers: {', '.join(f'{arm} {right[arm]}' for arm in named)}"
    if told["best"] not in named:
        said += f"; the most, by no clear lead, {told['best']} {right[told['best']]}"
    less = [f"{row['arm']} {right[row['arm']]}" for row in told["arms"] if not row["counts"]]
    said += f"; clearly fewer: {', '.join(less)}." if less else "."
    if told["bounds"]:
        bound = max(told["bounds"], key=lambda row: row["accuracy"])["arm"]
        said += f" A bound, not an offer, as an oracle wrote for it: {bound} {right[bound]}."
    if servers := [arm for arm in named if left_out(prices[arm], money)]:
        said += f" What a server took to write is not known and left out: {', '.join(servers)}."
    return said


def _stretches(stretches: Sequence[tuple[str, int]], calls: Mapping[str, str]) -> str:
    (first, _), *later = stretches
    if not later:
        return f"Use {calls[first]} for any number of questions"
    told = f"Below {about(later[0][1])} questions use {calls[first]}"
    places = ["from there on", *(f"from {about(start)} on" for _, start in later[1:])]
    return ", ".join([told, *(f"{at} {calls[arm]}" for at, (arm, _) in zip(places, later, strict=True))])


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _means(price: Mapping[str, Any]) -> str:
    """What an arm does, in plain words."""
    shown = {"none": "", "train": "context", "bm25": "retrieved context"}[price["context"]]
    trained = "fine-tuning on augmented data" if price["augment"] else "fine-tuning"
    return " and ".join(part for part in (trained if price["train_tokens"] else "", shown) if part)


def about(count: int) -> str:
    """A count to two significant digits, `3,942` as `3,900`."""
    return f"{round(count, 2 - len(str(count))) if count >= 100 else count:,}"
