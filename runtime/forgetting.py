"""Forgetting: what fine-tuning took from a model, of text it was not trained on and of answers from context.

Each arm that is fine-tuned is measured beside its model as it was (Luo et al., arXiv 2308.08747, on what
language models forget in fine-tuning). A measurement is an entry of the store of its own, after the scores:
that it is taken changes no key of anything else. The first part of this file needs no JAX, and neither does a
measurement that was taken already.

Letters in names: S seeds, Q questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Arm, Learner
from wug.runtime import episodes
from wug.runtime.corpus import World
from wug.runtime.expect import wilson
from wug.runtime.files import read_json, write_json
from wug.runtime.keys import key
from wug.runtime.layout import best, work_of
from wug.runtime.score import TIE
from wug.runtime.yardstick import VERSION, Yardstick, of_general_text, of_probe

if TYPE_CHECKING:
    from wug.runtime.learn import Tree
    from wug.runtime.run import Run

Floats = npt.NDArray[np.float64]
Measured = dict[str, Any]
"""Of a set of weights: `loss`, nats a token; how many `tokens`; the `credit` of each question, `chance`."""


def forgetting(run: Run, arms: Sequence[Arm]) -> dict[str, dict[str, Any]]:
    """What each of these arms that is fine-tuned forgot, by name. There is nothing to tell of one whose model
    was pretrained on nothing, nor of one that has no result."""
    found: dict[str, dict[str, Any]] = {}
    measuring = _Measuring(run)
    for arm in arms:
        if arm.finetune is None or not arm.forgetting or not knows(run.plan.learner(arm)):
            continue
        told = measuring.arm(arm)
        if told is not None:
            found[arm.name] = told
    return found


def knows(learner: Learner) -> bool:
    """Whether a model has anything to forget."""
    return learner.checkpoint is not None or learner.pretraining.steps > 0


class _Measuring:
    """The yardsticks of a run, each made where it is first needed."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.yardstick = cache(self._yardstick)

    def arm(self, arm: Arm) -> dict[str, Any] | None:
        """What an arm forgot, over all worlds; none where it has no result."""
        run, learner = self.run, self.run.plan.learner(arm)
        before: list[Measured] = []
        after: list[Measured] = []
        for number, worlds in enumerate(run.blocks()):
            label = f"{arm.name} {number}"
            if read_json(run.trained(arm, worlds, label) / "outcome.json")["failed"] is not None:
                return None
            before += [self._of_model(learner, learner.pretraining_seed(world.seed)) for world in worlds]
            after += self._of_arm(arm, worlds, label)
        return told(learner, run.plan.seeds, before, after)

    def _of_model(self, learner: Learner, seed: int) -> Measured:
        """A model before it is fine-tuned."""
        run, weights = self.run, self.run.pretrained_key(learner, seed)

        def trained() -> Path:
            return run.pretrained(learner, seed)

        def own() -> list[Tree]:
            return [run.load(learner, trained())]

        return self._entry(learner, weights, f"{learner.name} {seed}", trained, own)[0]

    def _of_arm(self, arm: Arm, worlds: Sequence[World], label: str) -> list[Measured]:
        run, learner = self.run, self.run.plan.learner(arm)
        return self._entry(
            learner,
            run.trained_key(arm, worlds),
            label,
            lambda: run.weighed(arm, worlds, label),
            lambda: run.parameters(arm, worlds, label),
        )

    def _entry(
        self,
        learner: Learner,
        weights: str,
        label: str,
        trained: Callable[[], object],
        load: Callable[[], list[Tree]],
    ) -> list[Measured]:
        """What is measured of weights that have this key, once they are trained and loaded."""
        run = self.run
        inputs: dict[str, Any] = {"weights": weights, "yardstick": VERSION}
        if learner.checkpoint is not None:
            inputs["context"] = learner.model.context
        kind, name = f"{run.plan.name}/forgetting", key("forgetting", inputs)
        with run.alone(kind, name, label, trained) as entry:
            if not entry.ready:
                run.prepare()
                yardstick, models = self.yardstick(learner), load()
                measured = []
                with run.progress.stage(f"{label}: what is forgotten", len(models), "models") as stage:
                    for parameters in models:
                        run.interruption.check()
                        own = run.placed(parameters)
                        measured.append(measure(learner, run.corpus.vocabulary, own, yardstick))
                        stage.update(len(measured))
                write_json(entry.scratch / "measured.json", measured)
                entry.commit()
        return list(read_json(entry.path / "measured.json"))

    def _yardstick(self, learner: Learner) -> Yardstick:
        run = self.run
        if learner.checkpoint is not None:
            marks = run.corpus.worlds[0].documents.marks
            return of_general_text(run.corpus.tokenizer, marks, learner.model.context)
        folder = run.store.path(f"{run.plan.name}/episodes", learner.pretraining_key)
        return of_probe(episodes.load(folder, run.compiled / "tokenizer.json").probe)


def told(
    learner: Learner, seeds: Sequence[int], before: Sequence[Measured], after: Sequence[Measured]
) -> dict[str, Any]:
    """What was forgotten, as it stands in the results: the means over all seeds, and those of each.

    All seeds are asked the same questions. So an interval takes as many answers as there are questions, and
    not as many as there are questions and seeds.
    """
    return {
        "of": "pretraining" if learner.checkpoint is None else "general text",
        "tokens": before[0]["tokens"],
        "loss_before": _loss(before),
        "loss_after": _loss(after),
        "n": len(before[0]["credit"]),
        "chance": before[0]["chance"],
        "before": _accuracy(before),
        "after": _accuracy(after),
        "seeds": [
            {
                "seed": seed,
                "loss_before": was["loss"],
                "loss_after": now["loss"],
                "accuracy_before": _accuracy([was])["accuracy"],
                "accuracy_after": _accuracy([now])["accuracy"],
            }
            for seed, was, now in zip(seeds, before, after, strict=True)
        ],
    }


def _loss(measured: Sequence[Measured]) -> float | None:
    """The mean loss; none where some seed's is no number any more."""
    losses = [each["loss"] for each in measured]
    return None if None in losses else round(float(np.mean(losses)), 6)


def _accuracy(measured: Sequence[Measured]) -> dict[str, float | None]:
    credit_SQ = np.array([each["credit"] for each in measured], np.float64)
    if not credit_SQ.size:
        return {"accuracy": None, "low": None, "high": None}
    mean_Q = credit_SQ.mean(axis=0)
    ends = wilson(float(mean_Q.sum()), len(mean_Q))
    return {
        name: round(float(value), 6)
        for name, value in zip(("accuracy", "low", "high"), (mean_Q.mean(), *ends), strict=True)
    }


def measure(learner: Learner, vocabulary: int, parameters: Tree, yardstick: Yardstick) -> Measured:
    """Hold one model to a yardstick. Needs JAX."""
    from jax.tree import leaves

    from wug.runtime.learn import structure
    from wug.runtime.prefix import log_likelihoods

    model, asked = learner.model, yardstick.asked
    graph, shapes = structure(model, vocabulary)
    layers = sum(math.prod(leaf.shape) for leaf in leaves(shapes["layers"]))
    layout = best(work_of(model, layers, vocabulary), asked)
    found = log_likelihoods(graph, model, parameters, asked, layout).astype(np.float64)
    loss = -float(found[: yardstick.texts].sum()) / yardstick.tokens
    return {
        "loss": round(loss, 6) if math.isfinite(loss) else None,
        "tokens": yardstick.tokens,
        "credit": _credit(found[yardstick.texts :].reshape(-1, 2), yardstick.right_Q).tolist(),
        "chance": yardstick.chance,
    }


def _credit(told_Q2: Floats, right_Q: npt.NDArray[np.int32]) -> Floats:
    """1 where the right choice is preferred, a half where none is: both are as likely, or no numbers."""
    at = np.arange(len(right_Q))
    lead_Q = np.nan_to_num(told_Q2[at, right_Q] - told_Q2[at, 1 - right_Q], nan=0.0)
    return np.where(np.abs(lead_Q) < TIE, 0.5, lead_Q > 0)
