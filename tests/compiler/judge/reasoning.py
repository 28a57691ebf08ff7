"""What follows from facts, what is false, what is contradicted: everything is tried until nothing changes."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.compiler.judge.reading import Body, Literal, Rule, World

Fact = tuple[str, tuple[str, ...]]
"""A relation and its arguments: names, values, or the first cell of a table's row."""

Way = tuple[tuple[Fact, ...], tuple[Fact, ...]]
"""How a body is met: the facts that hold, and those that do not."""


def opposite(world: World, table: str, cell: str) -> str:
    """The first cell of the row that mirrors the row with this first cell."""
    return next(row[1] for row in world.tables[table][1] if row[0] == cell)


@dataclass
class Step:
    """A fact that a rule or trait gives. It needs a way for each of its `needs`: the facts that the way rests
    on, and those that it denies. Only what is counted needs more than one."""

    fact: Fact
    rule: str
    needs: list[set[Way]]


def levels(world: World) -> dict[str, int]:
    """Relations that are denied or counted stand lower than those that are derived so."""
    level = dict.fromkeys(world.relations, 0)
    while True:
        before = dict(level)
        for rule in world.rules:
            head, counts = rule.head[0], any(term.startswith("count") for term in rule.head[1])
            for relation, _ in rule.body.holds:
                level[head] = max(level[head], level[relation] + counts)
            for relation, _ in rule.body.absent:
                level[head] = max(level[head], level[relation] + 1)
        if level == before:
            return level


def steps(world: World, facts: Sequence[Fact]) -> Iterator[Step]:
    """Every fact that one application of a rule or trait gives."""
    by_relation: dict[str, list[Fact]] = {name: [] for name in world.relations}
    for fact in facts:
        by_relation[fact[0]].append(fact)
    for name, relation in world.relations.items():
        for fact in by_relation[name]:
            a, b, *rest = (*fact[1], "")
            rest = rest[:-1]
            if "symmetric" in relation.traits:
                yield Step((name, (b, a, *rest)), f"symmetric {name}", [{((fact,), ())}])
            if relation.converse is not None:
                turned = [b, a, *rest]
                type = relation.arguments[relation.converse][1]
                turned[relation.converse] = opposite(world, type, turned[relation.converse])
                yield Step((name, tuple(turned)), f"converse {name}", [{((fact,), ())}])
            if "transitive" in relation.traits:
                for other in by_relation[name]:
                    if other[1][0] == b and list(other[1][2:]) == rest:
                        chained = (name, (a, other[1][1], *rest))
                        yield Step(chained, f"transitive {name}", [{((fact, other), ())}])
    known, places = set(facts), placed(facts)
    for rule in world.rules:
        name, terms = rule.head
        counted = next((term[5:].strip("( )") for term in terms if term.startswith("count")), None)
        if any(term.startswith("join") for term in terms):
            yield from joined(world, rule, matches(rule.body, by_relation, known, places))
            continue
        groups: dict[tuple[str, ...], dict[str, set[Way]]] = {}
        for binding, way in matches(rule.body, by_relation, known, places):
            head = tuple(term if term.startswith("count") else value(term, binding) for term in terms)
            if counted is None:
                yield Step((name, head), rule.label, [{way}])
            else:
                groups.setdefault(head, {}).setdefault(binding[counted], set()).add(way)
        for head, things in groups.items():
            fact = tuple(str(len(things)) if term.startswith("count") else term for term in head)
            yield Step((name, fact), rule.label, list(things.values()))


def joined(world: World, rule: Rule, found: Iterable[tuple[dict[str, str], Way]]) -> Iterator[Step]:
    """What stands at each place of the sequence that a body goes along, where every place has something."""
    name, terms = rule.head
    along, place, _ = next(
        t for relation, t in rule.body.holds if relation in world.sequences and t[0] in terms
    )
    thing = next(term[4:].strip("( )") for term in terms if term.startswith("join"))
    places: dict[tuple[str, ...], dict[int, dict[str, set[Way]]]] = {}
    for binding, way in found:
        head = tuple(thing if term.startswith("join") else value(term, binding) for term in terms)
        things = places.setdefault(head, {}).setdefault(int(binding[place]), {})
        things.setdefault(binding[thing], set()).add(way)
    for head, at in places.items():
        whole = head[terms.index(along)]
        length = sum(fact[0] in world.sequences and fact[1][0] == whole for fact in world.composed)
        if sorted(at) == list(range(1, length + 1)):
            assert all(len(things) == 1 for things in at.values()), "two things at one place"
            said = " ".join(next(iter(at[number])) for number in range(1, length + 1))
            fact = tuple(said if term.startswith("join") else h for term, h in zip(terms, head, strict=True))
            yield Step((name, fact), rule.label, [at[n][next(iter(at[n]))] for n in range(1, length + 1)])


def value(term: str, binding: dict[str, str]) -> str:
    """What a term stands for: a text in quotes, a number or day as it is, else a variable's value."""
    return term.strip('"') if term[0] in '"0123456789-' else binding[term]


def compares(left: str, sign: str, right: str) -> bool:
    """Whether two values compare so; numbers by size, days as they are written."""
    number = r"-?\d+(\.\d+)?"
    a, b = (float(x) if re.fullmatch(number, x) else x for x in (left, right))
    return {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


def matches(
    body: Body, facts: dict[str, list[Fact]], known: Container[Fact], places: Places
) -> Iterator[tuple[dict[str, str], Way]]:
    """Every way to meet a body: what its variables stand for, the facts, and the facts denied."""
    for binding, found in _holding(dict(enumerate(body.holds)), facts, places, {}):
        premises = tuple(found[number] for number in range(len(body.holds)))
        denied = tuple((name, tuple(value(term, binding) for term in terms)) for name, terms in body.absent)
        compared = [(value(a, binding), sign, value(b, binding)) for a, sign, b in body.comparisons]
        if not any(fact in known for fact in denied) and all(compares(*each) for each in compared):
            yield binding, (premises, denied)


Places = dict[tuple[str, int, str], list[Fact]]
"""The facts of a relation that hold a text in a place, so that towns are judged in seconds."""


def placed(facts: Iterable[Fact]) -> Places:
    """All facts by what they hold in each place."""
    places: Places = {}
    for fact in facts:
        for place, text in enumerate(fact[1]):
            places.setdefault((fact[0], place, text), []).append(fact)
    return places


def _holding(
    literals: dict[int, Literal], facts: dict[str, list[Fact]], places: Places, binding: dict[str, str]
) -> Iterator[tuple[dict[str, str], dict[int, Fact]]]:
    """Ways to meet literals, which are numbered: first the one that the fewest facts can meet."""
    if not literals:
        yield binding, {}
        return
    able: dict[int, list[Fact]] = {}
    for number, (relation, terms) in literals.items():
        able[number] = facts[relation]
        for place, term in enumerate(terms):
            if term in binding or term[0] in '"0123456789-':
                some = places.get((relation, place, value(term, binding)), [])
                able[number] = min(able[number], some, key=len)
    first = min(able, key=lambda number: len(able[number]))
    rest = {number: literal for number, literal in literals.items() if number != first}
    for fact in able[first]:
        extended = dict(binding)
        if all(
            given == (value(term, {}) if term[0] in '"0123456789-' else extended.setdefault(term, given))
            for term, given in zip(literals[first][1], fact[1], strict=True)
        ):
            for whole, premises in _holding(rest, facts, places, extended):
                yield whole, {first: fact, **premises}


def closure(world: World, stated: Sequence[Fact]) -> dict[Fact, int]:
    """All that follows from stated facts, and how many of them stand at the leaves of a smallest proof."""
    size, level = dict.fromkeys(world.composed, 0) | dict.fromkeys(stated, 1), levels(world)
    for height in range(max(level.values()) + 1):
        while True:
            better: dict[Fact, int] = {}
            for step in steps(world, list(size)):
                if level[step.fact[0]] == height:
                    total = sum(min(leaves(way, size) for way in ways) for ways in step.needs)
                    if total < better.get(step.fact, size.get(step.fact, total + 1)):
                        better[step.fact] = total
            if not better:
                break
            size.update(better)
    return size


def leaves(way: Way, size: dict[Fact, int]) -> int:
    """How many stated facts the facts that a way rests on rest on."""
    return sum(size[premise] for premise in way[0])


def is_false(world: World, known: dict[Fact, int], fact: Fact) -> bool:
    """Whether a fact is provably false: not merely that it does not follow."""
    relation = world.relations[fact[0]]
    if fact in known:
        return False
    if "complete" in relation.traits:
        return True
    same = {fact}
    for _ in range(2):  # as often as it can be turned round to something new
        for name, (a, b, *rest) in [other for other in same if len(other[1]) > 1]:
            if "symmetric" in relation.traits:
                same.add((name, (b, a, *rest)))
            if relation.converse is not None:
                turned = [b, a, *rest]
                type = relation.arguments[relation.converse][1]
                turned[relation.converse] = opposite(world, type, turned[relation.converse])
                same.add((name, tuple(turned)))
    return any(clashes(world, known, other) for other in same)


def clashes(world: World, known: dict[Fact, int], fact: Fact) -> bool:
    """Whether a fact, just as it is said, contradicts what is known."""
    name, arguments = fact
    relation = world.relations[name]
    about = [body for body in world.nevers if name in dict(body.holds)]
    if any(fact in way[0] for body in about for way in completed(body, known, fact)):
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


def completed(body: Body, known: dict[Fact, int], fact: Fact) -> Iterator[Way]:
    """Every way to meet a body if this fact held too."""
    by_relation: dict[str, list[Fact]] = {fact[0]: []}
    for relation, _ in body.holds:
        by_relation[relation] = [other for other in known if other[0] == relation]
    by_relation[fact[0]].append(fact)
    places = placed(each for facts in by_relation.values() for each in facts)
    for _, way in matches(body, by_relation, known, places):
        yield way


def violated(world: World, known: dict[Fact, int]) -> set[tuple[str, str]]:
    """Which traits of which relations the facts contradict, and which nevers, by number."""
    found = set()
    by_relation = {name: [fact for fact in known if fact[0] == name] for name in world.relations}
    places = placed(known)
    for number, body in enumerate(world.nevers):
        if any(True for _ in matches(body, by_relation, known, places)):
            found.add(("never", str(number)))
    for name, relation in world.relations.items():
        if not relation.traits:
            continue
        facts = [arguments for other, arguments in known if other == name]
        pairs = {(a[0], a[1], *a[2:]) for a in facts if len(a) > 1}
        loop = any(pair[0] == pair[1] for pair in pairs)
        turned = any((b, a, *rest) in pairs for a, b, *rest in pairs)
        after: dict[tuple[str, ...], set[str]] = {}
        for a, b, *rest in pairs:
            after.setdefault((a, *rest), set()).add(b)
        reached = {key: set(bs) for key, bs in after.items()}
        while "acyclic" in relation.traits:
            more = {key: {c for b in bs for c in after.get((b, *key[1:]), ())} for key, bs in reached.items()}
            if all(more[key] <= bs for key, bs in reached.items()):
                break
            reached = {key: bs | more[key] for key, bs in reached.items()}
        problems = {
            "irreflexive": loop,
            "asymmetric": loop or turned,
            "acyclic": any(key[0] in bs for key, bs in reached.items()),
            "functional": len({(p[0], *p[2:]) for p in pairs}) < len(pairs),
            "injective": len({(p[1], *p[2:]) for p in pairs}) < len(pairs),
        }
        found |= {(name, trait) for trait, bad in problems.items() if bad and trait in relation.traits}
    return found
