"""The schedule: which rows at which learning rate in which step, without JAX, so that prices need none.

Letters in names: C steps, B rows, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Finetuning
from wug.runtime.batches import batch_rows, epoch_order
from wug.runtime.corpus import PAD, Ints, World
from wug.runtime.replay import Rereading, reread

BLOCK = 10  # seeds fine-tuned at once
CHECKPOINT_EVERY_S = 20.0
FLOOR = 0.1  # where a learning rate ends, as a share of its peak
_WIDTHS = 8  # rows are padded to a multiple, so that arms share compiled programs

Floats = npt.NDArray[np.float32]


def learning_rates(
    peak: float, warmup: int, steps: int, floor: float = FLOOR, schedule: str = "cosine"
) -> Floats:
    """Linear warm-up to `peak`, then down to `floor * peak`: one rate a step [steps].

    The `schedule` says how: cosine, half a cosine; linear, in a straight line; constant, not at all.
    """
    step = np.arange(1, steps + 1, dtype=np.float64)
    warmup = max(1, min(warmup, steps))
    done = np.clip((step - warmup) / max(1, steps - warmup), 0, 1)
    left = {"cosine": 0.5 * (1 + np.cos(np.pi * done)), "linear": 1 - done, "constant": np.ones(steps)}
    decayed = floor + (1 - floor) * left[schedule]
    return (peak * np.where(step <= warmup, step / warmup, decayed)).astype(np.float32)


def token_weights(
    tokens: npt.NDArray[np.int32],
    begin: npt.NDArray[np.integer] | int = 0,
    before: float = 1.0,
    padding: int = PAD,
) -> Floats:
    """How much each token but the first of a row counts in the loss [..., T - 1].

    Padding counts nothing, tokens from column `begin` (one a row) on count 1, those before it `before`.
    """
    target = tokens[..., 1:]
    column = np.arange(1, tokens.shape[-1])
    late = column >= np.asarray(begin)[..., None]
    return np.where(target == padding, 0, np.where(late, 1, before)).astype(np.float32)


def row_width(worlds: Sequence[World], arm: str) -> int:
    """The columns of a batch: the longest document that this arm trains on, padded for few shapes."""
    longest = max(int(world.documents.length_D[world.documents.seen_by(arm)].max()) for world in worlds)
    longest = max([longest, *(int(w.replayed[arm].length_D.max()) for w in worlds if arm in w.replayed)])
    return (longest - 1 + _WIDTHS - 1) // _WIDTHS * _WIDTHS + 1


def _read(world: World, arm: str, setting: Finetuning, first: int, count: int) -> Ints:
    """Which documents [C, B] `count` steps from step `first` on read."""
    seen = world.documents.seen_by(arm)
    rows = batch_rows(world.training_digest(arm), world.seed, first, count, setting.batch, len(seen))
    return seen[rows]


def training_rows(
    world: World, arm: str, setting: Finetuning, first: int, count: int, width: int
) -> npt.NDArray[np.int32]:
    """The tokens [C, B, T] of `count` steps from step `first` on."""
    tokens_CBT = world.documents.tokens_DT[_read(world, arm, setting, first, count)]
    missing = width - tokens_CBT.shape[-1]
    if missing <= 0:
        return tokens_CBT[..., :width]
    return np.pad(tokens_CBT, ((0, 0), (0, 0), (0, missing)), constant_values=PAD)


def training_weights(
    world: World, arm: str, setting: Finetuning, first: int, tokens_CBT: npt.NDArray[np.int32]
) -> Floats:
    """How much each token but the first of these training rows counts in the loss [C, B, T - 1]."""
    weight_CBT = token_weights(tokens_CBT)
    if setting.loss == "whole":
        return weight_CBT
    read_CB = _read(world, arm, setting, first, len(tokens_CBT))
    answer_CBT = world.documents.answer_DT[read_CB][..., 1 : tokens_CBT.shape[-1]]
    missing = weight_CBT.shape[-1] - answer_CBT.shape[-1]
    return weight_CBT * np.pad(answer_CBT, ((0, 0), (0, 0), (0, missing))).astype(np.float32)


def rereading(world: World, arm: str, setting: Finetuning) -> Rereading | None:
    """What this training replays, if it does."""
    if setting.replay is None:
        return None
    return reread(world.replayed[arm], world.seed, setting.replay.share, _own_tokens(world, arm, setting))


def replayed_rows(
    world: World, arm: str, reading: Rereading, first: int, count: int, most: int, width: int
) -> tuple[npt.NDArray[np.int32], Floats]:
    """What `count` steps from step `first` on replay, in `most` rows a step: the tokens [C, R, T], and how
    much each but the first of a row counts [C, R, T - 1]. Rows without a document are padding."""
    replayed = world.replayed[arm]
    document_CR = reading.of_steps(first, count, most)
    tokens_CRT = replayed.rows(document_CR, width)
    tokens_CRT[document_CR < 0] = PAD
    return tokens_CRT, token_weights(tokens_CRT, replayed.begin_D[document_CR], replayed.before)


class Reading:
    """All that worlds read in the training of an arm, what is replayed with it."""

    def __init__(self, worlds: Sequence[World], arm: str, setting: Finetuning) -> None:
        self._worlds, self._arm, self._setting = worlds, arm, setting
        self._width = row_width(worlds, arm)
        readings = [rereading(world, arm, setting) for world in worlds]
        self._again = [each for each in readings if each is not None]
        self._most = max((each.most for each in self._again), default=0)

    def rows(self, first: int, count: int) -> tuple[npt.NDArray[np.int32], Floats]:
        """The tokens [S, C, B, T] of `count` steps from step `first` on, and how much each but the first of a
        row counts in the loss [S, C, B, T - 1]; what is replayed stands behind the arm's own."""
        arm, setting, width = self._arm, self._setting, self._width
        tokens_S = [training_rows(world, arm, setting, first, count, width) for world in self._worlds]
        weight_S = [
            training_weights(world, arm, setting, first, tokens_CBT)
            for world, tokens_CBT in zip(self._worlds, tokens_S, strict=True)
        ]
        if not self._again:
            return np.stack(tokens_S), np.stack(weight_S)
        again_S = [
            replayed_rows(world, arm, reading, first, count, self._most, width)
            for world, reading in zip(self._worlds, self._again, strict=True)
        ]
        tokens_S = [np.concatenate([a, b], 1) for a, (b, _) in zip(tokens_S, again_S, strict=True)]
        weight_S = [np.concatenate([a, b], 1) for a, (_, b) in zip(weight_S, again_S, strict=True)]
        return np.stack(tokens_S), np.stack(weight_S)


def _own_lengths(world: World, arm: str, setting: Finetuning) -> npt.NDArray[np.int32]:
    """How many tokens each of an arm's own documents feeds the model, step after step."""
    return world.documents.length_D[_read(world, arm, setting, 0, setting.steps)].ravel() - 1


def _own_tokens(world: World, arm: str, setting: Finetuning) -> npt.NDArray[np.int64]:
    """How many tokens of an arm's own documents each step feeds the model [C]."""
    return _own_lengths(world, arm, setting).astype(np.int64).reshape(setting.steps, -1).sum(axis=1)


def training_lengths(world: World, arm: str, setting: Finetuning) -> npt.NDArray[np.int32]:
    """How many tokens each row of this training feeds the model, for its price."""
    return np.concatenate([_own_lengths(world, arm, setting), replayed_lengths(world, arm, setting)])


def read_lengths(world: World, arm: str, setting: Finetuning) -> npt.NDArray[np.int32]:
    """The same lengths in another order, without drawing that of epochs that are read whole."""
    seen = world.documents.seen_by(arm)
    epochs, rest = divmod(setting.steps * setting.batch, len(seen))
    last = epoch_order(world.training_digest(arm), world.seed, epochs, len(seen))[:rest]
    read = np.concatenate([np.tile(seen, epochs), seen[last]])
    return np.concatenate([world.documents.length_D[read] - 1, replayed_lengths(world, arm, setting)])


def replayed_lengths(world: World, arm: str, setting: Finetuning) -> npt.NDArray[np.int32]:
    """How many tokens of it each document feeds the model that this training replays."""
    reading = rereading(world, arm, setting)
    return np.empty(0, np.int32) if reading is None else _lengths_of(world, arm, reading)


def _lengths_of(world: World, arm: str, reading: Rereading) -> npt.NDArray[np.int32]:
    """How many tokens each document of a rereading feeds the model."""
    return (world.replayed[arm].length_D[reading.document_N] - 1).astype(np.int32)


def step_tokens(world: World, arm: str, setting: Finetuning) -> npt.NDArray[np.int64]:
    """How many tokens each step of this training feeds the model [C]."""
    own_C, reading = _own_tokens(world, arm, setting), rereading(world, arm, setting)
    if reading is None:
        return own_C
    read_N = np.cumsum(_lengths_of(world, arm, reading).astype(np.int64))
    return own_C + np.diff(read_N[reading.end_C - 1], prepend=0)


def added_tokens(world: World, arm: str, setting: Finetuning) -> int:
    """The tokens of the texts that an arm's augmentation added and this training reads, each text once."""
    read = np.unique(_read(world, arm, setting, 0, setting.steps))
    added = read[world.documents.set_D[read] == arm]
    return int((world.documents.length_D[added] - 2).sum())
