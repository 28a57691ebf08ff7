"""After an update: how often each arm is right about what was kept, changed, added and removed, and how
often it says what was right before.

All items of a test count, answerable or not: that an arm has not heard the news is what is measured. A stale
answer is one that the old version makes true and the new one does not; only items that have one count there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wug.compiler.asking.free import exact
from wug.compiler.plan import Plan, Split
from wug.compiler.updating.versions import REMOVED, STATES
from wug.runtime.arm_result import ArmResult
from wug.runtime.corpus import World
from wug.runtime.expect import wilson
from wug.runtime.score import Answers

Floats = npt.NDArray[np.float64]


def after_update(
    plan: Plan, worlds: Sequence[World], arms: Sequence[ArmResult], prices: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The part of the results about an update, a row for each arm and test; nothing where there was none."""
    if all(world.items.updated is None for world in worlds):
        return {}
    return {"update": [_row(each, split, worlds, prices) for each in arms for split in plan.splits]}


def _row(
    result: ArmResult, split: Split, worlds: Sequence[World], prices: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    credit: dict[str, list[Floats]] = {state: [] for state in (*STATES, REMOVED)}
    stale: list[Floats] = []
    for world, answers in zip(worlds, result.answers, strict=True):
        if (updated := world.items.updated) is None:
            continue
        at = world.items.of(split.name)
        for state in (*STATES, REMOVED):
            credit[state].append(answers.credit_N[at[updated.change_N[at] == state]])
        once = np.array([bool(updated.old[item]) for item in at.tolist()], bool)
        stale.append(_stale(result, split, world, answers)[at[once]])
    return {
        "arm": result.arm.name,
        "split": split.name,
        **{state: _share("accuracy", parts) for state, parts in credit.items()},
        "stale": _share("share", stale),
        "train_tokens": prices[result.arm.name]["train_tokens"],
    }


def _stale(result: ArmResult, split: Split, world: World, answers: Answers) -> Floats:
    """How much of each answer is one that was right before [N]."""
    items, updated = world.items, world.items.updated
    assert updated is not None
    if split.sampling is None:
        whole = np.add.reduceat(answers.share_Q * updated.stale_Q, items.first_question_N)
        return np.asarray(whole, np.float64)
    found = np.zeros(len(items.item_id_N))
    place = {number: at for at, number in enumerate(items.item_id_N.tolist())}
    for said in result.said:
        if said.seed == world.seed and said.split == split.name:
            at = place[said.item_id]
            found[at] = exact(said.text, updated.old[at], split.endings)
    return found


def _share(name: str, parts: Sequence[Floats]) -> dict[str, float | int | None]:
    """A mean with its interval, nulls where nothing counts."""
    values = np.concatenate([*parts, np.empty(0)])
    if not len(values):
        return {"n": 0, name: None, "low": None, "high": None}
    low, high = wilson(float(values.sum()), len(values))
    share = round(float(values.mean()), 6)
    return {"n": len(values), name: share, "low": round(low, 6), "high": round(high, 6)}
