"""Facts to sentences: fills the slots of a form, for whole columns at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wug.compiler.facts import Ints, Populated
from wug.compiler.forms import Form, Option, Piece, Slot, Wording
from wug.compiler.saying.manner import Manner
from wug.compiler.words.inflect import inflect
from wug.compiler.world import Relation, World

Texts = NDArray[np.str_]
Lists = Mapping[Slot, Texts]


def text_of(world: World, populated: Populated, type: str, column: int, of: Ints, number: Ints) -> Texts:
    """How argument values read: names of entities, cells of a table's column, or values.

    `of` and `number` [rows] say in which world and which one; returns texts [rows].
    """
    if type in world.tables:
        return np.array([row[column] for row in world.tables[type].rows])[number]
    if type in populated.values:
        return populated.values[type].texts[number]
    return populated.names[type][of, number]


def name_of(world: World, populated: Populated, type: str, of: int, number: int) -> str:
    """How one argument value reads: what `text_of` says in the first column."""
    if type in world.tables:
        return world.tables[type].rows[number][0]
    if type in populated.values:
        return str(populated.values[type].texts[number])
    return str(populated.names[type][of, number])


def slot_text(world: World, populated: Populated, type: str, slot: Slot, of: Ints, number: Ints) -> Texts:
    """How argument values read in a slot, inflected as it says."""
    if not slot.inflections:
        return text_of(world, populated, type, slot.column, of, number)
    size = int(number.max(initial=0)) + 1
    each, inverse = np.unique(of.astype(np.int64) * size + number, return_inverse=True)
    texts = text_of(world, populated, type, slot.column, each // size, each % size)
    return inflected(texts, slot)[inverse.reshape(-1)]


def inflected(texts: Texts, slot: Slot) -> Texts:
    """Texts as a slot inflects them, one inflection after the other."""
    for kind in slot.inflections:
        texts = inflect(texts, kind)
    return texts


def fill(
    world: World,
    populated: Populated,
    relation: Relation,
    pieces: Sequence[Piece],
    of: Ints,
    arguments: Ints,
    options: Ints | None = None,
    lists: Lists | None = None,
) -> Texts:
    """The pieces of a wording with their slots filled: texts [rows] for arguments [rows, arity].

    `options` [rows, options] says which alternative of each option is said; without it the first. `lists`
    are the texts [rows] of slots that say several values.
    """
    text = np.full(len(of), "", dtype="<U1")
    for piece in pieces:
        if isinstance(piece, str):
            text = np.char.add(text, piece)
        elif isinstance(piece, Slot) and lists is not None and piece in lists:
            text = np.char.add(text, lists[piece])
        elif isinstance(piece, Slot):
            type = relation.arguments[piece.argument].type
            number = arguments[:, piece.argument]
            text = np.char.add(text, slot_text(world, populated, type, piece, of, number))
        else:
            text = np.char.add(
                text, _option(world, populated, relation, piece, of, arguments, options, lists)
            )
    return text


def _option(
    world: World,
    populated: Populated,
    relation: Relation,
    option: Option,
    of: Ints,
    arguments: Ints,
    options: Ints | None,
    lists: Lists | None,
) -> Texts:
    if options is None:
        return fill(world, populated, relation, option.alternatives[0], of, arguments, None, lists)
    chosen = options[:, option.number]
    texts = []
    for number, parts in enumerate(option.alternatives):
        rows = np.flatnonzero(chosen == number)
        said = fill(world, populated, relation, parts, of[rows], arguments[rows], None, _taken(lists, rows))
        texts.append((rows, said))
    return scattered(texts, len(of))


def _taken(lists: Lists | None, rows: NDArray[np.int64]) -> Lists | None:
    return None if lists is None else {slot: texts[rows] for slot, texts in lists.items()}


def scattered(parts: Sequence[tuple[NDArray[np.int64], Texts]], count: int) -> Texts:
    """Texts of some rows each, put together; a row of which nothing is said is empty."""
    longest = max((texts.dtype.itemsize // 4 for _, texts in parts), default=1)
    whole = np.zeros(count, f"<U{max(1, longest)}")
    for rows, texts in parts:
        whole[rows] = texts
    return whole


def whole(wording: Wording) -> Sequence[Piece]:
    return wording.pieces


def cue(wording: Wording) -> Sequence[Piece]:
    """What stands before '=>'."""
    return wording.pieces[: wording.answer]


def answer(wording: Wording) -> Sequence[Piece]:
    """What stands behind '=>'."""
    return wording.pieces[wording.answer :]


def say(
    world: World,
    populated: Populated,
    relation: Relation,
    form: Form,
    of: Ints,
    arguments: Ints,
    manner: Manner,
    part: Callable[[Wording], Sequence[Piece]] = whole,
    lists: Lists | None = None,
) -> Texts:
    """Facts of a relation in a form, each row in its own words; or only a part of each wording."""
    texts = []
    for place, wording in enumerate(form.wordings):
        rows = np.flatnonzero(manner.wording == place)
        if len(rows):
            given = of[rows], arguments[rows], manner.options[rows], _taken(lists, rows)
            texts.append((rows, fill(world, populated, relation, part(wording), *given)))
    return scattered(texts, len(of))


def describe(world: World, populated: Populated, relation: Relation, of: int, arguments: Ints) -> str:
    """One fact as a person reads a proof: `parent(zumbix, keldov)`."""
    parts = [
        name_of(world, populated, a.type, of, value)
        for a, value in zip(relation.arguments, arguments.tolist(), strict=True)
    ]
    return f"{relation.name}({', '.join(parts)})"
