"""Facts to sentences: fills the slots of a form, for whole columns at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wug.compiler.facts import Ints, Populated
from wug.compiler.world import Option, Piece, Relation, World

Texts = NDArray[np.str_]


def text_of(world: World, populated: Populated, type: str, column: int, of: Ints, number: Ints) -> Texts:
    """How argument values read: names of entities, cells of a table's column, or values.

    `of` and `number` [rows] say in which world and which one; returns texts [rows].
    """
    if type in world.tables:
        return np.array([row[column] for row in world.tables[type].rows])[number]
    if type in populated.values:
        return populated.values[type].texts[number]
    return populated.names[type][of, number]


def fill(
    world: World,
    populated: Populated,
    relation: Relation,
    pieces: Sequence[Piece],
    of: Ints,
    arguments: Ints,
) -> Texts:
    """The pieces of a form with their slots filled: texts [rows] for arguments [rows, arity]."""
    text = np.full(len(of), "", dtype="<U1")
    for piece in pieces:
        if isinstance(piece, str):
            text = np.char.add(text, piece)
            continue
        if isinstance(piece, Option):
            said = fill(world, populated, relation, piece.alternatives[0], of, arguments)
            text = np.char.add(text, said)
            continue
        type = relation.arguments[piece.argument].type
        column = arguments[:, piece.argument]
        text = np.char.add(text, text_of(world, populated, type, piece.column, of, column))
    return text


def describe(world: World, populated: Populated, relation: Relation, of: int, arguments: Ints) -> str:
    """One fact as a person reads a proof: `parent(zumbix, keldov)`."""
    parts = [
        str(text_of(world, populated, a.type, 0, np.array([of]), np.array([value]))[0])
        for a, value in zip(relation.arguments, arguments, strict=True)
    ]
    return f"{relation.name}({', '.join(parts)})"
