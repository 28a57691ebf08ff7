"""Members that are made of others, in drawn worlds: sequences, terms, and the sequences that rules join."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words
from wug.compiler.entities import Entity
from wug.compiler.facts import Populated, Rows
from wug.compiler.inferring.infer import joined_sequences
from wug.compiler.populating.partition import draw_parts
from wug.compiler.populating.sequences import draw_sequences, sequence_facts, sequence_names, sequence_parts
from wug.compiler.populating.terms import with_terms
from wug.compiler.world import World


def compose(world: World, populated: Populated, seeds: Words, whole: bool, report: Report) -> Populated:
    """The same worlds with as many drawn terms and sequences as they have members of those types, and with
    all that these become. With `whole` all must be there, which is reported; fresh worlds may have fewer."""
    composed = [entity for entity in world.entities.values() if entity.composed]
    if not composed:
        return populated
    wanted = populated.counts
    none = np.zeros(len(seeds), np.int64)
    empty = np.empty((len(seeds), 0), "<U1")
    populated = dataclasses.replace(
        populated,
        counts=populated.counts | {entity.name: none for entity in composed},
        names=populated.names | {entity.name: empty for entity in composed},
    )
    for entity in composed:
        if entity.sequence is not None and entity.count:
            populated = _drawn(world, entity, populated, seeds, wanted[entity.name], whole, report)
        elif entity.terms is not None:
            populated = with_terms(world, entity, populated, seeds, wanted[entity.name], whole, report)
    for entity in composed:
        if entity.sequence is not None and not entity.count:
            rows = np.unique(joined_sequences(world, populated, entity.name, report), axis=0)
            counted = np.bincount(rows[:, 0], minlength=len(seeds))
            number = np.arange(len(rows)) - (np.cumsum(counted) - counted)[rows[:, 0]]
            populated = _with_sequences(world, entity, populated, seeds, rows, number)
    return populated


def fresh_count(entity: Entity, counts: Mapping[str, Rows]) -> Rows:
    """How many composed members are drawn in fresh worlds with so many members of each type [worlds]."""
    of = entity.terms.atoms if entity.terms else entity.sequence.of if entity.sequence else ""
    return np.minimum(entity.count, 2 * counts[of])


def _drawn(
    world: World,
    entity: Entity,
    populated: Populated,
    seeds: Words,
    wanted: Rows,
    whole: bool,
    report: Report,
) -> Populated:
    assert entity.sequence is not None
    rows, number = draw_sequences(entity, seeds, populated.counts[entity.sequence.of], wanted)
    have = np.bincount(rows[:, 0], minlength=len(seeds))
    if whole and bool((have < wanted).any()):
        message = f"{entity.count:,} '{entity.name}' are asked for; {int(have.min()):,} could be drawn"
        help = f"lower the count, or allow longer ones, or more '{entity.sequence.of}'"
        report.fail("W0401", message, entity.span, help=help)
    return _with_sequences(world, entity, populated, seeds, rows, number)


def _with_sequences(
    world: World, entity: Entity, populated: Populated, seeds: Words, rows: Rows, number: Rows
) -> Populated:
    assert entity.sequence is not None
    of = entity.sequence.of
    counts = np.bincount(rows[:, 0], minlength=len(seeds)).astype(np.int64)
    most = int(counts.max(initial=0))
    parts = draw_parts(entity, seeds, counts)
    if entity.partition == world.entities[of].partition:
        parts = sequence_parts(rows, number, populated.parts[of], most)
    names = sequence_names(rows, number, populated.names[of], len(seeds), most)
    facts = sequence_facts(rows, number, populated.values["integer"])
    return dataclasses.replace(
        populated,
        counts=populated.counts | {entity.name: counts},
        names=populated.names | {entity.name: names},
        facts=populated.facts | {entity.name: facts},
        parts=populated.parts | {entity.name: parts},
    )
