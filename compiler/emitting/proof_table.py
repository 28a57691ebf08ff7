"""Every fact of a world with its proof, as a table: what `proofs` holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from wug.compiler.facts import Closure, Ints, Populated, Rows
from wug.compiler.inferring.proofs import Proofs
from wug.compiler.saying.render import text_of
from wug.compiler.world import World

PART = 1 << 17
"""So many facts are put down at once."""

PROOFS = pa.schema(
    [
        ("fact", pa.int32()),
        ("relation", pa.string()),
        ("arguments", pa.list_(pa.string())),
        ("rule", pa.string()),
        ("premises", pa.list_(pa.int32())),
        ("absent", pa.list_(pa.list_(pa.string()))),
        ("size", pa.int32()),
    ]
)


class FactNumbers:
    """Numbers the facts of one world's closures, relation after relation."""

    def __init__(self, closures: Mapping[str, Closure], of: int) -> None:
        self.rows = {name: np.flatnonzero(c.facts.world == of) for name, c in closures.items()}
        self.first: dict[str, int] = {}
        total = 0
        for name, rows in self.rows.items():
            self.first[name] = total
            total += len(rows)

    def __call__(self, relation: str, row: int) -> int:
        return self.first[relation] + int(np.searchsorted(self.rows[relation], row))

    def of(self, relation: str, rows: Rows) -> Rows:
        """The numbers of some rows of a relation's closure."""
        return self.first[relation] + np.searchsorted(self.rows[relation], rows)


def proof_table(
    world: World, populated: Populated, closures: Mapping[str, Closure], numbers: FactNumbers
) -> pa.Table:
    """Every fact of one world, with the rule that gave it, from which facts, and which others do not hold."""
    every = proof_parts(world, populated, closures, numbers)
    return pa.concat_tables([PROOFS.empty_table(), *every])  # a world may have no relation


def proof_parts(
    world: World, populated: Populated, closures: Mapping[str, Closure], numbers: FactNumbers
) -> Iterator[pa.Table]:
    """The same, some rows at a time."""
    proofs = Proofs(world, populated, closures)
    for name, rows in numbers.rows.items():
        for first in range(0, len(rows), PART):
            yield _of_relation(name, rows[first : first + PART], proofs, numbers)


def _of_relation(name: str, rows: Rows, proofs: Proofs, numbers: FactNumbers) -> pa.Table:
    closure = proofs.closures[name]
    names = np.array([*(rule.name for rule in proofs.rules), ""])  # the last for what is stated
    columns = {
        "fact": numbers.of(name, rows),
        "relation": pa.array([name]).take(pa.array(np.zeros(len(rows), np.int32))),
        "arguments": _arguments(name, rows, proofs),
        "rule": names[closure.rule[rows]],
        "premises": _premises(name, rows, proofs, numbers),
        "absent": _absent(name, rows, proofs),
        "size": closure.size[rows],
    }
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in PROOFS}, PROOFS)


def _lists(many: Rows, flat: pa.Array) -> pa.ListArray:
    """Lists of so many of the values each, one behind the other."""
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(many)]), pa.int32()), flat)


def _arguments(name: str, rows: Rows, proofs: Proofs) -> pa.ListArray:
    facts, arguments = proofs.closures[name].facts, proofs.world.relations[name].arguments
    of, numbers = facts.world[rows], facts.arguments[rows]
    texts = [
        text_of(proofs.world, proofs.populated, each.type, 0, of, numbers[:, place])
        for place, each in enumerate(arguments)
    ]
    flat = np.stack(texts, axis=1).reshape(-1)
    return _lists(np.full(len(rows), len(arguments)), pa.array(flat, pa.string()))


def _premises(name: str, rows: Rows, proofs: Proofs, numbers: FactNumbers) -> pa.ListArray:
    """The numbers of the facts that each one was given."""
    closure = proofs.closures[name]
    derived = np.flatnonzero(closure.rule[rows] >= 0)
    given = closure.premises.take(rows[derived])
    many = np.zeros(len(rows), np.int64)
    many[derived] = given.many
    number = np.repeat(closure.rule[rows[derived]], given.many)
    place = np.arange(len(given.flat)) - np.repeat(given.start, given.many)
    flat = np.empty(len(given.flat), np.int64)
    for rule in np.unique(number).tolist():
        holds = proofs.rules[rule].body.holds
        of_rule = np.flatnonzero(number == rule)
        for turn, (relation, _) in enumerate(holds):
            mine = of_rule[place[of_rule] % len(holds) == turn]
            flat[mine] = numbers.of(relation, given.flat[mine])
    return _lists(many, pa.array(flat, pa.int32()))


def _absent(name: str, rows: Rows, proofs: Proofs) -> pa.ListArray:
    """The facts that do not hold, on whose absence each one rests: a relation and its arguments."""
    closure = proofs.closures[name]
    denying = [number for number, rule in enumerate(proofs.rules) if rule.body.absent]
    many = np.zeros(len(rows), np.int64)
    found: list[list[str]] = []
    for place in np.flatnonzero(np.isin(closure.rule[rows], denying)).tolist():
        proof = proofs.of(name, int(rows[place]))
        assert proof is not None, "a rule gave it"
        found += [_words(proofs, closure.facts.world[rows[[place]]], *each) for each in proof.absent]
        many[place] = len(proof.absent)
    return _lists(many, pa.array(found, pa.list_(pa.string())))


def _words(proofs: Proofs, of: Ints, relation: str, arguments: tuple[int, ...]) -> list[str]:
    """A relation and its arguments."""
    types = [argument.type for argument in proofs.world.relations[relation].arguments]
    given = [
        str(text_of(proofs.world, proofs.populated, type, 0, of, np.array([number], np.int32))[0])
        for type, number in zip(types, arguments, strict=True)
    ]
    return [relation, *given]
