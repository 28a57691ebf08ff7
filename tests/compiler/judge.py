"""A second, slow and obvious reading of specs, to judge the compiler by.

It shares no code with the compiler: specs are read by regular expressions, facts are tuples of words, rules
are applied to everything until nothing changes, and sentences are read by patterns made from the forms.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Fact = tuple[str, tuple[str, ...]]
"""A relation and its arguments: names, values, or the first cell of a table's row."""

SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


@dataclass
class Relation:
    """`arguments` are (name, type), `forms` whole sentences with slots; `converse` is an argument's place."""

    arguments: list[tuple[str, str]]
    traits: set[str]
    converse: int | None
    populated: bool
    forms: dict[str, str]


@dataclass
class Rule:
    """Literals are (relation, variables)."""

    head: tuple[str, list[str]]
    body: list[tuple[str, list[str]]]


@dataclass
class World:
    invented: set[str] = field(default_factory=set)  # entities without a table behind them
    tables: dict[str, tuple[list[str], list[list[str]]]] = field(default_factory=dict)  # columns, rows
    mirrored: set[str] = field(default_factory=set)
    relations: dict[str, Relation] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)


@dataclass
class Arm:
    context: str  # "", "train" or "oracle"
    documents: int
    articles: int
    trains: bool
    augments: bool
    share: float


@dataclass
class Experiment:
    trains: list[tuple[str, str, int]]  # relation, form, articles
    tests: dict[str, tuple[str, str]]  # relation, form
    arms: dict[str, Arm]


# Reading specs


def blocks(text: str, head: str) -> Iterator[tuple[re.Match[str], str]]:
    """Every `head { ... }` of a text: the match of the head, and what stands between the braces."""
    for match in re.finditer(head + r"\s*\{", text):
        depth, end = 1, match.end()
        for piece in re.finditer(r'"(?:\\.|[^"\\])*"|[{}]', text[match.end() :]):
            depth += {"{": 1, "}": -1}.get(piece.group(), 0)
            if depth == 0:
                end = match.end() + piece.start()
                break
        yield match, text[match.end() : end]


def bare(text: str) -> str:
    """A spec without its comments."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*', lambda m: m.group(1) or "", text)


def read_world(text: str) -> World:
    """Tables, relations and rules of a `.world`."""
    world, text = World(), bare(text)
    world.invented = set(re.findall(r"\bentity\s+(\w+)\s*\{", text))
    for head, body in blocks(text, r"\btable\s+(\w+)\s*\(([^)]*)\)"):
        columns = re.findall(r"\w+", head.group(2))
        rows: list[list[str]] = []
        for left, right in re.findall(r'"([^"]*)"\s*<->\s*"([^"]*)"', body):
            rows += [[left, right], [right, left]]
            world.mirrored.add(head.group(1))
        if not rows:
            cells = re.findall(r'"([^"]*)"', body)
            rows = [cells[i : i + len(columns)] for i in range(0, len(cells), len(columns))]
        world.tables[head.group(1)] = columns, rows
    for head, body in blocks(text, r"\brelation\s+(\w+)\s*\(([^)]*)\)"):
        arguments = re.findall(r"(\w+)\s*:\s*(\w+)", head.group(2))
        forms = {
            name: cue + answer
            for name, cue, answer in re.findall(r'\bform\s+(\w+)\s+"([^"]*)"(?:\s*=>\s*"([^"]*)")?', body)
        }
        plain = re.sub(r'"[^"]*"', "", body)
        plain, populated = re.subn(r"populate\s+\w+(\s*\{[^}]*\})?", "", plain)
        turned = re.search(r"\bconverse\s+(\w+)", plain)
        converse = [name for name, _ in arguments].index(turned.group(1)) if turned else None
        traits = set(re.findall(r"\w+", re.sub(r"\b(converse|form)\s+\w+|=>", "", plain)))
        world.relations[head.group(1)] = Relation(arguments, traits, converse, bool(populated), forms)
    literal = r"\w+\s*\([^)]*\)"
    for match in re.finditer(rf"\brule\s+({literal})\s+if\s+({literal}(?:\s*,\s*{literal})*)", text):
        parts = [re.findall(r"\w+", part) for part in re.findall(literal, match.group())]
        head_literal, *rest = [(part[0], part[1:]) for part in parts]
        world.rules.append(Rule(head_literal, rest))
    return world


def read_experiment(text: str) -> Experiment:
    """What an `.experiment` trains, tests, and shows to each arm."""
    text = bare(text)
    trains = []
    for relation, form, rest in re.findall(r"\btrain\s+(\w+)\s+in\s+(\w+)(\s*\{[^}]*\})?", text):
        articles = re.search(r"articles\s+(\d+)", rest)
        trains.append((relation, form, int(articles.group(1)) if articles else 1))
    tests = {}
    for match, body in blocks(text, r"\btest\s+(\w+)"):
        asked = re.match(r"\s*(\w+)\s+in\s+(\w+)", body)
        assert asked
        tests[match.group(1)] = (asked.group(1), asked.group(2))
    bodies = {match.group(1): body for match, body in blocks(text, r"\barm\s+(\w+)")}
    return Experiment(trains, tests, {name: _arm(name, bodies) for name in bodies})


def _arm(name: str, bodies: dict[str, str]) -> Arm:
    like = re.search(r"\blike\s+(\w+)", bodies[name])
    base = _arm(like.group(1), bodies) if like else Arm("", 0, 0, False, False, 1.0)
    body = bodies[name]
    if context := re.search(r"\bcontext\s+(train|oracle)(?:\((\d+)\))?", body):
        base.context, base.documents = context.group(1), int(context.group(2) or 0)
    if articles := re.search(r"\barticles\s+(\d+)", body):
        base.articles = int(articles.group(1))
    base.trains |= bool(re.search(r"\bfinetune\s*\{", body))
    if augment := re.search(r"\baugment\s+by\s+closure(?:\s*\{\s*share\s+([\d.]+)%\s*\})?", body):
        base.augments, base.share = True, float(augment.group(1) or 100) / 100
    return base


# What follows


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


# Sentences


class Reader:
    """Reads sentences back to facts. `texts` are the names or values there are of each type of a table."""

    def __init__(self, world: World, texts: dict[str, set[str]]) -> None:
        self.world = world
        self.patterns: list[tuple[str, str, re.Pattern[str], list[tuple[int, int]]]] = []
        for name, relation in world.relations.items():
            places = {argument: place for place, (argument, _) in enumerate(relation.arguments)}
            for form, sentence in relation.forms.items():
                pattern, slots, end = "", [], 0
                for match in SLOT.finditer(sentence):
                    place = places[match.group(1)]
                    type = relation.arguments[place][1]
                    column = 0
                    options = texts.get(type, set())
                    if type in world.tables:
                        columns, rows = world.tables[type]
                        column = columns.index(match.group(2))
                        options = {row[column] for row in rows}
                    words = "|".join(sorted(map(re.escape, options), key=len, reverse=True))
                    words = "[a-z]+" if type in world.invented else words
                    pattern += re.escape(sentence[end : match.start()]) + f"({words})"
                    slots.append((place, column))
                    end = match.end()
                pattern += re.escape(sentence[end:])
                self.patterns.append((name, form, re.compile(pattern), slots))

    def read(self, sentence: str) -> list[tuple[str, Fact]]:
        """All that a sentence may mean: (form, fact)."""
        found = []
        for name, form, pattern, slots in self.patterns:
            match = pattern.fullmatch(sentence)
            if match:
                found += [(form, (name, fact)) for fact in self._facts(name, slots, match.groups())]
        return found

    def _facts(
        self, name: str, slots: list[tuple[int, int]], cells: tuple[str, ...]
    ) -> Iterator[tuple[str, ...]]:
        arguments = self.world.relations[name].arguments
        options: list[list[str]] = []
        for place, (_, type) in enumerate(arguments):
            said = [(column, cell) for (at, column), cell in zip(slots, cells, strict=True) if at == place]
            if type in self.world.tables:
                rows = self.world.tables[type][1]
                options.append([row[0] for row in rows if all(row[column] == cell for column, cell in said)])
            else:
                options.append(sorted({cell for _, cell in said}) if len({c for _, c in said}) == 1 else [])
        yield from itertools.product(*options)
