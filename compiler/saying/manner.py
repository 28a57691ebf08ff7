"""In which words a fact is said: a drawn wording of its form, and a drawn alternative of each option.

A draw depends on the key of its row (the world's seed and the fact), the form and the number of the telling.
Successive tellings of one fact take all wordings before any comes again, the heavier ones sooner; and the
tellings in one wording take all ways to choose its alternatives before one comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import Words, below, draw, permute
from wug.compiler.facts import Ints, Rows
from wug.compiler.forms import Form, Option, Piece, Slot

Which = Literal["told", "held", "any"]
"""Wordings that training may say, those held out for tests, or all of them."""


@dataclass(frozen=True)
class Manner:
    """How each row is said: the place of its wording in the form, and of an alternative for each option."""

    wording: Ints  # [rows]
    options: Ints  # [rows, most options]

    def __len__(self) -> int:
        return len(self.wording)

    def take(self, rows: Rows | NDArray[np.bool_]) -> Manner:
        return Manner(self.wording[rows], self.options[rows])


def flat(pieces: Sequence[Piece], options: Sequence[int]) -> tuple[str | Slot, ...]:
    """Pieces with these alternatives of their options, texts that meet made one."""
    made: list[str | Slot] = []
    for piece in pieces:
        for each in piece.alternatives[options[piece.number]] if isinstance(piece, Option) else (piece,):
            if isinstance(each, str) and made and isinstance(made[-1], str):
                made[-1] += each
            else:
                made.append(each)
    return tuple(made)


def places(form: Form, which: Which) -> list[int]:
    """The wordings of a form that may be said, by place."""
    return [
        place
        for place, wording in enumerate(form.wordings)
        if which == "any" or wording.held == (which == "held")
    ]


def plain(form: Form, rows: int, which: Which = "told") -> Manner:
    """Every row in the first wording there is, with the first alternatives: nothing is drawn."""
    wording = np.full(rows, places(form, which)[0], np.int32)
    return Manner(wording, np.zeros((rows, _most_options(form)), np.int32))


def choose(
    form: Form, key: Words, path: str, times: int = 1, which: Which = "told", wordings: int = 0
) -> Manner:
    """How facts with these keys [facts] are told so many times each: a manner [facts * times], fact by fact.

    With `wordings`, each fact has so many drawn ones of its own and is told in no others.
    """
    allowed = places(form, which)
    path = f"{path}/{form.name}"
    lap_length = min(wordings or len(allowed), len(allowed))
    chosen = np.empty((len(key), times), np.int64)
    own = np.broadcast_to([form.wordings[p].weight for p in allowed], (len(key), len(allowed)))
    for first in range(0, times, lap_length):
        lap = _weighted_order(own, draw(key, f"{path}/lap", first // lap_length), path, lap_length)
        if first == 0 and lap_length < len(allowed):
            mine = np.zeros(own.shape, bool)
            np.put_along_axis(mine, lap, True, axis=1)
            own = np.where(mine, own, 0)
        chosen[:, first : first + lap_length] = lap[:, : times - first]
    wording = np.array(allowed, np.int32)[chosen.reshape(-1)]
    telling = np.tile(np.arange(times, dtype=np.int64), len(key))
    return Manner(wording, _options(form, np.repeat(key, times), wording, telling // lap_length, path))


def _options(form: Form, key: Words, wording: Ints, lap: Rows, path: str) -> Ints:
    """An alternative for each option of each row's wording: all ways to choose before any comes again."""
    most = _most_options(form)
    counts = np.ones((len(form.wordings), most), np.int64)
    for place, each in enumerate(form.wordings):
        counts[place, : len(each.options)] = [len(option.alternatives) for option in each.options]
    own = counts[wording]  # [rows, most options]
    ways = np.prod(own, axis=1)
    chosen = permute(
        draw(key, f"{path}/options/{form.name}", lap // ways + (wording.astype(np.int64) << 32)),
        "way",
        lap % ways,
        ways,
    )
    options = np.zeros((len(wording), most), np.int32)
    for place in range(most):
        options[:, place] = chosen % own[:, place]
        chosen //= own[:, place]
    return options


def _most_options(form: Form) -> int:
    return max(len(wording.options) for wording in form.wordings)


def _weighted_order(weights: NDArray[np.int64], key: Words, path: str, length: int) -> Rows:
    """For each row the first places of a random order in which heavier ones come sooner: [rows, length]."""
    if weights.shape[1] == 1:
        return np.zeros((len(weights), 1), np.int64)
    left = weights.astype(np.int64)
    order = np.empty((len(weights), length), np.int64)
    for step in range(length):
        sums = np.cumsum(left, axis=1)
        ticket = below(draw(key, f"{path}/wording", step), sums[:, -1])
        order[:, step] = (sums > ticket[:, None]).argmax(axis=1)
        left[np.arange(len(left)), order[:, step]] = 0
    return order
