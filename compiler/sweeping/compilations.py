"""Variants as they are compiled, if they are: for the many of a sweep, each file read once, nothing made."""

from __future__ import annotations

from typing import Any

from wug.compiler.compile import Compiled, compile_experiment, finished_work, plan_of
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Arm, Experiment
from wug.compiler.identity import corpus_key
from wug.compiler.store import Store
from wug.progress import Silent


class Compilations:
    """What of experiments lies compiled in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._splits: dict[str, list[dict[str, Any]] | None] = {}
        self._episodes: dict[str, bool] = {}

    def of(self, experiment: Experiment) -> Compiled | None:
        """An experiment as it is compiled; None where it is not, all of it."""
        kind, key = f"{experiment.name}/compiled", corpus_key(experiment)
        if key not in self._splits:
            path = self.store.path(kind, key) / "manifest.json"
            there = self.store.has(kind, key)
            self._splits[key] = finished_work(path, "splits")["splits"] if there else None
        splits = self._splits[key]
        if splits is None:
            return None
        plan = plan_of(experiment, key, splits, {arm.name: "" for arm in experiment.arms})
        own = [learner.pretraining_key for learner in plan.models if learner.checkpoint is None]
        if not all(self._has_episodes(experiment.name, each) for each in own):
            return None
        if any(arm.tune is not None or _replays(experiment, arm) for arm in experiment.arms):
            return compile_experiment(experiment, self.store, Silent(), Report())
        return Compiled(self.store.path(kind, key), plan, ())

    def _has_episodes(self, name: str, key: str) -> bool:
        if key not in self._episodes:
            self._episodes[key] = self.store.has(f"{name}/episodes", key)
        return self._episodes[key]


def _replays(experiment: Experiment, arm: Arm) -> bool:
    """Whether an arm replays a text, which has an entry of its own."""
    replay = arm.finetune.replay if arm.finetune is not None else None
    return replay is not None and experiment.learner(arm).checkpoint is not None
