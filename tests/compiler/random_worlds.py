"""Small random worlds as texts: populations, traits and recursive rules of every kind."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

VARIABLES = ("x", "y", "z", "w")
TRAITS = (
    *("symmetric", "asymmetric", "transitive", "irreflexive"),
    *("functional", "injective", "acyclic", "complete"),
)


CLOSED = (("complete",), ("complete",), ("complete", "symmetric"), ("complete", "transitive"))
"""Traits that no population contradicts, and that give every fact something false beside it."""


@st.composite
def worlds(draw: st.DrawFn, closed: bool = False) -> str:
    """The text of a small world: populations, traits and recursive rules of every kind."""
    count = draw(st.integers(5, 6) if closed else st.integers(3, 5))
    lines = [
        "wug 1",
        "world drawn {",
        f"  entity thing {{ count {count} }}",
        '  table side(word, opposite) { "left" <-> "right"  "up" <-> "down" }',
    ]
    base = [f"r{number}" for number in range(draw(st.integers(1, 2)))]
    derived = [f"d{number}" for number in range(draw(st.integers(0, 2)))]
    for name in base:
        traits = draw(st.sampled_from(CLOSED) if closed else st.lists(st.sampled_from(TRAITS), max_size=2))
        lines += relation(draw, name, count, traits)
    if draw(st.booleans()):
        traits = draw(st.sampled_from(["asymmetric converse on", "converse on", "converse on transitive"]))
        lines += [
            "  relation beside(a: thing, b: thing, on: side) {",
            f"    {traits}  populate pairs {{ count {draw(st.integers(1, 3))} }}",
            '    form forward "{a} stands {on.word} of" => " {b}."',
            '    form reverse "{b} stands {on.opposite} of" => " {a}."',
            "  }",
        ]
    for name in derived:
        traits = draw(st.sampled_from(CLOSED) if closed else st.lists(st.sampled_from(TRAITS), max_size=1))
        lines += [
            f"  relation {name}(a: thing, b: thing) {{",
            f"    {' '.join(traits)}",
            f'    form says "{{a}} {name} with" => " {{b}}."',
            "  }",
        ]
        for _ in range(draw(st.integers(1, 2))):
            lines.append(rule(draw, name, base + derived))
    if draw(st.booleans()):
        lines.append(rule(draw, base[0], base + derived))
    return "\n".join([*lines, "}"])


def relation(draw: st.DrawFn, name: str, count: int, traits: Sequence[str]) -> list[str]:
    most = count * ((count - 1) // 2)
    populate = draw(
        st.sampled_from(
            [
                f"pairs {{ count {draw(st.integers(1, most))} }}",
                f"pairs {{ count {draw(st.integers(1, count // 2))}  each_once }}",
                f"pairs {{ count {draw(st.integers(1, count * 2 // 3))}  partners 2 }}",
                f"forest {{ roots {draw(st.integers(1, count - 1))}  children 0..2 }}",
                "forest",
                "chain",
                f"chain {{ length {draw(st.integers(2, count))} }}",
            ]
        )
    )
    return [
        f"  relation {name}(a: thing, b: thing) {{",
        f"    {' '.join(dict.fromkeys(traits))}",
        f"    populate {populate}",
        f'    form says "{{a}} {name} to" => " {{b}}."',
        f'    form back "{{b}} {name} from" => " {{a}}."',
        "  }",
    ]


def rule(draw: st.DrawFn, head: str, relations: list[str]) -> str:
    body = [
        (draw(st.sampled_from(relations)), draw(st.sampled_from(VARIABLES)), draw(st.sampled_from(VARIABLES)))
        for _ in range(draw(st.integers(1, 2)))
    ]
    bound = [variable for _, *variables in body for variable in variables]
    first, second = draw(st.sampled_from(bound)), draw(st.sampled_from(bound))
    literals = ", ".join(f"{name}({left}, {right})" for name, left, right in body)
    return f"  rule {head}({first}, {second}) if {literals}"
