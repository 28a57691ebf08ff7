"""Fresh little worlds for episodes: as many facts as pretraining asks for, and nothing contradicts what is
declared."""

from __future__ import annotations

import dataclasses
from typing import NoReturn

import numpy as np

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, below, draw, permute
from wug.compiler.experiment import Episodes, Experiment
from wug.compiler.facts import Closure, Facts, Populated, Rows
from wug.compiler.inferring.constraints import check_constraints, contradictory
from wug.compiler.inferring.infer import infer
from wug.compiler.inferring.inference import inferences
from wug.compiler.populating.fresh_sizes import fact_weights
from wug.compiler.populating.populate import member_counts, populate_fresh
from wug.compiler.populating.sheets import Sheet
from wug.compiler.world import Relation, World

TRIES = 100
"""How often a fresh world that contradicts what is declared is drawn again."""


def fresh(
    experiment: Experiment,
    episodes: Episodes,
    sheets: dict[str, Sheet],
    seeds: Words,
    facts: tuple[int, int],
    report: Report,
    who: str = "pretraining",
) -> tuple[Populated, dict[str, Closure]]:
    """Fresh worlds of episodes in which `facts` (low, high) facts are known, and what follows from those.
    `who` is for whom they are.

    None contradicts what is declared: one that does is drawn again with as many facts, until it does not. All
    are drawn together once more then, because a few populations look at how large the largest world is.
    """
    low, high = facts
    known = low + below(draw(seeds, "facts", 0), high - low + 1)
    chosen, tries = seeds.copy(), 0
    while True:
        populated, closures = _drawn(experiment, episodes, sheets, chosen, known, high, report)
        left = np.flatnonzero(contradictory(experiment.world, populated, closures, report))
        if not len(left):
            return populated, closures
        while len(left):
            if tries == TRIES:
                _explain(experiment.world, populated, closures, who, report)
            tries += 1
            chosen[left] = draw(seeds[left], "again", tries)
            some, follows = _drawn(experiment, episodes, sheets, chosen[left], known[left], high, report)
            left = left[contradictory(experiment.world, some, follows, report)]


def _explain(
    world: World, populated: Populated, closures: dict[str, Closure], who: str, report: Report
) -> NoReturn:
    """Report that no fresh world keeps to what is declared, with a contradiction and its proofs."""
    found = Report()
    check_constraints(world, populated, closures, found)
    clash = found.items[0]
    message = f"{who} drew {TRIES + 1} worlds that contradict what is declared: {clash.message}"
    help = "lower 'facts' of 'pretrain', or 'exclude' a relation from it" if who == "pretraining" else ""
    report.fail(clash.code, message, clash.span, notes=clash.notes, help=help)


def _drawn(
    experiment: Experiment,
    episodes: Episodes,
    sheets: dict[str, Sheet],
    seeds: Words,
    known: Rows,
    high: int,
    report: Report,
) -> tuple[Populated, dict[str, Closure]]:
    """Fresh worlds in which so many facts are known, at most `high` of any, and what follows from those.

    A world has a third more facts than are known of it: otherwise a model could learn what is missing from
    the regularity of worlds (that each word stands beside its mirror, say) instead of reading what is there.
    """
    total = known + known // 3
    shown = shown_relations(experiment, episodes)
    relations = [relation for relation in shown if relation.population is not None]
    weights = np.array(
        fact_weights(experiment.world, relations, member_counts(experiment.world, sheets)), np.int64
    )
    couples = np.arange((high + high // 3 + 1) // 2)[None, :]
    ticket = below(draw(seeds[:, None], "relation", couples), int(weights.sum()))
    choice = np.searchsorted(np.cumsum(weights), ticket, side="right")
    # facts come in couples, so that a mirrored table is balanced
    size = np.clip(total[:, None] - 2 * couples, 0, 2)
    counts = {r.name: np.where(choice == i, size, 0).sum(axis=1) for i, r in enumerate(relations)}
    never = _never_said(experiment, episodes)
    whole = populate_fresh(experiment.world, seeds, counts, sheets, report, never)
    populated = _known(experiment.world, whole, known, seeds)
    return populated, infer(experiment.world, populated, report)


def _known(world: World, populated: Populated, known: Rows, seeds: Words) -> Populated:
    """The same worlds with so many of their facts, drawn from all relations together; what names say of
    themselves is always known."""
    told = {name: each for name, each in populated.facts.items() if not world.relations[name].built_in}
    of = np.concatenate([each.world for each in told.values()])
    counts = np.bincount(of, minlength=len(seeds))
    order = np.argsort(of, kind="stable")
    number = np.empty(len(of), np.int64)
    number[order] = np.arange(len(of)) - (np.cumsum(counts) - counts)[of[order]]
    kept = permute(seeds[of], "known", number, counts[of]) < known[of]
    facts, first = dict(populated.facts), 0
    for name, each in told.items():
        mine = kept[first : first + len(each)]
        facts[name] = Facts(each.world[mine], each.arguments[mine])
        first += len(each)
    return dataclasses.replace(populated, facts=facts)


def shown_relations(experiment: Experiment, episodes: Episodes) -> list[Relation]:
    """The trained relations that episodes may hold, each once."""
    left_out = {relation for relation, form in episodes.exclude if not form}
    names = dict.fromkeys(t.relation for t in experiment.trains if t.relation not in left_out)
    return [experiment.world.relations[name] for name in names]


def _never_said(experiment: Experiment, episodes: Episodes) -> frozenset[str]:
    """The composed types that nothing an episode says, and nothing that this follows from, has to do with."""
    world = experiment.world
    left_out = {relation for relation, form in episodes.exclude if not form}
    needed = {r.name for r in world.relations.values() if r.forms and r.name not in left_out}
    while more := {
        name
        for rule in inferences(world)
        if rule.head in needed
        for name, _ in (*rule.body.holds, *rule.body.absent)
        if name not in needed
    }:
        needed |= more
    types = {argument.type for name in needed for argument in world.relations[name].arguments}
    return frozenset(e.name for e in world.entities.values() if e.composed and e.name not in types)
