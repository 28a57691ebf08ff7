"""Fine-tuning: all seeds of one arm learn their documents, as one program where that is faster.

Measured on two CPU cores (0.7 M parameters, batch 8 x 16 tokens), milliseconds a seed and step: 20 one seed
after the other, 15.5 ten at once under vmap; so seeds go in blocks of up to ten, on accelerators too.
Whole documents, the loss over all of each or over its answers alone. Short ones share a row and do not see
each other: another wording of a fact before it would let a model read the answer instead of learning it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Arm, Model
from wug.compiler.shape import adapted, shape_of
from wug.progress import Progress
from wug.runtime.corpus import PAD, World
from wug.runtime.divergence import came_apart, first_losses, reason
from wug.runtime.failure import Diverged
from wug.runtime.interruption import Interruption
from wug.runtime.journal import Journal
from wug.runtime.learn import Tree, fresh_state, learned, recipe_of, steps_of_seeds, structure
from wug.runtime.likelihood import losses_of_seeds
from wug.runtime.mesh import placed, whole
from wug.runtime.packing import packed
from wug.runtime.schedule import CHECKPOINT_EVERY_S, Reading, learning_rates
from wug.runtime.stopping import held_out_rows, measured, nothing_measured, stopped


def finetune(
    model: Model,
    vocabulary: int,
    arm: Arm,
    worlds: Sequence[World],
    start_S: Tree,
    folder: Path,
    progress: Progress,
    interruption: Interruption,
    checkpoint_every_s: float = CHECKPOINT_EVERY_S,
    beside: Sequence[Tree] = (),
) -> None:
    """Train one model a world from `start_S` (weights stacked over worlds) in `folder`, resuming.

    With `lora` these are adapters, which alone are trained, and the models' own weights stand `beside`.

    Leaves what it trained (stacked), log and outcome; where a training comes apart (runtime/divergence.py),
    the outcome's `failed` says so instead. Raises KeyboardInterrupt after an interruption is safe.
    """
    setting = arm.finetune
    if setting is None:
        raise ValueError(f"arm {arm.name} is not fine-tuned")
    graph, _ = structure(adapted(model, setting.lora), vocabulary)
    frozen, axis = _frozen(beside)
    frozen = placed(frozen)
    recipe = recipe_of(setting)
    rate_C = learning_rates(setting.learning_rate, setting.warmup, setting.steps, schedule=setting.schedule)
    decay = np.float32(setting.weight_decay)
    reading = Reading(worlds, arm.name, setting)
    stop, seeds = setting.stop, len(worlds)
    held_out = held_out_rows(worlds, arm.name, stop) if stop is not None else ()
    chunk = chunk_of(setting.steps if stop is None else min(stop.every, setting.steps))
    name = f"{arm.name}: fine-tuning {seeds} seed{'s' if seeds > 1 else ''}"
    with (
        Journal(folder, interruption, checkpoint_every_s) as journal,
        progress.stage(name, setting.steps, "steps") as stage,
    ):
        begun_S = placed(start_S)
        first = {"training": jax.jit(jax.vmap(partial(fresh_state, recipe=recipe)))(begun_S)}
        if stop is not None:
            first["best"] = nothing_measured(begun_S, seeds)
        step, state = journal.resume(first if stop is not None else first["training"], progress.warn)
        kept = state if stop is not None else {"training": state}
        if step:
            progress.note(f"{arm.name}: fine-tuning goes on from step {step:,}")
            stage.update(step)
        failed = None
        while step < setting.steps and failed is None and (running_S := _running(kept, seeds)).any():
            begun = time.monotonic()
            count = min(chunk, setting.steps - step)
            if stop is not None:
                count = min(count, stop.every - step % stop.every)
            tokens_SCBT, weight_SCBT = reading.rows(step, count)
            kept["training"], loss_SC = steps_of_seeds(
                graph,
                recipe,
                kept["training"],
                *packed(tokens_SCBT, weight_SCBT),
                rate_C[step : step + count],
                decay,
                frozen,
                axis=axis,
            )
            loss_SC = whole(loss_SC)
            loss_S = loss_SC.mean(axis=1)
            first_S = first_losses(journal.log, loss_SC)
            apart_S = running_S & came_apart(loss_SC, first_S, shape_of(model).vocabulary or vocabulary)
            step += count
            if not np.any(apart_S):
                told = int(np.count_nonzero(tokens_SCBT[running_S] != PAD))
                loss = float(loss_S[running_S].mean())
                stage.update(step, loss=loss, tokens_per_s=told / (time.monotonic() - begun))
                losses = [
                    each if runs else None for each, runs in zip(loss_S.tolist(), running_S, strict=True)
                ]
                record: dict[str, Any] = {"step": step, "loss": losses, "tokens": told}
                if stop is not None and (step % stop.every == 0 or step == setting.steps):
                    weights_S = learned(kept["training"], recipe, step)
                    found_S = whole(losses_of_seeds(graph, weights_S, *held_out, frozen, axis=axis))
                    kept["best"] = measured(kept["best"], weights_S, found_S, step, stop)
                journal.log.append(record if journal.log else {**record, "first": first_S.tolist()})
                journal.keep(step, kept if stop is not None else kept["training"])
            else:
                lost = [world.seed for world, apart in zip(worlds, apart_S, strict=True) if apart]
                failed = str(diverged(arm, lost, reason(loss_SC, first_S, apart_S), step))
        outcome = {
            "failed": failed,
            "steps": step,
            "seeds": [world.seed for world in worlds],
            "loss": _last(journal.log),
            "tokens": sum(record["tokens"] for record in journal.log),
        }
        if stop is None:
            journal.finish(learned(kept["training"], recipe, step), outcome, {})
        else:
            outcome["stopped"] = stopped(kept["best"], step)
            journal.finish(kept["best"]["best"], outcome, {})


def _running(kept: Tree, seeds: int) -> npt.NDArray[np.bool_]:
    """Which seeds have not stopped."""
    return np.asarray(kept["best"]["stopped"]) == 0 if "best" in kept else np.ones(seeds, np.bool_)


def _last(log: Sequence[dict[str, Any]]) -> list[float]:
    """The last loss of each seed, which may have stopped before others."""
    losses: list[float] = []
    for record in log:
        told = losses or record["loss"]
        losses = [before if now is None else now for before, now in zip(told, record["loss"], strict=True)]
    return losses


def _frozen(weights: Sequence[Tree]) -> tuple[Tree, int | None]:
    """Weights that are not trained, and the axis of the worlds. There is none where all share them."""
    if all(each is weights[0] for each in weights):
        return (weights[0] if weights else {}), None
    return stacked(weights), 0


def chunk_of(steps: int) -> int:
    """Steps a dispatch: a divisor where there is one, since a shorter last chunk is compiled anew."""
    return max((count for count in range(10, 26) if steps % count == 0), default=min(steps, 20))


def diverged(arm: Arm, seeds: Sequence[int], why: str, step: int) -> Diverged:
    """The reason for which an arm has no result."""
    rate = arm.finetune.learning_rate if arm.finetune else 0.0
    return Diverged(
        f"arm {arm.name}: training came apart ({why}) by step {step:,} with "
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}: "
        f"its learning rate {rate:g} is too high"
    )


def stacked(parameters: Sequence[Tree]) -> Tree:
    """Weights of several models, stacked along a new first axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *parameters)
