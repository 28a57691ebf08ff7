"""What follows from facts, what is false, what is contradicted: everything is tried until nothing changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.compiler.judge.reading import World

Fact = tuple[str, tuple[str, ...]]
"""A relation and its arguments: names, values, or the first cell of a table's row."""


def opposite(world: World, table: str, cell: str) -> str:
    """The first cell of the row that mirrors the row with this first cell."""
    return next(row[1] for row in world.tables[table][1] if row[0] == cell)


def steps(world: World, facts: Sequence[Fact]) -> Iterator[tuple[Fact, str, tuple[Fact, ...]]]:
    """Every fact that one application of a rule or trait gives: (fact, name of the rule, premises)."""
    by_relation: dict[str, list[Fact]] = {name: [] for name in world.relations}
    for fact in facts:
        by_relation[fact[0]].append(fact)
    for name, relation in world.relations.items():
        for fact in by_relation[name]:
            a, b, *rest = (*fact[1], "")
            rest = rest[:-1]
            if "symmetric" in relation.traits:
                yield (name, (b, a, *rest)), f"symmetric {name}", (fact,)
            if relation.converse is not None:
                turned = [b, a, *rest]
                type = relation.arguments[relation.converse][1]
                turned[relation.converse] = opposite(world, type, turned[relation.converse])
                yield (name, tuple(turned)), f"converse {name}", (fact,)
            if "transitive" in relation.traits:
                for other in by_relation[name]:
                    if other[1][0] == b and list(other[1][2:]) == rest:
                        yield (name, (a, other[1][1], *rest)), f"transitive {name}", (fact, other)
    for rule in world.rules:
        for binding, premises in _matches(rule.body, by_relation, {}):
            head = tuple(binding[variable] for variable in rule.head[1])
            yield (rule.head[0], head), f"rule {rule.head[0]}", premises


def _matches(
    body: list[tuple[str, list[str]]], facts: dict[str, list[Fact]], binding: dict[str, str]
) -> Iterator[tuple[dict[str, str], tuple[Fact, ...]]]:
    if not body:
        yield binding, ()
        return
    (relation, variables), rest = body[0], body[1:]
    for fact in facts[relation]:
        extended = dict(binding)
        if all(extended.setdefault(v, value) == value for v, value in zip(variables, fact[1], strict=True)):
            for whole, premises in _matches(rest, facts, extended):
                yield whole, (fact, *premises)


def closure(world: World, stated: Sequence[Fact]) -> dict[Fact, int]:
    """All that follows from stated facts, and how many of them stand at the leaves of a smallest proof."""
    size = dict.fromkeys(stated, 1)
    while True:
        better: dict[Fact, int] = {}
        for fact, _, premises in steps(world, list(size)):
            total = sum(size[premise] for premise in premises)
            if total < better.get(fact, size.get(fact, total + 1)):
                better[fact] = total
        if not better:
            return size
        size.update(better)


def is_false(world: World, known: dict[Fact, int], fact: Fact) -> bool:
    """Whether a fact is provably false: not merely that it does not follow."""
    name, arguments = fact
    relation = world.relations[name]
    if fact in known:
        return False
    if "complete" in relation.traits:
        return True
    if len(arguments) < 2:
        return False
    a, b, *rest = arguments
    if relation.traits & {"asymmetric", "acyclic"} and ((name, (b, a, *rest)) in known or a == b):
        return True
    if "irreflexive" in relation.traits and a == b:
        return True
    others = [other for relation_name, other in known if relation_name == name and list(other[2:]) == rest]
    return ("functional" in relation.traits and any(other[0] == a for other in others)) or (
        "injective" in relation.traits and any(other[1] == b for other in others)
    )


def violated(world: World, known: dict[Fact, int]) -> set[tuple[str, str]]:
    """Which traits of which relations the facts contradict."""
    found = set()
    for name, relation in world.relations.items():
        facts = [arguments for other, arguments in known if other == name]
        pairs = {(a[0], a[1], *a[2:]) for a in facts if len(a) > 1}
        loop = any(pair[0] == pair[1] for pair in pairs)
        turned = any((b, a, *rest) in pairs for a, b, *rest in pairs)
        reached = {(pair[0], pair[1]) for pair in pairs}
        while more := {(a, d) for a, b in reached for c, d in reached if b == c} - reached:
            reached |= more
        problems = {
            "irreflexive": loop,
            "asymmetric": loop or turned,
            "acyclic": any(a == b for a, b in reached),
            "functional": len({(p[0], *p[2:]) for p in pairs}) < len(pairs),
            "injective": len({(p[1], *p[2:]) for p in pairs}) < len(pairs),
        }
        found |= {(name, trait) for trait, bad in problems.items() if bad and trait in relation.traits}
    return found
