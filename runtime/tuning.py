"""Tuning: each arm's learning rate and steps, chosen on worlds apart, before anything is asked in earnest.

Every candidate is trained and asked as an arm is, each a cached stage, so that a choice is a function of what
lies in the store. The first part of this file needs no JAX, and neither does a choice that was made already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Arm, Finetuning, Plan, Tune
from wug.runtime.audit import Audit
from wug.runtime.augment import augment
from wug.runtime.corpus import World
from wug.runtime.expect import wilson
from wug.runtime.matching import matched
from wug.runtime.score import check_fits

if TYPE_CHECKING:
    from wug.runtime.run import Run, Scribe

NOISE = 2.0  # standard errors
RULE = (
    "of the candidates whose accuracy is no more than two standard errors of the paired difference below the "
    "highest, the one with the fewest steps, and of these the lowest learning rate"
)


@dataclass(frozen=True)
class Candidate:
    """One training that was tried: what it gets right of all that is asked, or why there is nothing."""

    setting: Finetuning
    credit_N: npt.NDArray[np.float64]
    failed: str | None = None


@dataclass(frozen=True)
class Tuned:
    """What was tried of one arm, in which worlds; the place of what was chosen; and what its teacher wrote of
    these worlds."""

    tune: Tune
    candidates: tuple[Candidate, ...]
    chosen: int
    worlds: tuple[World, ...]
    audit: Audit | None = None

    @property
    def setting(self) -> Finetuning:
        return self.candidates[self.chosen].setting

    def to_json(self) -> dict[str, Any]:
        """What was tried, and how the choice was made."""
        level = set(_level(self.candidates))
        tests = dict.fromkeys(split for world in self.worlds for split in world.items.split_N.tolist())
        return {
            "tests": list(tests),
            "worlds": len(self.worlds),
            "learning_rate": self.setting.learning_rate,
            "steps": self.setting.steps,
            "rule": RULE,
            "candidates": [
                {
                    "learning_rate": each.setting.learning_rate,
                    "steps": each.setting.steps,
                    **_accuracy(each.credit_N),
                    "level": place in level,
                    "failed": each.failed,
                }
                for place, each in enumerate(self.candidates)
            ],
        }


def choose(candidates: Sequence[Candidate]) -> int:
    """The place of the candidate to be taken, by `RULE`; of those that failed none is better than another."""
    return min(
        _level(candidates),
        key=lambda place: (candidates[place].setting.steps, candidates[place].setting.learning_rate),
    )


def _level(candidates: Sequence[Candidate]) -> list[int]:
    """The places of the candidates that noise alone may keep from being the best."""
    known = [place for place, each in enumerate(candidates) if each.failed is None]
    if not known:
        return list(range(len(candidates)))
    best = max((candidates[place].credit_N for place in known), key=lambda credit_N: float(credit_N.mean()))
    level = []
    for place in known:
        less_N = best - candidates[place].credit_N
        error = less_N.std(ddof=1) / np.sqrt(len(less_N)) if len(less_N) > 1 else 0.0
        if less_N.mean() <= NOISE * error + 1e-12:
            level.append(place)
    return level


def _accuracy(credit_N: npt.NDArray[np.float64]) -> dict[str, Any]:
    if not len(credit_N):
        return {"n": 0, "accuracy": None, "low": None, "high": None}
    told = (float(credit_N.mean()), *wilson(float(credit_N.sum()), len(credit_N)))
    shares = zip(("accuracy", "low", "high"), told, strict=True)
    return {"n": len(credit_N), **{name: round(share, 6) for name, share in shares}}


def tuning_plans(plan: Plan) -> dict[int, Plan]:
    """What is carried out on the worlds that arms are tuned on, by their number: the arms that are tuned on
    so many, and before them those that they match, none of them shown anything."""
    if plan.tuning is None:
        return {}
    made = {}
    for count in dict.fromkeys(tune.worlds for tune in plan.tuning.arms):
        here = tuple(tune for tune in plan.tuning.arms if tune.worlds == count)
        arms = tuple(replace(arm, context="none") for arm in _with_matched(plan, here))
        tuning = replace(plan.tuning, arms=here)
        made[count] = replace(
            plan,
            seeds=tuple(range(count)),
            arms=arms,
            splits=tuning.splits,
            expectations=(),
            tuning=tuning,
        )
    return made


def _with_matched(plan: Plan, tunes: Sequence[Tune]) -> list[Arm]:
    """Arms that are tuned, each after those from which its steps follow."""
    by_name = {arm.name: arm for arm in plan.arms}

    def chain(name: str) -> list[str]:
        finetune = by_name[name].finetune
        return [*(chain(finetune.match) if finetune is not None and finetune.match else ()), name]

    return [by_name[name] for name in dict.fromkeys(name for tune in tunes for name in chain(tune.arm))]


# Carrying it out


def tune(run: Run, scribe: Scribe | None) -> dict[str, Tuned]:
    """Tune the arms of a run that are to be tuned, by name. `scribe` judges what teachers write about the
    worlds that they are tuned on."""
    found: dict[str, Tuned] = {}
    tuning = run.plan.tuning
    if tuning is None:
        return found
    plans, compiled = tuning_plans(run.plan), run.store.path(f"{run.plan.name}/tuning", tuning.key)
    begun: dict[int, tuple[Run, dict[str, Audit]]] = {}
    for arm in _with_matched(run.plan, tuning.arms):
        tried = tuning.of(arm.name)
        if tried is None:
            continue
        if tried.worlds not in begun:
            beside = run.beside(plans[tried.worlds], compiled, scribe)
            check_fits(beside.plan, beside.corpus)
            begun[tried.worlds] = beside, augment(beside)
        beside, audits = begun[tried.worlds]
        beside.prepared = run.prepared
        arms = settled(beside.plan, found)
        candidates = tuple(_tried(beside, arms, tried, audits.get(arm.name)))
        worlds = beside.corpus.worlds
        found[arm.name] = Tuned(tried, candidates, choose(candidates), worlds, audits.get(arm.name))
        run.prepared = beside.prepared
    for beside, _ in begun.values():
        run.timing |= beside.timing
    return found


def settled(plan: Plan, found: dict[str, Tuned]) -> tuple[Arm, ...]:
    """The arms of a plan, those that were tuned with what was chosen for them; what follows from another arm
    is still to follow from it."""
    return tuple(
        replace(
            arm,
            finetune=replace(
                arm.finetune,
                learning_rate=found[arm.name].setting.learning_rate,
                steps=found[arm.name].setting.steps,
            ),
        )
        if arm.name in found and arm.finetune is not None
        else arm
        for arm in plan.arms
    )


def _tried(run: Run, arms: Sequence[Arm], tune: Tune, audit: Audit | None) -> Iterator[Candidate]:
    """Each candidate of an arm, trained and asked; it may match one of the other `arms`."""
    place = next(place for place, arm in enumerate(arms) if arm.name == tune.arm)
    setting = arms[place].finetune
    assert setting is not None
    settings = tune.candidates(setting)
    for number, tried in enumerate(settings):
        every = [*arms[:place], replace(arms[place], finetune=tried), *arms[place + 1 :]]
        each = matched(every, run.corpus.worlds)[place]
        assert each.finetune is not None
        said = f"learning rate {each.finetune.learning_rate:g}, {each.finetune.steps:,} steps"
        run.progress.note(f"{tune.arm}: tuning, {number + 1} of {len(settings)}: {said}")
        before, run.timing = run.timing, {}
        result = run.arm(each, audit)
        run.weights.clear()  # those of a candidate are of no more use
        run.timing = before | {f"tuning {label}, {said}": told for label, told in run.timing.items()}
        credit = [answers.credit_N for answers in result.answers]
        yield Candidate(each.finetune, np.concatenate([np.empty(0), *credit]), result.failed)
