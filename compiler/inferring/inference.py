"""Rules as they are applied: those of the world, and those that traits stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.facts import Populated
from wug.compiler.language.source import Span
from wug.compiler.rules import Body, Constant, Count, Join, Literal, Term
from wug.compiler.world import Relation, World

Atom = tuple[str, tuple[int, ...]]
"""A relation and its terms; a constant is a variable too, whose value is known from the start."""


@dataclass(frozen=True)
class Conditions:
    """A body as it is met. `constants` are the variables that stand for constants."""

    holds: tuple[Atom, ...]
    absent: tuple[Atom, ...]
    comparisons: tuple[tuple[int, str, int], ...]
    constants: dict[int, Constant]

    def variables(self) -> frozenset[int]:
        return frozenset(term for _, terms in self.holds for term in terms) | set(self.constants)


@dataclass(frozen=True)
class Inference:
    """A rule as it is applied.

    `counted` is the variable that the head counts, or `joined` what it joins, at place `count_place`, where
    no variable stands.
    `mirror` is the head's place where a table's row turns into its mirror, and the mirror of each row.
    With `stepwise` the first fact of the body need only be one that this rule does not give.
    """

    name: str
    head: str
    head_terms: tuple[int, ...]
    body: Conditions
    span: Span
    counted: int | None = None
    count_place: int = -1
    mirror: tuple[int, tuple[int, ...]] | None = None
    stepwise: bool = False
    joined: Join | None = None

    @property
    def turns(self) -> bool:
        """Whether it says a fact of one relation otherwise, such as turned round."""
        return [name for name, _ in self.body.holds] == [self.head]


def inferences(world: World) -> tuple[Inference, ...]:
    """The world's rules, those that traits stand for first."""
    found: list[Inference] = []
    for relation in world.relations.values():
        arity = len(relation.arguments)
        rest = tuple(range(2, arity))
        turned = (1, 0, *rest)
        if "symmetric" in relation.traits:
            found.append(_trait(relation, "symmetric", turned, [(0, 1, *rest)]))
        if "transitive" in relation.traits:
            chain = [(0, arity, *rest), (arity, 1, *rest)]
            found.append(_trait(relation, "transitive", (0, 1, *rest), chain, stepwise=True))
        if relation.converse is not None:
            table = world.tables[relation.arguments[relation.converse].type]
            mirror = (relation.converse, table.mirror)
            found.append(_trait(relation, "converse", turned, [(0, 1, *rest)], mirror))
    for rule in world.rules:
        body, terms = conditions(rule.body, len(rule.variables), rule.head.terms)
        places = [place for place, term in enumerate(rule.head.terms) if isinstance(term, Count | Join)]
        found.append(
            Inference(
                rule.name or f"rule {rule.head.relation}",
                rule.head.relation,
                terms,
                body,
                rule.span,
                rule.counts,
                places[0] if places else -1,
                joined=rule.joins,
            )
        )
    return tuple(found)


def conditions(body: Body, variables: int, head: Sequence[Term] = ()) -> tuple[Conditions, tuple[int, ...]]:
    """A body of so many variables as it is met, and the head's terms in its variables."""
    numbers: dict[Constant, int] = {}

    def number(term: Term) -> int:
        if isinstance(term, Constant):
            return numbers.setdefault(term, variables + len(numbers))
        return -1 if isinstance(term, Count | Join) else term

    def atoms(literals: tuple[Literal, ...]) -> tuple[Atom, ...]:
        return tuple((each.relation, tuple(map(number, each.terms))) for each in literals)

    holds, absent = atoms(body.holds), atoms(body.absent)
    comparisons = tuple((number(each.left), each.op, number(each.right)) for each in body.comparisons)
    terms = tuple(map(number, head))
    constants = {variable: constant for constant, variable in numbers.items()}
    return Conditions(holds, absent, comparisons, constants), terms


def _trait(
    relation: Relation,
    name: str,
    head: tuple[int, ...],
    body: list[tuple[int, ...]],
    mirror: tuple[int, tuple[int, ...]] | None = None,
    stepwise: bool = False,
) -> Inference:
    holds = tuple((relation.name, terms) for terms in body)
    met = Conditions(holds, (), (), {})
    return Inference(
        f"{name} {relation.name}",
        relation.name,
        head,
        met,
        relation.span,
        mirror=mirror,
        stepwise=stepwise,
    )


def constant_numbers(
    world: World, populated: Populated, constants: dict[int, Constant]
) -> dict[int, int] | None:
    """What constants are in these worlds, by variable; nothing where one of them is not there.

    That is so in fresh worlds only, whose members have other names than those of a table of the user's own.
    """
    found: dict[int, int] = {}
    for variable, constant in constants.items():
        if constant.type in world.tables:
            places = [i for i, row in enumerate(world.tables[constant.type].rows) if row[0] == constant.text]
        elif constant.type in populated.values:
            places = [populated.values[constant.type].index(constant.text)]
        else:
            names = populated.names[constant.type]
            places = np.flatnonzero(names[0] == constant.text).tolist() if len(names) else []
        if not places or places[0] < 0:
            return None
        found[variable] = places[0]
    return found
