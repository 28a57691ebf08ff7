"""Which facts a test asks about: stated or derived ones, chosen by `where`, of a depth, so many of them."""

from __future__ import annotations

import re

import numpy as np

from wug.compiler.diagnosis.diagnostics import Note, Report
from wug.compiler.draw import permute
from wug.compiler.experiment import Test
from wug.compiler.facts import Ints, Rows
from wug.compiler.inferring.proofs import Proofs, describe_row, stated_rows
from wug.compiler.populating.drawn import Drawn, Mask
from wug.compiler.updating.stale import state_of
from wug.compiler.world import Relation


def asked_rows(test: Test, relation: Relation, drawn: Drawn) -> Rows:
    """The facts of a relation that `stated` or `derived`, `where` and their change choose: rows of its
    closure."""
    closure = drawn.closures[relation.name]
    rows = stated_rows(closure) if test.facts == "stated" else np.flatnonzero(closure.rule >= 0)
    rows = rows[drawn.chosen(relation, rows, test.where)]
    if not test.change:
        return rows
    return rows[state_of(drawn, relation.name, test.varied, rows) == test.change]


def question_about(test: Test, relation: Relation, pair: tuple[str, str]) -> str:
    """What a test asks about a pair of which every statement is offered."""
    named = {argument.name: text for argument, text in zip(relation.arguments, pair, strict=True)}
    return re.sub(r"\{([^{}]*)\}", lambda slot: named[slot.group(1)], test.ask.rstrip())


def item_number(of: Ints) -> Rows:
    """0, 1, 2, ... within each world."""
    order = np.argsort(of, kind="stable")
    starts = np.searchsorted(of[order], of[order], side="left")
    number = np.empty(len(of), np.int64)
    number[order] = np.arange(len(of)) - starts
    return number


def deep_enough(test: Test, depth: Rows) -> Mask:
    """Which items rest on as many trained facts as the test asks for."""
    low, high = test.depth
    return (depth >= low) & (depth <= high)


def drawn_few(test: Test, drawn: Drawn, of: Ints) -> Mask:
    """Which items are asked where a test has at most so many in each world: a drawn choice."""
    if not test.count:
        return np.ones(len(of), bool)
    counts = np.bincount(of, minlength=len(drawn.seeds))
    place = permute(drawn.seeds[of], f"{test.name}/count", item_number(of), counts[of])
    return place < test.count


def check_taught(
    test: Test, relation: Relation, rows: Rows, depth: Rows, drawn: Drawn, report: Report
) -> bool:
    """Report facts that do not follow from what is trained (W0505): no arm could know them."""
    unknown = rows[depth == 0]
    if not len(unknown):
        return True
    world, row = drawn.experiment.world, int(unknown[0])
    fact = describe_row(world, drawn.populated, relation, drawn.closures[relation.name], row)
    trained = {train.relation: drawn.trained_rows(train) for train in drawn.experiment.trains}
    proofs = Proofs(world, drawn.populated, drawn.closures)
    behind = proofs.leaves(relation.name, row)
    missing = [
        (name, at) for name, at in behind if name not in trained or int(at) not in set(trained[name].tolist())
    ]
    notes = [Note(proofs.text(relation.name, row))]
    help = "ask for less with 'where', or train more"
    if missing:
        name, at = missing[0]
        lacking = describe_row(world, drawn.populated, world.relations[name], drawn.closures[name], at)
        notes.append(Note(f"{lacking} is not trained"))
        if name not in trained:
            help = f"add: train {name} in FORM"
    report.add(
        "W0505",
        f"{len(unknown):,} of {len(rows):,} answers of test '{test.name}' do not follow from what is "
        f"trained; {fact} is one",
        test.span,
        notes=notes,
        help=help,
    )
    return False
