"""Small random worlds as texts: populations, traits and recursive rules of every kind."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.draws import Draws, Examples

VARIABLES = ("x", "y", "z", "w")
TRAITS = (
    *("symmetric", "asymmetric", "transitive", "irreflexive"),
    *("functional", "injective", "acyclic", "complete"),
)


CLOSED = (("complete",), ("complete",), ("complete", "symmetric"), ("complete", "transitive"))
"""Traits that no population contradicts, and that give every fact something false beside it."""


@st.composite
def worlds(draw: st.DrawFn, closed: bool = False, layered: bool = False) -> str:
    """Random worlds, as hypothesis draws them."""
    return random_world(Examples(draw), closed, layered)


def random_world(draws: Draws, closed: bool = False, layered: bool = False) -> str:
    """The text of a small world: populations, traits and recursive rules of every kind; `layered` adds rules
    that deny, compare and count what is below them, and what is never so."""
    count = draws.whole(5, 6) if closed else draws.whole(3, 5)
    lines = [
        "wug 1",
        "world drawn {",
        f"  entity thing {{ count {count} }}",
        '  table side(word, opposite) { "left" <-> "right"  "up" <-> "down" }',
    ]
    base = [f"r{number}" for number in range(draws.whole(1, 2))]
    derived = [f"d{number}" for number in range(draws.whole(0, 2))]
    whole: list[str] = []
    for name in base:
        traits = draws.one(CLOSED) if closed else draws.some(TRAITS, 2)
        if layered and draws.yes():
            traits = [*traits, "complete"]
        whole += [name] if "complete" in traits else []
        lines += relation(draws, name, count, traits)
    if draws.yes():
        traits = draws.one(["asymmetric converse on", "converse on", "converse on transitive"])
        lines += [
            "  relation beside(a: thing, b: thing, on: side) {",
            f"    {traits}  populate pairs {{ count {draws.whole(1, 3)} }}",
            '    form forward "{a} stands {on.word} of" => " {b}."',
            '    form reverse "{b} stands {on.opposite} of" => " {a}."',
            "  }",
        ]
    for name in derived:
        traits = draws.one(CLOSED) if closed else draws.some(TRAITS, 1)
        if layered and draws.yes():
            traits = [*traits, "complete"]
        whole += [name] if "complete" in traits else []
        lines += [
            f"  relation {name}(a: thing, b: thing) {{",
            f"    {' '.join(dict.fromkeys(traits))}",
            f'    form says "{{a}} {name} with" => " {{b}}."',
            "  }",
        ]
        for number in range(draws.whole(1, 2)):
            lines.append(rule(draws, name, base + derived if number else base))
    if draws.yes():
        lines.append(rule(draws, base[0], base + derived))
    if layered:
        pairs = dict.fromkeys(base + derived, ("thing", "thing"))
        lines += layers(draws, pairs, {name: types for name, types in pairs.items() if name in whole})
    return "\n".join([*lines, "}"])


SIGNATURES = (("thing",), ("thing", "thing"), ("thing", "side"), ("thing", "date"), ("thing", "number"))

Signatures = dict[str, tuple[str, ...]]
"""The types of each relation's arguments."""

TYPED = {
    "thing": VARIABLES,
    "side": ("s", "t"),
    "integer": ("m", "n"),
    "number": ("f", "g"),
    "date": ("d", "e"),
}
CONSTANTS = {
    "side": ('"left"', '"up"'),
    "integer": ("1", "2", "3"),
    "number": ("0.5", "1", "10"),
    "date": ("2000-01-31", "2000-02-01"),
}
ORDERED = ("integer", "number", "date")
ATTRIBUTES = {
    "age(a: thing, n: integer)": "attribute { between 1..3 }",
    "weight(a: thing, f: number)": "attribute { each 1..2  between 0.5..1.5 }",
    "born(a: thing, d: date)": "attribute { between 2000-01-30..2000-02-02 }",
    "leans(a: thing, s: side)": "attribute { each 1..2 }",
}
"""Relations of things with values, and how they are populated."""


def layers(draws: Draws, known: Signatures, whole: Signatures) -> list[str]:
    """One or two layers of relations over those that are known, and some nevers over all of them. What is
    `whole`, because it is complete, may be denied and counted."""
    lines = []
    known, whole = dict(known), dict(whole)
    for signature in draws.some(sorted(ATTRIBUTES), 2, unique=True):
        name, types = signature.partition("(")[0], ("thing", signature.rpartition(": ")[2].rstrip(")"))
        complete = draws.yes()
        traits = "complete" if complete else draws.one(["", "functional"])
        population = ATTRIBUTES[signature]
        if traits == "functional":
            population = population.replace("each 1..2", "each 1")
        argument = signature.partition(", ")[2][0]
        said = f'form says "{{a}} has {name}" => " {slot(argument, types[1])}."'
        lines.append(f"  relation {signature} {{ {traits}  populate {population}  {said} }}")
        known[name] = types
        if complete:
            whole[name] = types
    for layer in range(draws.whole(1, 2)):
        own: Signatures = {f"e{layer}{number}": draws.one(SIGNATURES) for number in range(draws.whole(1, 2))}
        counting: Signatures = {f"n{layer}": draws.one([("thing", "integer"), ("integer",)])}
        for name, types in own.items():
            for number in range(draws.whole(1, 2)):
                given = {**known, **own} if number else known
                lines.append(general_rule(draws, name, types, given, whole))
        for name, types in counting.items() if whole else ():
            lines.append(general_rule(draws, name, types, whole, whole, counts=True))
            own[name] = types
        known |= own
        for name, types in own.items():
            complete = draws.yes()
            lines.append(declared(draws, name, types, complete))
            if complete:
                whole[name] = types
    for _ in range(draws.whole(0, 2)):
        lines.append(f"  never {', '.join(general_body(draws, known, whole, draws.whole(1, 3))[0])}")
    return lines


def declared(draws: Draws, name: str, types: tuple[str, ...], complete: bool) -> str:
    arguments = ", ".join(f"a{place}: {type}" for place, type in enumerate(types))
    traits = ["complete"] if complete else []
    if len(types) == 2:
        traits += draws.one([[], ["functional"], ["injective"]])
    if types == ("thing", "thing"):
        traits += draws.one([[], ["symmetric"], ["asymmetric"], ["transitive"], ["acyclic"]])
    last = slot(f"a{len(types) - 1}", types[-1])
    cue = f"{{a0}} is {name} to" if len(types) == 2 and types[0] == "thing" else f"What is {name} is"
    return f'  relation {name}({arguments}) {{ {" ".join(traits)}  form says "{cue}" => " {last}." }}'


def slot(argument: str, type: str) -> str:
    return f"{{{argument}.word}}" if type == "side" else f"{{{argument}}}"


def general_rule(
    draws: Draws,
    head: str,
    types: tuple[str, ...],
    known: Signatures,
    whole: Signatures,
    counts: bool = False,
) -> str:
    """A rule with conditions of every kind."""
    conditions, bound = general_body(draws, known, whole, draws.whole(1, 2))
    free = {type: list(names) for type, names in bound.items()}
    counted = ""
    if counts:
        type = draws.one(sorted(free))
        counted = free[type].pop(draws.whole(0, len(free[type]) - 1))
    terms = []
    for type in types:
        if counts and type == "integer":
            terms.append(f"count({counted})")
        elif free.get(type) and (type not in CONSTANTS or draws.whole(0, 3)):
            terms.append(draws.one(free[type]))
        elif type in CONSTANTS:
            terms.append(draws.one(CONSTANTS[type]))
        else:  # no thing is left to stand here: another fact binds one
            name = draws.one(sorted(n for n, kinds in known.items() if kinds[0] == "thing"))
            variables = [f"v{len(conditions)}{place}" for place in range(len(known[name]))]
            conditions.append(f"{name}({', '.join(variables)})")
            terms.append(variables[0])
    return f"  rule {head}({', '.join(terms)}) if {', '.join(conditions)}"


def general_body(
    draws: Draws, known: Signatures, whole: Signatures, length: int
) -> tuple[list[str], dict[str, list[str]]]:
    """Conditions, and the variables that they bind by type."""
    bound: dict[str, list[str]] = {}

    def term(type: str) -> str:
        if bound and type in CONSTANTS and draws.whole(0, 2) == 0:
            return draws.one(CONSTANTS[type])
        name = draws.one(TYPED[type])
        if name not in bound.setdefault(type, []):
            bound[type].append(name)
        return name

    conditions = []
    for _ in range(length):
        name = draws.one(sorted(known))
        conditions.append(f"{name}({', '.join([term(type) for type in known[name]])})")
    for _ in range(draws.whole(0, 2) if whole else 0):
        name = draws.one(sorted(whole))
        terms = [draws.one([*bound.get(type, []), *CONSTANTS.get(type, ())] or ["?"]) for type in whole[name]]
        if "?" not in terms:
            conditions.append(f"not {name}({', '.join(terms)})")
    if draws.yes():
        type = draws.one(sorted(bound))
        sign = draws.one(["=", "!=", "<", "<=", ">", ">="] if type in ORDERED else ["!=", "="])
        other = draws.one([*bound[type], *CONSTANTS.get(type, ())])
        conditions.append(f"{draws.one(bound[type])} {sign} {other}")
    return conditions, bound


def relation(draws: Draws, name: str, count: int, traits: Sequence[str]) -> list[str]:
    most = count * ((count - 1) // 2)
    populate = draws.one(
        [
            f"pairs {{ count {draws.whole(1, most)} }}",
            f"pairs {{ count {draws.whole(1, count // 2)}  each_once }}",
            f"pairs {{ count {draws.whole(1, count * 2 // 3)}  partners 2 }}",
            f"forest {{ roots {draws.whole(1, count - 1)}  children 0..2 }}",
            "forest",
            "chain",
            f"chain {{ length {draws.whole(2, count)} }}",
        ]
    )
    return [
        f"  relation {name}(a: thing, b: thing) {{",
        f"    {' '.join(dict.fromkeys(traits))}",
        f"    populate {populate}",
        *says(draws, name),
        f'    form back "{{b}} {name} from" => " {{a}}."',
        "  }",
    ]


def says(draws: Draws, name: str) -> list[str]:
    """A form in one wording, or in several with options and inflections."""
    plain = f'"{{a}} {name} to" => " {{b}}."'
    if draws.yes():
        return [f"    form says {plain}"]
    other = f'"{{a}} [gladly|] {name} [to|up to]" => " {{b.the}} [indeed]."'
    return [
        "    form says {",
        f"      {plain}",
        f"      {draws.whole(1, 9)} {other}",
        f'      held "Now {{a}} {name} to" => " {{b}}."',
        "    }",
    ]


def rule(draws: Draws, head: str, relations: list[str]) -> str:
    body = [
        (draws.one(relations), draws.one(VARIABLES), draws.one(VARIABLES)) for _ in range(draws.whole(1, 2))
    ]
    bound = [variable for _, *variables in body for variable in variables]
    first, second = draws.one(bound), draws.one(bound)
    literals = ", ".join(f"{name}({left}, {right})" for name, left, right in body)
    return f"  rule {head}({first}, {second}) if {literals}"
