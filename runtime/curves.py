"""Curves: which arms of a plan differ in nothing but how much augmentation they add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wug.compiler.plan import Arm, Augment, Finetuning, Plan, Tune
from wug.runtime.corpus import World

_Alike = tuple[str, Finetuning, Tune | None, str, tuple[bytes, ...]]


def augmentation_curves(plan: Plan, worlds: Sequence[World], added: Mapping[str, int]) -> list[list[str]]:
    """The arms of each curve in order of the tokens that they `added`, two that augment at least.

    The first arm that is declared like them and augments nothing begins their curve.
    """
    curves: dict[tuple[_Alike, str, Augment], list[str]] = {}
    plain: dict[_Alike, str] = {}
    for arm in plan.arms:
        if arm.finetune is None:
            continue
        tune = plan.tuning.of(arm.name) if plan.tuning is not None else None
        tried = replace(tune, arm="") if tune is not None else None
        alike = (plan.learner(arm).name, arm.finetune, tried, arm.context, _shown(arm, worlds))
        if arm.augment is None:
            plain.setdefault(alike, arm.name)
        else:
            curves.setdefault((alike, arm.teacher, _without_amounts(arm.augment)), []).append(arm.name)
    found = []
    for (alike, *_), arms in curves.items():
        if len(arms) > 1:
            first = [plain[alike]] if alike in plain else []
            found.append(first + sorted(arms, key=lambda name: added[name]))
    return found


def _without_amounts(augment: Augment) -> Augment:
    """What is asked of a teacher, and not of how much, how often and how long it may write."""
    server = augment.endpoint
    if server is not None:
        server = replace(server, requests=0, tokens=0, concurrency=1, timeout_s=0)
    return replace(augment, documents=0, samples=1, withhold=0.0, max_tokens=0, endpoint=server)


def _shown(arm: Arm, worlds: Sequence[World]) -> tuple[bytes, ...]:
    """How many documents an arm is shown with each question."""
    return tuple(world.views[arm.name].context_docs_N.tobytes() for world in worlds)
