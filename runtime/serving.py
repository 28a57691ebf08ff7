"""Serving: all that the servers of an experiment are asked, said before any of it is sent, and asked at once.

An arm's limits hold for all of its worlds together, those of every block of seeds and those that it is tuned
on. What the servers said is then in their ledgers, from which every stage reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wug.compiler.plan import Plan
from wug.compiler.store import Store
from wug.runtime import corpus as corpora
from wug.runtime.augment import questions_of, teacher_of
from wug.runtime.corpus import World
from wug.runtime.endpoint import EndpointTeacher, Estimate
from wug.runtime.interruption import Interruption
from wug.runtime.teach import read_requests
from wug.runtime.teacher import Request
from wug.runtime.tuning import tuning_plans

if TYPE_CHECKING:
    from wug.runtime.run import Run


@dataclass(frozen=True)
class Served:
    """An arm that a server writes for, all that it is asked, and what is to be sent of that."""

    arm: str
    teacher: EndpointTeacher
    questions: Sequence[Request]
    estimate: Estimate

    @property
    def summary(self) -> str:
        """What is to be sent, as people read it."""
        return self.teacher.summary(self.estimate)


def served(
    plan: Plan, compiled: Path, worlds: Sequence[World], store: Store, interruption: Interruption
) -> list[Served]:
    """The arms of an experiment that servers write for, in their order. Nothing is sent."""
    arms = [arm for arm in plan.arms if arm.augment is not None and arm.augment.endpoint is not None]
    parts = {arm.name: [(compiled, worlds)] for arm in arms}
    for tuning in tuning_plans(plan).values():
        assert tuning.tuning is not None
        mine = [arm.name for arm in tuning.arms if arm.name in parts]
        if mine:
            folder = store.path(f"{plan.name}/tuning", tuning.tuning.key)
            there = corpora.load(folder, tuning.seeds).worlds
            for name in mine:
                parts[name].append((folder, there))
    found: list[Served] = []
    coming: frozenset[str] = frozenset()
    for arm in arms:
        assert arm.augment is not None
        teacher = teacher_of(store, arm.augment, interruption)
        questions: list[Request] = []
        for folder, every in parts[arm.name]:
            requests = [read_requests(folder / f"seed-{world.seed}", arm.name) for world in every]
            questions += questions_of(folder, arm, every, requests)[0]
        found.append(Served(arm.name, teacher, questions, teacher.estimate(questions, coming)))
        coming |= teacher.asks(questions)
    return found


def ask_servers(run: Run) -> list[str]:
    """Ask the servers of a run what they have not said yet. What is without an answer then all the same, and
    is asked again in the next run."""
    every = served(run.plan, run.compiled, run.corpus.worlds, run.store, run.interruption)
    for each in every:
        if each.estimate.requests:
            run.progress.note(f"arm {each.arm}:\n{each.summary}")
    with run.first("servers") as first:
        for each in every if first else ():
            each.teacher.answer(each.questions, run.progress)
    return sorted({id for each in every for id in each.teacher.missing(each.questions)})
