"""Specs, read by regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Wording:
    """The two texts of a wording, with slots and options as they are written."""

    cue: str
    answer: str
    held: bool


@dataclass
class Document:
    """Paragraphs about a member of `type`, or all that holds in a `scene`; `tells` are (relation, form)."""

    type: str
    tells: list[tuple[str, str]]
    pronoun: str
    title: str
    scene: bool


@dataclass
class Relation:
    """`arguments` are (name, type), `forms` the wordings of each; `converse` is an argument's place."""

    arguments: list[tuple[str, str]]
    traits: set[str]
    converse: int | None
    populated: bool
    forms: dict[str, list[Wording]]


Literal = tuple[str, list[str]]
"""A relation and its terms as they are written: a variable, a constant (texts in quotes), or `count(x)`."""

LITERAL = r'[\w.]+\s*\((?:"[^"]*"|[^()"]|\([^()]*\))*\)'
OPERAND = r'(?:"[^"]*"|[\w.-]+)'
CONDITION = rf"(?:(?:not\s+)?{LITERAL}|{OPERAND}\s*(?:=|!=|<=?|>=?)\s*{OPERAND})"


@dataclass
class Body:
    """What holds, what does not, and what compares how: (left, sign, right)."""

    holds: list[Literal]
    absent: list[Literal]
    comparisons: list[tuple[str, str, str]]


@dataclass
class Rule:
    head: Literal
    body: Body
    label: str  # what proofs call it


@dataclass
class Terms:
    """Terms over the members of `atoms`; `operators` say texts before, between and behind their operands."""

    atoms: str
    operators: dict[str, list[str]]
    parts: list[str]


@dataclass
class Sequences:
    """Sequences of members of `of`; without `count` they are what rules join."""

    of: str
    count: int | None
    lengths: tuple[int, int]


@dataclass
class World:
    invented: dict[str, str] = field(default_factory=dict)  # entities without a table, and how names look
    tables: dict[str, tuple[list[str], list[list[str]]]] = field(default_factory=dict)  # columns, rows
    mirrored: set[str] = field(default_factory=set)
    relations: dict[str, Relation] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    nevers: list[Body] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    terms: dict[str, Terms] = field(default_factory=dict)
    sequences: dict[str, Sequences] = field(default_factory=dict)
    partitions: dict[str, list[str]] = field(default_factory=dict)  # the parts of entities, in order
    given: set[str] = field(default_factory=set)  # relations that are given by rewriting or joining
    composed: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)  # what names say, in one seed


_WORDING = r'(?:held\s+|\d+\s+)*"[^"]*"(?:\s*=>\s*"[^"]*")?'
FORM = re.compile(rf"\bform\s+(\w+)\s*({_WORDING}|\{{\s*(?:{_WORDING}\s*)*\}})")


def wordings(text: str) -> list[Wording]:
    """What stands behind the name of a form."""
    found = re.finditer(r'((?:held\s+|\d+\s+)*)"([^"]*)"(?:\s*=>\s*"([^"]*)")?', text)
    return [Wording(m.group(2), m.group(3) or "", "held" in m.group(1)) for m in found]


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
    for head, body in blocks(text, r"\bentity\s+(\w+)"):
        word = "[A-Z][a-z]+" if re.search(r"\bcapital\b", body) else "[a-z]+"
        words = re.search(r"\bwords\s+(\d+)", body)
        world.invented[head.group(1)] = " ".join([word] * int(words.group(1) if words else 1))
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
        forms = {match.group(1): wordings(match.group(2)) for match in FORM.finditer(body)}
        plain = re.sub(r'"[^"]*"', "", FORM.sub("", body))
        plain, populated = re.subn(r"populate\s+\w+(\s*\{[^}]*\})?", "", plain)
        turned = re.search(r"\bconverse\s+(\w+)", plain)
        converse = [name for name, _ in arguments].index(turned.group(1)) if turned else None
        traits = set(re.findall(r"\w+", re.sub(r"\b(converse|form)\s+\w+|=>", "", plain)))
        world.relations[head.group(1)] = Relation(arguments, traits, converse, bool(populated), forms)
    for head, body in blocks(text, r"\bdocument\s+(\w+)\s*\(\s*\w+\s*:\s*(\w+)\s*\)"):
        pronoun, title = re.search(r'\bpronoun\s+"([^"]*)"', body), re.search(r'\btitle\s+"([^"]*)"', body)
        world.documents[head.group(1)] = Document(
            head.group(2),
            re.findall(r"\btell\s+(\w+)\s+in\s+(\w+)", body),
            pronoun.group(1) if pronoun else "",
            title.group(1) if title else "",
            bool(re.search(rf"\bscene\s+{head.group(2)}\b", text)),
        )
    _read_composed(world, text)
    conditions = rf"{CONDITION}(?:\s*,\s*{CONDITION})*"
    for match in re.finditer(rf"\brule\s+({LITERAL})\s+if\s+({conditions})", text):
        head = read_literal(match.group(1))
        world.rules.append(Rule(head, read_body(match.group(2)), f"rule {head[0]}"))
        if any(term.startswith("join") for term in head[1]):
            world.given.add(head[0])
    for match in re.finditer(rf"\bnever\s+({conditions})", text):
        world.nevers.append(read_body(match.group(1)))
    return world


def _read_composed(world: World, text: str) -> None:
    """Terms and sequences, the relations that say what they are composed of, and rewritings as rules."""
    for head, body in blocks(text, r"\bentity\s+(\w+)"):
        if parts := re.search(r"\bpartition\s+(\w+\s+[\d.]+%?(?:\s*,\s*\w+\s+[\d.]+%?)*)", body):
            world.partitions[head.group(1)] = re.findall(r"(\w+)\s+[\d.]+%?", parts.group(1))
        if of := re.search(r"\bsequence\s+(\w+)", body):
            name, count = head.group(1), re.search(r"\bcount\s+(\d+)", body)
            length = re.search(r"\blength\s+(\d+)(?:\.\.(\d+))?", body)
            shortest, longest = (length[1], length[2] or length[1]) if length else ("1", "99")
            many = int(count[1]) if count else None
            world.sequences[name] = Sequences(of[1], many, (int(shortest), int(longest)))
            world.relations[name] = _silent([name, "integer", of[1]])
            del world.invented[name]
    for head, body in blocks(text, r"\bterms\s+(\w+)"):
        name, operators = head.group(1), {}
        for operator, inside, said in re.findall(r'\boperator\s+(\w+)\s*\(([^)]*)\)\s*"([^"]*)"', body):
            operators[operator] = re.split(r"\{\w+\}", said)
            assert re.findall(r"\{(\w+)\}", said) == re.findall(r"\w+", inside), "operands in their order"
            world.relations[operator] = _silent([name] * len(operators[operator]))
        parts = re.search(r"\bpartition\s+([^{}]*)", body)
        atoms = re.search(r"\batoms\s+(\w+)", body)
        assert atoms
        world.terms[name] = Terms(atoms[1], operators, [])
        if parts:
            world.terms[name].parts = re.findall(r"(\w+)\s+[\d.]+%", parts[1])
        world.relations[f"{name}.{atoms[1]}"] = _silent([name, atoms[1]])
    for head, body in blocks(text, r"\brelation\s+(\w+)\s*\([^)]*\)"):
        plain = re.sub(r'"[^"]*"', "", FORM.sub("", body))
        for left, right in re.findall(rf"\brewrite\s+(\w+(?:\s*\([^)]*\))?)\s*=>\s*({EXPRESSION})", plain):
            world.given.add(head.group(1))
            world.rules.append(_rewriting(world, head.group(1), left, right))


def _silent(types: list[str]) -> Relation:
    """A relation that nothing states: names say it."""
    return Relation([(f"x{place}", type) for place, type in enumerate(types)], set(), None, False, {})


EXPRESSION = r"\w+(?:\s*\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\))?"


def _rewriting(world: World, relation: str, left: str, right: str) -> Rule:
    """A rewriting as a rule: what the term is composed of, then what every step of the right side makes.

    `rewrite wrap(x) => wrap(derive(x))` is `derive(whole, 1) if wrap(whole, x), derive(x, 2), wrap(1, 2)`,
    where numbers are new variables.
    """
    type = world.relations[relation].arguments[0][1]
    atom = f"{type}.{world.terms[type].atoms}"
    head, operands = read_expression(left)
    composed = (
        (head, ["whole", *(str(name) for name, _ in operands)]) if operands else (atom, ["whole", head])
    )
    body, atoms = [composed], {head} if not operands else set()

    def made(expression: Expression) -> str:
        name, inner = expression
        if not inner:
            return name
        given = [made(each) for each in inner]
        fresh = f"new{len(body)}"
        if name in world.terms[type].operators:
            body.append((name, [fresh, *(raised(each) for each in given)]))
        else:
            body.append((name, [*given, fresh]))
            if world.relations[name].arguments[1][1] != type:
                atoms.add(fresh)
        return fresh

    def raised(variable: str) -> str:
        """The term that is this atom."""
        if variable in atoms:
            body.append((atom, [f"term{len(body)}", variable]))
            return body[-1][1][0]
        return variable

    result = raised(made(read_expression(right)))
    label = re.sub(r"\s+", " ", f"rewriting {left} => {right}")
    return Rule((relation, ["whole", result]), Body(body, [], []), label)


Expression = tuple[str, list["Expression"]]


def read_expression(text: str) -> Expression:
    """A name, and what stands in the brackets behind it."""
    name, _, inside = text.strip().partition("(")
    found: list[str] = [""]
    depth = 0
    for letter in inside.strip()[:-1]:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return name.strip(), [read_expression(each) for each in found if each.strip()]


def read_literal(text: str) -> Literal:
    name, inside = re.fullmatch(r"([\w.]+)\s*\((.*)\)", text.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
    return name, re.findall(r'"[^"]*"|(?:count|join)\s*\(\s*\w+\s*\)|[\w.-]+', inside)


def read_body(text: str) -> Body:
    body = Body([], [], [])
    for part in re.findall(CONDITION, text):
        compared = re.fullmatch(rf"({OPERAND})\s*(!=|<=|>=|=|<|>)\s*({OPERAND})", part)
        if compared:
            body.comparisons.append((compared[1], compared[2], compared[3]))
        elif re.match(r"not\s", part):
            body.absent.append(read_literal(part[3:]))
        else:
            body.holds.append(read_literal(part))
    return body
