"""Terms of drawn worlds: which are drawn, all that these are made of and rewritten to, and their parts.

The members of a type of terms are first those that are drawn, then their parts, what rewriting makes of
them, and the parts of that. So every step of a rewriting is a fact between members, and the rules that
rewritings stand for find it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, draw, permute
from wug.compiler.entities import Entity
from wug.compiler.facts import Facts, Populated, Rows
from wug.compiler.populating.partition import part_sizes
from wug.compiler.populating.shapes import ATOM, Rewriter, Shape, shapes
from wug.compiler.world import World

Columns = NDArray[np.int64]
"""Terms of one shape [terms, 1 + atoms]: their world, then their atoms."""


@dataclass(frozen=True)
class _Members:
    """All members of a type of terms: those of each shape, and their numbers within their worlds."""

    terms: dict[Shape, Columns]
    number: dict[Shape, Rows]
    counts: Rows  # [worlds]

    def find(self, shape: Shape, asked: Columns) -> Rows:
        """The numbers of some terms of a shape, all of which are members."""
        known = self.terms[shape]
        _, place = np.unique(np.concatenate([known, asked]), axis=0, return_inverse=True)
        place = place.reshape(-1)
        number = np.empty(int(place.max(initial=-1)) + 1, np.int64)
        number[place[: len(known)]] = self.number[shape]
        return number[place[len(known) :]]


def with_terms(
    world: World,
    entity: Entity,
    populated: Populated,
    seeds: Words,
    wanted: Rows,
    whole: bool,
    report: Report,
) -> Populated:
    """The same worlds with so many drawn terms [worlds]. With `whole` all must be there and have results,
    which is reported; fresh worlds may have fewer."""
    terms = entity.terms
    assert terms is not None
    atoms = populated.counts[terms.atoms]
    drawn, order = _drawn(entity, seeds, atoms, wanted)
    short = np.bincount(order[:, 0], minlength=len(seeds)) < wanted
    if whole and bool(short.any()):
        have = int(np.bincount(order[:, 0], minlength=len(seeds)).min())
        message = f"{entity.count:,} '{entity.name}' are asked for; {have:,} could be drawn"
        help = "lower the count, or allow more atoms, operators or depth"
        report.fail("W0401", message, entity.span, help=help)
    members = _numbered(_closed(world, entity, populated, drawn, whole, report), drawn, order, len(seeds))
    return dataclasses.replace(
        populated,
        counts={**populated.counts, entity.name: members.counts},
        names={**populated.names, entity.name: _names(entity, members, populated, report)},
        facts={**populated.facts, **_built_in(world, entity, members)},
        parts={**populated.parts, entity.name: _parts(entity, members, seeds)},
    )


def _drawn(entity: Entity, seeds: Words, atoms: Rows, wanted: Rows) -> tuple[dict[Shape, Columns], Columns]:
    """Distinct terms of each shape, and the place of each among the drawn ones of its world
    [terms, (world, place)], shape after shape. Depths, and shapes within them, are used evenly."""
    assert entity.terms is not None
    by_depth = shapes(entity.terms, entity.name)
    place = np.arange(int(wanted.max(initial=0)), dtype=np.int64)[None, :]
    kept = place < wanted[:, None]
    found, orders = {}, []
    for depth, choice in enumerate(by_depth):
        choice = sorted(choice, key=lambda shape: -shape.atoms)
        here = kept & (place % len(by_depth) == depth)
        turn = place // len(by_depth)
        lap_of, start, size = _laps(choice, int(atoms.max(initial=1)), int(turn.max(initial=0)) + 1)
        lap = lap_of[turn]
        within = np.minimum(turn - start[lap], size[lap] - 1)
        lap_seed = draw(seeds[:, None], f"{entity.name}/shapes/{depth}", lap)
        chosen = permute(lap_seed, "lap", within, size[lap])
        here = here & (turn - start[lap] < size[lap])
        for number, shape in enumerate(choice):
            of, index = np.nonzero(here & (chosen == number))
            many, own_lap = _power(atoms[of], shape.atoms), lap[0, index]
            of, index, own_lap, many = (each[own_lap < many] for each in (of, index, own_lap, many))
            ticket = permute(seeds[of], f"{entity.name}/{depth}/{number}", own_lap, many)
            columns = [of]
            for _ in range(shape.atoms):
                columns.append(ticket % atoms[of])
                ticket = ticket // atoms[of]
            found[shape] = np.stack(columns, axis=1)
            orders.append(np.stack([of, index], axis=1))
    return found, np.concatenate([np.empty((0, 2), np.int64), *orders])


def _laps(choice: list[Shape], atoms: int, turns: int) -> tuple[Rows, Rows, Rows]:
    """The lap of each turn, and where each lap starts and how many turns it has: as many as there are shapes
    that still have terms left. `choice` has the shapes of most terms first."""
    many = _power(np.full(len(choice), atoms), np.array([shape.atoms for shape in choice]))
    sizes: list[int] = []
    while sum(sizes) < turns and (left := int((many > len(sizes)).sum())):
        sizes.append(left)
    size = np.array(sizes or [1], np.int64)
    start = np.cumsum(size) - size
    lap = np.searchsorted(start, np.arange(turns), side="right").astype(np.int64) - 1
    return lap, start, size


def _power(base: Rows, exponent: Rows | int) -> Rows:
    """A power, where it is not too large to be drawn from; else a large number."""
    return np.minimum(base.astype(float) ** exponent, 2.0**61).astype(np.int64)


def _closed(
    world: World,
    entity: Entity,
    populated: Populated,
    drawn: dict[Shape, Columns],
    whole: bool,
    report: Report,
) -> dict[Shape, Columns]:
    """The drawn terms, their parts, their results and the parts of these, each once, in order."""
    found: dict[Shape, list[Columns]] = {}

    def add(shape: Shape, terms: Columns) -> None:
        found.setdefault(shape, []).append(terms)
        for part, span in shape.spans():
            add(part, terms[:, [0, *range(1 + span.start, 1 + span.stop)]])

    functions = _functions(world, entity, populated, whole, report)
    rewriter = Rewriter.of(world.rewritings)
    relations = [r.name for r in world.relations.values() if r.arguments[0].type == entity.name]
    rewritten = [name for name in relations if (name, -1) in rewriter.rewritings]
    for shape, terms in drawn.items():
        add(shape, terms)
        for relation in rewritten:
            result = rewriter.rewrite(relation, shape)
            columns = [terms[:, 0]]
            for atom, applied in result.atoms:
                column = terms[:, 1 + atom]
                for name in applied:
                    column = np.where(column < 0, -1, functions[name][terms[:, 0], column])
                columns.append(column)
            made = np.stack(columns, axis=1)
            add(result.shape, made[(made >= 0).all(axis=1)])
    return {shape: np.unique(np.concatenate(parts), axis=0) for shape, parts in found.items()}


def _functions(
    world: World, entity: Entity, populated: Populated, whole: bool, report: Report
) -> dict[str, Rows]:
    """What each relation between atoms that is populated gives for each atom [worlds, atoms], -1 for none."""
    assert entity.terms is not None
    atoms = entity.terms.atoms
    found: dict[str, Rows] = {}
    for name in _used(world):
        relation = world.relations[name]
        if relation.arguments[0].type != atoms:
            continue
        facts, counts = populated.facts[name], populated.counts[atoms]
        table = np.full((populated.worlds, int(counts.max(initial=1))), -1, np.int64)
        table[facts.world, facts.arguments[:, 0]] = facts.arguments[:, 1]
        found[name] = table
        there = np.arange(table.shape[1])[None, :] < counts[:, None]
        missing = int((there & (table < 0)).sum(axis=1).max(initial=0))
        if whole and missing:
            message = f"'{name}' has nothing for {missing:,} '{atoms}', so their terms have no result"
            help = f"populate '{name}' so that each '{atoms}' is first in one fact"
            report.fail("W0401", message, relation.span, help=help)
    return found


def _used(world: World) -> list[str]:
    """The relations that rewritings apply, each once."""
    found: dict[str, None] = {}
    shape = ATOM
    rewriter = Rewriter.of(world.rewritings)
    for relation, operator in rewriter.rewritings:
        if operator < 0:
            for _, applied in rewriter.rewrite(relation, shape).atoms:
                found.update(dict.fromkeys(applied))
    return list(found)


def _numbered(
    terms: dict[Shape, Columns], drawn: dict[Shape, Columns], order: Columns, worlds: int
) -> _Members:
    """Numbers for all members: the drawn ones in their order, then the others by shape and atoms."""
    number = {shape: np.full(len(columns), -1, np.int64) for shape, columns in terms.items()}
    first = np.bincount(order[:, 0], minlength=worlds)
    at = 0
    for shape, columns in drawn.items():
        _, place = np.unique(np.concatenate([terms[shape], columns]), axis=0, return_inverse=True)
        place = place.reshape(-1)[len(terms[shape]) :]  # the members are distinct and in order
        rank = np.argsort(np.argsort(order[:, 1] + order[:, 0] * (order[:, 1].max(initial=0) + 1)))
        within = rank - (np.cumsum(first) - first)[order[:, 0]]
        number[shape][place] = within[at : at + len(columns)]
        at += len(columns)
    counts = first.copy()
    for shape, columns in terms.items():
        rest = np.flatnonzero(number[shape] < 0)
        of = columns[rest, 0]
        here = np.bincount(of, minlength=worlds)
        number[shape][rest] = counts[of] + np.arange(len(rest)) - (np.cumsum(here) - here)[of]
        counts = counts + here
    return _Members(terms, number, counts)


def _names(entity: Entity, members: _Members, populated: Populated, report: Report) -> NDArray[np.str_]:
    """How all terms read. Two that read the same are reported."""
    assert entity.terms is not None
    atoms = populated.names[entity.terms.atoms]
    texts: dict[Shape, NDArray[np.str_]] = {}
    for shape, columns in members.terms.items():
        text = np.full(len(columns), "", "<U1")
        for piece in shape.pieces(entity.terms):
            said = piece if isinstance(piece, str) else atoms[columns[:, 0], columns[:, 1 + piece]]
            text = np.char.add(text, said)
        texts[shape] = text
    width = max(text.dtype.itemsize // 4 for text in texts.values())
    names = np.full((populated.worlds, int(members.counts.max(initial=0))), "", f"<U{width}")
    for shape, text in texts.items():
        names[members.terms[shape][:, 0], members.number[shape]] = text
    for of in range(len(names) if populated.worlds <= _CHECKED else 0):
        mine = names[of, : members.counts[of]]
        distinct, count = np.unique(mine, return_counts=True)
        if len(distinct) < len(mine):
            message = f"two '{entity.name}' read the same: \"{distinct[count > 1][0]}\""
            report.fail("W0308", message, entity.span, help="put brackets around what an operator says")
    return names


_CHECKED = 100
"""Evaluation worlds are fewer than this, fresh ones more."""


def _built_in(world: World, entity: Entity, members: _Members) -> dict[str, Facts]:
    """What each term is composed of."""
    assert entity.terms is not None
    relations = [
        relation.name
        for relation in world.relations.values()
        if relation.built_in and relation.arguments[0].type == entity.name
    ]
    rows: dict[int, list[Columns]] = {operator: [] for operator in range(-1, len(relations) - 1)}
    for shape, columns in members.terms.items():
        own = [columns[:, 0], members.number[shape]]
        if shape == ATOM:
            own.append(columns[:, 1])
        for part, span in shape.spans():
            asked = columns[:, [0, *range(1 + span.start, 1 + span.stop)]]
            own.append(members.find(part, asked))
        rows[shape.operator].append(np.stack(own, axis=1))
    found = {}
    for operator, name in enumerate([*relations[-1:], *relations[:-1]], start=-1):
        arity = len(world.relations[name].arguments)
        facts = np.concatenate([np.empty((0, 1 + arity), np.int64), *rows[operator]])
        facts = facts[np.lexsort((facts[:, 1], facts[:, 0]))]
        found[name] = Facts(facts[:, 0].astype(np.int32), facts[:, 1:].astype(np.int32))
    return found


def _parts(entity: Entity, members: _Members, seeds: Words) -> Rows:
    """The part of every term, by the set of its operators: sets of one are in the first part, and so are
    atoms; the others are drawn. -1 where there is none, which is so of results with a set that no drawn term
    has."""
    parts = np.full((len(seeds), int(members.counts.max(initial=0))), -1, np.int64)
    if not entity.partition or entity.terms is None:
        return parts
    drawn = [shape for choice in shapes(entity.terms, entity.name) for shape in choice]
    sets = sorted(
        {part.operators for shape in drawn for part in shape.all()}, key=lambda s: (len(s), sorted(s))
    )
    single = sum(len(each) <= 1 for each in sets)
    weights = [part.weight for part in entity.partition]
    sizes = part_sizes(weights, np.array([max(0, len(sets) - 1)]))[0]
    sizes[0] = max(sizes[0], single - 1) + 1
    ends = np.cumsum(sizes)
    several = np.arange(max(0, len(sets) - single), dtype=np.int64)[None, :]
    order = permute(seeds[:, None], f"{entity.name}/partition", several, max(1, several.shape[1]))
    place = np.concatenate([np.broadcast_to(np.arange(single), (len(seeds), single)), single + order], axis=1)
    part = np.minimum((place[:, :, None] >= ends[None, None, :]).sum(axis=2), len(weights) - 1)
    for shape, columns in members.terms.items():
        of = columns[:, 0]
        if shape.operators in sets:
            parts[of, members.number[shape]] = part[of, sets.index(shape.operators)]
    return parts
