"""Fresh texts in the shape of real ones, for pretraining on a world whose words come from a table.

A fresh text has the length and the kinds of characters of some real one ("hydrogen" might give "rosumeki",
"He" might give "Xu", "118" might give "540"), is never equal to a real one and never occurs twice in a world.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, below, draw
from wug.compiler.language.source import Span
from wug.compiler.populating.values import Column, column_of

_KINDS = ("aeiou", "bcdfghjklmnpqrstvwxyz", "AEIOU", "BCDFGHJKLMNPQRSTVWXYZ", "0123456789")
_TRIES = 1000


def fresh_like(
    real: list[str], seeds: Words, path: str, count: int, span: Span, report: Report
) -> NDArray[np.str_]:
    """Texts [worlds, count]. Reports W0507 where the shapes of the real ones leave too few others."""
    models = np.array(sorted(set(real)))
    longest = models.dtype.itemsize // 4
    letters = models.view(np.uint32).reshape(len(models), longest)
    kind = np.full(letters.shape, -1, np.int64)
    for number, members in enumerate(_KINDS):
        kind[np.isin(letters, [ord(member) for member in members])] = number
    texts = np.empty((len(seeds), count), f"<U{longest}")
    bad = np.ones(texts.shape, bool)
    for attempt in range(_TRIES):
        world, place = np.nonzero(bad)
        index = place + attempt * count
        model = below(draw(seeds[world], f"{path}/shape", index), len(models))
        made = letters[model]
        bits = draw(
            seeds[world][:, None], f"{path}/letters", index[:, None] * longest + np.arange(longest)[None, :]
        )
        for number, members in enumerate(_KINDS):
            codes = np.array([ord(member) for member in members], np.uint32)
            at = kind[model] == number
            made[at] = codes[below(bits[at], len(codes))]
        leading = made[:, 0] == ord("0")
        made[leading, 0] = ord("1")  # numbers do not start with a zero
        texts[world, place] = np.ascontiguousarray(made).view(f"<U{longest}")[:, 0]
        bad = np.isin(texts, models) | _repeated(texts)
        if not bad.any():
            return texts
    return report.fail(
        "W0507",
        f"too few texts look like those of '{path}' to draw {count} fresh ones",
        span,
        help="lower the facts of 'pretrain', or exclude the relation from it",
    )


def fresh_values(
    type: str, real: list[str], seeds: Words, path: str, count: int, span: Span, report: Report
) -> Column:
    """Values [worlds, count], none of them a real one. Texts and integers keep the shape of real ones; the
    others are drawn from the range of the real ones, which is widened where they fill it."""
    if type in ("text", "integer"):
        texts = fresh_like(real, seeds, path, count, span, report)
        return texts if type == "text" else texts.astype(np.int64)
    keys = np.unique(column_of(type, real))
    step = 1 if type == "date" else int(np.gcd.reduce(keys)) or 1  # 9.50 and 12.00 have steps of 0.50
    low, high = int(keys[0]) // step, int(keys[-1]) // step
    room = 8 * (len(keys) + count)
    if high - low < room and type == "date":
        low, high = low - room, high + room
    elif high - low < room:
        high = low + room
    made = np.zeros((len(seeds), count), np.int64)
    bad = np.ones(made.shape, bool)
    attempt = 0
    while bad.any():  # at least seven of eight values of the range are free
        world, place = np.nonzero(bad)
        bits = draw(seeds[world], f"{path}/value", place + attempt * count)
        drawn = bits % np.uint64(high - low + 1)
        made[world, place] = (low + drawn.astype(np.int64)) * step
        bad = np.isin(made, keys) | _repeated(made)
        attempt += 1
    return made


def _repeated(column: Column) -> NDArray[np.bool_]:
    """Which values stand earlier in the same world already."""
    order = np.argsort(column, axis=1, kind="stable")
    ascending = np.take_along_axis(column, order, axis=1)
    same = np.zeros(column.shape, bool)
    same[:, 1:] = ascending[:, 1:] == ascending[:, :-1]
    result = np.empty_like(same)
    np.put_along_axis(result, order, same, axis=1)
    return result
