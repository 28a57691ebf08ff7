"""Sequences as members: which are drawn, how they read, and which one a row of things is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import Words, permute
from wug.compiler.entities import Entity
from wug.compiler.facts import Facts, Rows
from wug.compiler.populating.values import Values

# Sequences are rows: their world and what stands at each place, -1 behind the end [sequences, 1 + longest].


def draw_sequences(entity: Entity, seeds: Words, of: Rows, counts: Rows) -> tuple[Rows, Rows]:
    """Distinct sequences over so many things [worlds], and the number of each within its world: as many of
    each length. A world that has too few things has fewer of them."""
    assert entity.sequence is not None
    low, high = entity.sequence.length
    place = np.arange(int(counts.max(initial=0)), dtype=np.int64)[None, :]
    found: list[Rows] = [np.empty((0, 2), np.int64)]
    for length in range(low, high + 1):
        here = (place < counts[:, None]) & (place % (high - low + 1) == length - low)
        world, index = np.nonzero(here)
        turn = index // (high - low + 1)
        many = np.minimum(of[world].astype(float) ** length, 2.0**61).astype(np.int64)
        world, index, turn, many = (each[turn < many] for each in (world, index, turn, many))
        ticket = permute(seeds[world], f"{entity.name}/{length}", turn, many)
        columns = [index, world]
        for _ in range(length):
            columns.append(ticket % of[world])
            ticket = ticket // of[world]
        found.append(np.stack(columns, axis=1))
    rows = padded(found)
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    counted = np.bincount(rows[:, 1], minlength=len(seeds))
    number = np.arange(len(rows)) - (np.cumsum(counted) - counted)[rows[:, 1]]
    return rows[:, 1:], number


def padded(parts: list[Rows]) -> Rows:
    """Rows of several widths below one another."""
    width = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=-1) for part in parts]
    )


def sequence_facts(sequences: Rows, number: Rows, integers: Values) -> Facts:
    """What stands at each place of some sequences, the first place being 1."""
    row, place = np.nonzero(sequences[:, 1:] >= 0)
    at = np.searchsorted(integers.keys, place + 1)
    columns = np.stack([number[row], at, sequences[row, 1 + place]], axis=1)
    return Facts(sequences[row, 0].astype(np.int32), columns.astype(np.int32))


def find_sequences(facts: Facts, integers: Values, asked: Rows) -> Rows:
    """The member that each asked sequence is, by what stands at each place of the members; -1 for none."""
    keys = integers.keys[facts.arguments[:, 1]].astype(np.int64)
    longest = max(asked.shape[1] - 1, int(keys.max(initial=0)))
    own = np.stack([facts.world.astype(np.int64), facts.arguments[:, 0].astype(np.int64)], axis=1)
    distinct, row = np.unique(own, axis=0, return_inverse=True)
    known = np.full((len(distinct), 1 + longest), -1, np.int64)
    known[:, 0] = distinct[:, 0]
    known[row.reshape(-1), keys] = facts.arguments[:, 2]
    wide = np.pad(asked, ((0, 0), (0, 1 + longest - asked.shape[1])), constant_values=-1)
    _, place = np.unique(np.concatenate([known, wide]), axis=0, return_inverse=True)
    place = place.reshape(-1)
    member = np.full(int(place.max(initial=-1)) + 1, -1, np.int64)
    member[place[: len(known)]] = distinct[:, 1]
    return member[place[len(known) :]]


def sequence_names(
    sequences: Rows, number: Rows, of: NDArray[np.str_], worlds: int, most: int
) -> NDArray[np.str_]:
    """The names of what stands in a sequence, in order, with spaces between them [worlds, most members]."""
    text = np.full(len(sequences), "", "<U1")
    for place in range(1, sequences.shape[1]):
        there = sequences[:, place] >= 0
        said = of[sequences[:, 0], np.maximum(sequences[:, place], 0)]
        text = np.where(there, np.char.add(np.char.add(text, " " if place > 1 else ""), said), text)
    names = np.full((worlds, most), "", text.dtype)
    names[sequences[:, 0], number] = text
    return names


def sequence_parts(sequences: Rows, number: Rows, of: Rows, most: int) -> Rows:
    """The part of each sequence [worlds, most members]: the last one that something in it is in."""
    held = of[sequences[:, [0]], np.maximum(sequences[:, 1:], 0)]
    part = np.where(sequences[:, 1:] >= 0, held, -1).max(axis=1, initial=-1)
    parts = np.full((len(of), most), -1, np.int64)
    parts[sequences[:, 0], number] = part
    return parts
