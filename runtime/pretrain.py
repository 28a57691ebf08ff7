"""Pretraining: a decoder learns from episodes to answer from its context, until a held-out probe says so."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Model, Pretraining
from wug.progress import Progress
from wug.runtime.batches import batch_rows
from wug.runtime.cost import train_flops
from wug.runtime.divergence import came_apart, first_losses, reason
from wug.runtime.episodes import PADDED, Episodes, Probe
from wug.runtime.failure import Diverged, RuntimeFailure
from wug.runtime.files import read_lines
from wug.runtime.interruption import Interruption
from wug.runtime.journal import Journal
from wug.runtime.learn import Tree, fresh_state, initial_parameters, learned, recipe_of, steps, structure
from wug.runtime.likelihood import end_log_likelihoods
from wug.runtime.mesh import whole
from wug.runtime.schedule import CHECKPOINT_EVERY_S, learning_rates, token_weights

CHUNK = 10  # steps a dispatch: long enough to hide the dispatch, short enough to stop soon
WEIGHT_DECAY = np.float32(0.01)
PROBED = 128  # questions of a kind in a probe while training
_WIDTHS = 16  # rows are padded to a multiple


def pretrain(
    model: Model,
    setting: Pretraining,
    episodes: Episodes,
    seed: int,
    folder: Path,
    progress: Progress,
    interruption: Interruption,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
    label: str = "pretraining",
) -> None:
    """Pretrain in `folder`, going on from what is there; leave weights, log and outcome.

    The probe is taken every `setting.every` steps and after the last. Raises RuntimeFailure where episodes do
    not fit the model, Diverged where training comes apart (runtime/divergence.py), KeyboardInterrupt after an
    interruption is safe. `label` is what people are told that this is.
    """
    if not setting.steps:
        _unpretrained(model, episodes.vocabulary, seed, folder, interruption, checkpoint_every_s)
        return
    longest = int(episodes.length_E.max())
    if longest > model.context:
        raise RuntimeFailure(
            f"model {model.name}: an episode takes {longest:,} tokens, but its context is {model.context:,}: "
            "raise the model's context, or make the episodes smaller"
        )
    graph, shapes = structure(model, episodes.vocabulary)
    parameters = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))
    recipe = recipe_of(setting)
    rate_C = learning_rates(setting.learning_rate, setting.warmup, setting.steps, schedule=setting.schedule)
    with (
        Journal(folder, interruption, checkpoint_every_s) as journal,
        progress.stage(label, setting.steps, "steps") as stage,
    ):
        weights = initial_parameters(model, episodes.vocabulary, seed)
        first = jax.jit(fresh_state, static_argnums=1)(weights, recipe)
        step, state = journal.resume(first, progress.warn)
        if step:
            progress.note(f"{label} goes on from step {step:,}")
            stage.update(step)
        # a probe asks as the last phase does, so an earlier one has not taught all that it asks
        early = setting.steps - episodes.phases(setting.batch, setting.steps)[-1].steps
        while step < setting.steps and not (step > early and _reached(journal.log, setting)):
            begun = time.monotonic()
            most = min(CHUNK, setting.every - step % setting.every)
            tokens_CBT, weight_CBT = _steps_at(episodes, setting, seed, step, most)
            count = len(tokens_CBT)
            rates = rate_C[step : step + count]
            state, loss_C = steps(graph, recipe, state, tokens_CBT, weight_CBT, None, rates, WEIGHT_DECAY)
            loss_C = whole(loss_C)
            loss, loss_SC = float(np.mean(loss_C)), loss_C[None]
            first_S = first_losses(journal.log, loss_SC)
            if np.any(apart_S := came_apart(loss_SC, first_S, episodes.vocabulary)):
                why = reason(loss_SC, first_S, apart_S)
                raise Diverged(f"{label}: {why} after step {step + count:,}: lower its learning rate")
            step += count
            length_R = np.count_nonzero(tokens_CBT, axis=-1).ravel()
            told = int(length_R.sum())
            stage.update(step, loss=loss, tokens_per_s=told / (time.monotonic() - begun))
            flops = train_flops(model, parameters, length_R - 1)
            record: dict[str, Any] = {"step": step, "loss": loss, "tokens": told, "flops": flops}
            if step % setting.every == 0 or step == setting.steps:
                record["probe"] = accuracy_by_kind(graph, learned(state, recipe, step), episodes.probe)
                stage.update(step, in_context_accuracy=min(record["probe"].values()))
            journal.log.append(record if journal.log else {**record, "first": float(first_S[0])})
            journal.keep(step, state)
        reached = _reached(journal.log, setting)
        last = journal.log[-1]["probe"]
        if not reached:
            progress.warn(
                f"{label} fell short: after {step:,} steps the probe of answers from context is at "
                f"{_shares(last)}, {setting.accuracy:.0%} was asked for; arms with context may say more "
                "of the model than of context"
            )
        tokens = sum(record["tokens"] for record in journal.log)
        outcome = {
            "reached": reached,
            "steps": step,
            "accuracy": last,
            "loss": journal.log[-1]["loss"],
            "tokens": tokens,
            "parameters": parameters,
            "train_flops": sum(record["flops"] for record in journal.log),
            "seed": seed,
        }
        journal.finish(
            learned(state, recipe, step), outcome, {"tokens_per_s": round(tokens / journal.seconds)}
        )


def _unpretrained(
    model: Model,
    vocabulary: int,
    seed: int,
    folder: Path,
    interruption: Interruption,
    checkpoint_every_s: float,
) -> None:
    """Leave the weights that a model begins with, where there is nothing to pretrain it on."""
    _, shapes = structure(model, vocabulary)
    outcome = {
        "reached": True,
        "steps": 0,
        "accuracy": {},
        "loss": None,
        "tokens": 0,
        "parameters": sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes)),
        "train_flops": 0,
        "seed": seed,
    }
    with Journal(folder, interruption, checkpoint_every_s) as journal:
        journal.finish(initial_parameters(model, vocabulary, seed), outcome, {"tokens_per_s": 0})


def accuracy_by_kind(graph: Any, parameters: Tree, probe: Probe) -> dict[str, float]:
    """The share of questions answered rightly, by kind, of up to PROBED of each; a tie is half right."""
    shares = {}
    for number, kind in enumerate(probe.kinds):
        of_kind = np.flatnonzero(probe.kind_Q == number)
        asked = of_kind[:: max(1, len(of_kind) // PROBED)][:PROBED]
        if len(asked):
            rows = (2 * asked[:, None] + np.arange(2)).ravel()
            told = end_log_likelihoods(
                graph, parameters, [probe.rows[row] for row in rows], probe.start[rows]
            )
            right = told.reshape(-1, 2)[np.arange(len(asked)), probe.answer_Q[asked]]
            wrong = told.reshape(-1, 2)[np.arange(len(asked)), 1 - probe.answer_Q[asked]]
            shares[kind] = round(float(np.mean((right > wrong) + 0.5 * (right == wrong))), 6)
    return shares


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The log of a finished pretraining: step, loss, tokens, and the probe where it was taken."""
    return read_lines(folder / "log.jsonl")


def _reached(log: list[dict[str, Any]], setting: Pretraining) -> bool:
    """Whether the last probe was good enough in each kind of question: a mean hides the hard kind."""
    return bool(log) and "probe" in log[-1] and min(log[-1]["probe"].values()) >= setting.accuracy


def _steps_at(
    episodes: Episodes, setting: Pretraining, seed: int, step: int, most: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """The tokens [C, B, T] of up to `most` steps from `step` on, all of one phase and so of one shape, and
    their weights in the loss [C, B, T - 1]: facts, which cannot be foretold, count `facts_weight`."""
    begun = 0
    for number, phase in enumerate(episodes.phases(setting.batch, setting.steps)):
        if step < begun + phase.steps:
            count = min(most, begun + phase.steps - step)
            name = f"{episodes.digest}/{number}"
            rows = phase.first + batch_rows(name, seed, step - begun, count, phase.batch, phase.rows)
            longest = int(episodes.length_E[phase.first : phase.first + phase.rows].max())
            width = min((longest + _WIDTHS - 1) // _WIDTHS * _WIDTHS, episodes.tokens_ET.shape[1])
            tokens_CBT = np.asarray(episodes.tokens_ET[rows, :width], np.int32)
            begin, before = episodes.questions_E[rows], setting.facts_weight
            return tokens_CBT, token_weights(tokens_CBT, begin, before, PADDED)
        begun += phase.steps
    raise ValueError(f"there is no step {step} among {setting.steps}")


def _shares(accuracy: dict[str, float]) -> str:
    return ", ".join(f"{kind} {share:.0%}" for kind, share in accuracy.items())
