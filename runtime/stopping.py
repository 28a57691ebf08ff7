"""Early stopping: each seed keeps the weights with which the answers to a held-out test cost it least.

Seeds of a block share one program, so none can end alone (runtime/finetune.py). Each is measured every so
many steps; one whose patience is exhausted is frozen: what it goes on to learn is thrown away, its best
weights stay, and the block ends when all are. So each seed has what it would have alone. What is measured is
the loss of the right answers, and not the accuracy, of which few questions give few values (Prechelt, Early
Stopping, But When?, 1998).

Letters in names: S seeds, P parts, N rows of a part, T tokens. The first part of this file needs no JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Finetuning, Stop
from wug.runtime.corpus import PAD, Ints, World
from wug.runtime.failure import RuntimeFailure
from wug.runtime.keys import canonical, digest

if TYPE_CHECKING:
    from wug.runtime.learn import Tree

MOST = 256  # questions of a world
_TOKENS = 4096  # of a part
_WIDTHS = 8  # rows are padded to a multiple

Floats = npt.NDArray[np.float32]


def held_out(world: World, arm: str, stop: Stop) -> list[tuple[Ints, int]]:
    """What an arm is measured with in a world: each question with its right answer, as the arm is asked it,
    and where the answer begins. Of many questions some, spread evenly. Raises RuntimeFailure without any."""
    items = world.items.of(stop.on)
    if not len(items):
        raise RuntimeFailure(
            f"arm {arm}: test {stop.on}, on which it stops, asks nothing in the world of seed {world.seed}"
        )
    items = items[:: -(-len(items) // MOST)]
    rows = world.items.first_question_N[items] + world.items.answer_N[items]
    found = []
    for item, row in zip(items.tolist(), rows.tolist(), strict=True):
        before = world.context_tokens(arm, int(world.views[arm].context_N[item]))
        tokens = np.concatenate([before, world.questions.tokens[row]]).astype(np.int32)
        found.append((tokens, len(before) + int(world.questions.start_Q[row])))
    return found


def held_out_digest(world: World, arm: str, stop: Stop) -> str:
    """Identifies that, token for token."""
    return digest(canonical([[tokens.tolist(), start] for tokens, start in held_out(world, arm, stop)]))


def measured_lengths(world: World, arm: str, setting: Finetuning, steps: int) -> Ints:
    """How many tokens each row feeds the model that is measured in a training of so many steps, for its
    price."""
    stop = setting.stop
    if stop is None:
        return np.empty(0, np.int32)
    once = np.array([len(tokens) - 1 for tokens, _ in held_out(world, arm, stop)], np.int32)
    return np.tile(once, -(-steps // stop.every))


def held_out_rows(worlds: Sequence[World], arm: str, stop: Stop) -> tuple[Ints, Floats]:
    """The same of several worlds as arrays: tokens [S, P, N, T], and 1 for each token of an answer [S, P, N,
    T - 1], which count in the loss."""
    every = [held_out(world, arm, stop) for world in worlds]
    longest = max(len(tokens) for rows in every for tokens, _ in rows)
    width = -(-(longest - 1) // _WIDTHS) * _WIDTHS + 1
    most = max(map(len, every))
    part = min(most, max(1, _TOKENS // width))
    parts = -(-most // part)
    tokens_SNT = np.full((len(worlds), parts * part, width), PAD, np.int32)
    weight_SNT = np.zeros((len(worlds), parts * part, width - 1), np.float32)
    for seed, rows in enumerate(every):
        for row, (tokens, start) in enumerate(rows):
            tokens_SNT[seed, row, : len(tokens)] = tokens
            weight_SNT[seed, row, start - 1 : len(tokens) - 1] = 1
    shape = len(worlds), parts, part
    return tokens_SNT.reshape(*shape, width), weight_SNT.reshape(*shape, width - 1)


def nothing_measured(parameters_S: Tree, seeds: int) -> Tree:
    """What is kept of each seed before the first measurement, as arrays: its best weights, their loss and the
    step that made them, how often none was better since, and the step at which it stopped, 0 before."""
    import jax.numpy as jnp
    from jax.tree import map as mapped

    return {
        "best": mapped(jnp.copy, parameters_S),  # training takes the memory of what it is given
        "loss": np.full(seeds, np.inf, np.float32),
        **{name: np.zeros(seeds, np.int32) for name in ("at", "waited", "stopped")},
    }


def measured(kept: Tree, parameters_S: Tree, loss_S: npt.NDArray[Any], step: int, stop: Stop) -> Tree:
    """What is kept after a measurement at a step. A loss that is no number is not better than any."""
    from wug.runtime.learn import chosen_of_seeds

    loss_S = np.asarray(loss_S, np.float32)
    running_S = kept["stopped"] == 0
    better_S = running_S & (loss_S < kept["loss"])
    waited_S = np.where(better_S, 0, kept["waited"] + running_S).astype(np.int32)
    return {
        "best": chosen_of_seeds(better_S, parameters_S, kept["best"]),
        "loss": np.where(better_S, loss_S, kept["loss"]),
        "at": np.where(better_S, np.int32(step), kept["at"]),
        "waited": waited_S,
        "stopped": np.where(running_S & (waited_S >= stop.patience), np.int32(step), kept["stopped"]),
    }


def stopped(kept: Tree, steps: int) -> dict[str, list[Any]]:
    """How it ended, by seed: after how many `steps`, at which of them it was `best`, and the `loss` there,
    null where it never was a number. Whoever did not stop has taken all `steps`."""
    losses = [round(loss, 6) if np.isfinite(loss) else None for loss in kept["loss"].tolist()]
    return {
        "steps": [at or steps for at in kept["stopped"].tolist()],
        "best": kept["at"].tolist(),
        "loss": losses,
    }
