"""Replay: text of another kind read beside an arm's documents, so that less is forgotten.

What a model learned before is trained again in small part: experience replay (Robins, 1995; for language
models Ibrahim et al., arXiv 2403.08763). Every batch of the arm's own documents is as it would be without.
Behind it stand as many whole documents, in an order drawn by the seed, as it takes for them to have had their
share of all tokens so far. So what a step reads is a function of the step, and nothing is kept of it.

Letters in names: D documents, N documents in the order they are read, C steps, R of a step, T tokens.
No JAX here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wug.compiler.emitting.replayed import TOKENS
from wug.compiler.plan import Pretraining
from wug.runtime.batches import batch_rows
from wug.runtime.corpus import PAD, Ints, verify
from wug.runtime.episodes import PADDED, Episodes
from wug.runtime.keys import digest


@dataclass(frozen=True)
class Replayed:
    """What is replayed: documents of tokens with `padding` behind them. The first `begin_D` tokens of one
    count `before` in the loss, as in pretraining, all others 1. `name` is what draws are keyed by."""

    name: str
    tokens_DT: npt.NDArray[np.integer]
    length_D: Ints
    begin_D: Ints
    before: float
    padding: int

    def rows(self, documents: Ints, width: int) -> Ints:
        """The tokens of documents [..., T], PAD behind their ends."""
        whole = np.asarray(self.tokens_DT[documents], np.int32)[..., :width]
        missing = width - whole.shape[-1]
        whole = np.pad(whole, (*((0, 0),) * (whole.ndim - 1), (0, missing)), constant_values=self.padding)
        return np.where(np.arange(width) < self.length_D[documents][..., None], whole, PAD).astype(np.int32)


def of_episodes(episodes: Episodes, setting: Pretraining) -> Replayed:
    """The episodes of the last phase of a pretraining."""
    last = episodes.phases(setting.batch, setting.steps)[-1]
    mine = slice(last.first, last.first + last.rows)
    return Replayed(
        episodes.digest,
        episodes.tokens_ET[mine],
        episodes.length_E[mine],
        episodes.questions_E[mine],
        setting.facts_weight,
        PADDED,
    )


def of_text(folder: Path) -> Replayed:
    """A compiled text. Raises Damaged."""
    verify(folder)
    tokens_DT = np.load(folder / TOKENS, mmap_mode="r", allow_pickle=False)
    length_D = np.count_nonzero(tokens_DT != PAD, axis=1).astype(np.int32)
    name = digest((folder / "manifest.json").read_bytes())
    return Replayed(name, tokens_DT, length_D, np.zeros_like(length_D), 1.0, PAD)


@dataclass(frozen=True)
class Rereading:
    """Which documents a training replays, in order, and how many of them it has read after each step."""

    document_N: Ints
    end_C: Ints

    @property
    def most(self) -> int:
        """The most that a step reads."""
        return int(np.diff(self.end_C, prepend=0).max(initial=0))

    def of_steps(self, first: int, count: int, most: int) -> Ints:
        """What `count` steps from step `first` on read [C, R], -1 where one reads less than `most`."""
        begin_C = np.concatenate([[0], self.end_C])[first : first + count]
        place_CR = begin_C[:, None] + np.arange(most)
        there_CR = place_CR < self.end_C[first : first + count, None]
        padded_N = np.append(self.document_N, -1)
        return np.where(there_CR, padded_N[np.minimum(place_CR, len(self.document_N))], -1).astype(np.int32)


def reread(replayed: Replayed, seed: int, share: float, own_C: npt.NDArray[np.integer]) -> Rereading:
    """What a training replays of which each step reads so many tokens of its own: after each step at least
    this share of all tokens so far, and less than a document more."""
    wanted_C = share / (1 - share) * np.cumsum(own_C) - 1e-6  # rounding alone asks for no document more
    count = 1
    while True:
        rows = len(replayed.length_D)
        document_N = batch_rows(f"{replayed.name}/replay", seed, 0, count, 1, rows)[:, 0].astype(np.int32)
        read_N = np.cumsum(replayed.length_D[document_N].astype(np.int64) - 1)
        if read_N[-1] >= wanted_C[-1]:
            break
        count = max(2 * count, int(1.1 * count * wanted_C[-1] / read_N[-1]))
    end_C = np.searchsorted(read_N, wanted_C) + 1
    return Rereading(document_N[: end_C[-1]], end_C.astype(np.int32))
