"""A proof as a tree: what is claimed, below it what it was given, down to what is stated.

A fact that was proved above is named and not proved again, and neither is one that was stated.
"""

from __future__ import annotations

from dataclasses import dataclass

from wug.compiler.asking.questions import Items
from wug.compiler.draft import Draft
from wug.compiler.inferring.proofs import Proof, Proofs, absent_text, describe_row

STATED, ABOVE, ABSENT = "stated", "shown above", "does not hold"
COMPARED, COUNTED = "compared", "counted"
MOST_COUNTED = 8
"""So many of what is counted are named."""


@dataclass(frozen=True)
class Step:
    """One line: the branches before it, the fact, and why it holds (or that it does not)."""

    branches: str
    fact: str
    why: str

    @property
    def text(self) -> str:
        return self.branches + self.fact


def proof_tree(proofs: Proofs, relation: str, row: int, most: int = 24) -> list[Step]:
    """The proof of a fact, line by line, at most so many of them."""
    steps: list[Step] = []
    shown: set[tuple[str, int]] = set()
    _grow(proofs, relation, row, "", "", steps, shown, most)
    if len(steps) > most:
        steps = [*steps[:most], Step(steps[most].branches, "...", "")]
    return steps


def item_tree(draft: Draft, items: Items, item: int) -> list[Step]:
    """Why an item's answer is right: the proof from what is trained, or that there is none."""
    if items.given:
        return [Step("", "given", "")]
    name, row = str(items.relation[item]), int(items.row[item])
    if row < 0:
        return [Step("", "nothing that is trained tells", "")]
    facts, known = draft.closures[name].facts, draft.taught
    at = int(known.rows(name, facts.world[[row]], facts.arguments[[row]])[0])
    if at < 0:
        return [Step("", "nothing that is trained tells", "")]
    return proof_tree(Proofs(draft.experiment.world, draft.populated, known.closures), name, at)


def _grow(
    proofs: Proofs,
    relation: str,
    row: int,
    branch: str,
    below: str,
    steps: list[Step],
    shown: set[tuple[str, int]],
    most: int,
) -> None:
    """Add a fact behind `branch` and its premises, whose branches begin with `below`."""
    if len(steps) > most:
        return
    fact = describe_row(
        proofs.world, proofs.populated, proofs.world.relations[relation], proofs.closures[relation], row
    )
    proof = proofs.of(relation, row)
    if proof is None or (relation, row) in shown:
        steps.append(Step(branch, fact, STATED if proof is None else ABOVE))
        return
    shown.add((relation, row))
    steps.append(Step(branch, fact, f"by {proof.rule.name}"))
    of = int(proofs.closures[relation].facts.world[row])
    rest = _without_proof(proofs, proof, of)
    last = len(proof.premises) + len(rest) - 1
    for place, (name, at) in enumerate(proof.premises):
        corner, line = ("└─ ", "   ") if place == last else ("├─ ", "│  ")
        _grow(proofs, name, at, below + corner, below + line, steps, shown, most)
    for place, (text, why) in enumerate(rest, len(proof.premises)):
        steps.append(Step(below + ("└─ " if place == last else "├─ "), text, why))


def _without_proof(proofs: Proofs, proof: Proof, of: int) -> list[tuple[str, str]]:
    """What a step rests on beside facts: those that do not hold, what is compared, and what is counted."""
    absent = [absent_text(proofs.world, proofs.populated, name, of, terms) for name, terms in proof.absent]
    found = [(text, ABSENT) for text in absent]
    rule = proof.rule
    if rule.counted is None and not rule.body.comparisons:
        return found
    bindings = proofs.bindings(rule, proof.premises)
    for bound in bindings:
        for left, op, right in rule.body.comparisons:
            sides = (proofs.value(rule, side, bound[side], of) for side in (left, right))
            found.append((f" {op} ".join(sides), COMPARED))
    if rule.counted is not None:
        counted = dict.fromkeys(bound[rule.counted] for bound in bindings)
        named = [proofs.value(rule, rule.counted, each, of) for each in counted]
        type = proofs.type_of(rule, rule.counted)
        what = "members" if type in proofs.world.entities else "values"
        more = ", ..." if len(named) > MOST_COUNTED else ""
        what = what if len(named) > 1 else what.removesuffix("s")
        text = f"{len(named):,} {what}: {', '.join(named[:MOST_COUNTED])}{more}"
        found.append((text, COUNTED))
    return list(dict.fromkeys(found))


def aligned(steps: list[Step], width: int = 100) -> list[tuple[str, str]]:
    """Each line as the fact, padded so that the reasons stand in a column, and the reason."""
    widest = min(max((len(step.text) for step in steps), default=0), width)
    return [(step.text.ljust(widest + 2), step.why) for step in steps]
