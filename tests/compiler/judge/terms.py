"""Terms read back from how they sound, and rewritten step by step, with nothing clever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Tree = tuple["str | Tree", ...]
"""An operator and its operands, or an atom alone."""

Right = tuple["str | int | Right", ...] | int
"""A right side: a number is that operand, and a name in front is an operator or a relation."""


@dataclass(frozen=True)
class Spoken:
    """Operators with what they say: texts before, between and behind their operands in order."""

    operators: Mapping[str, Sequence[str]]


def readings(spoken: Spoken, text: str) -> list[Tree]:
    """All ways to read a text as a term; atoms are words of small letters."""
    found: list[Tree] = [(text,)] if text.isalpha() and text.islower() else []
    for name, texts in spoken.operators.items():
        if text.startswith(texts[0]) and text.endswith(texts[-1]) and len(text) >= len(texts[0] + texts[-1]):
            inner = text[len(texts[0]) : len(text) - len(texts[-1])]
            found += [(name, *operands) for operands in _split(spoken, inner, texts[1:-1])]
    return found


def _split(spoken: Spoken, text: str, between: Sequence[str]) -> list[tuple[Tree, ...]]:
    if not between:
        return [(tree,) for tree in readings(spoken, text)]
    found: list[tuple[Tree, ...]] = []
    at = text.find(between[0])
    while at >= 0:
        firsts = readings(spoken, text[:at])
        rests = _split(spoken, text[at + len(between[0]) :], between[1:]) if firsts else []
        found += [(first, *rest) for first in firsts for rest in rests]
        at = text.find(between[0], at + 1)
    return found


def said(spoken: Spoken, tree: Tree) -> str:
    """How a term reads."""
    if len(tree) == 1:
        return str(tree[0])
    texts = spoken.operators[str(tree[0])]
    parts = [said(spoken, part) for part in tree[1:] if isinstance(part, tuple)]
    return "".join(a + b for a, b in zip(texts, [*parts, ""], strict=True))


def rewritten(
    rules: Mapping[str, Mapping[str, Right]], base: Mapping[str, Mapping[str, str]], name: str, tree: Tree
) -> Tree | None:
    """What relation `name` gives; none where a relation between atoms says nothing."""
    if name in base:
        held = base[name].get(str(tree[0]))
        return None if held is None else (held,)

    def made(right: Right) -> Tree | None:
        if isinstance(right, int):
            operand = tree[1 + right] if len(tree) > 1 else tree
            return operand if isinstance(operand, tuple) else (operand,)
        head = str(right[0])
        parts = [made(part) for part in right[1:] if not isinstance(part, str)]
        if any(part is None for part in parts):
            return None
        if head in rules or head in base:
            return rewritten(rules, base, head, parts[0] or ())
        return (head, *(part for part in parts if part is not None))

    return made(rules[name][str(tree[0]) if len(tree) > 1 else ""])


def parts(tree: Tree) -> list[Tree]:
    """A term and all that it is composed of."""
    below = [part for part in tree[1:] if isinstance(part, tuple)]
    return [tree, *(each for part in below for each in parts(part))]


def depth(tree: Tree) -> int:
    return 1 + max(depth(part) for part in tree[1:] if isinstance(part, tuple)) if len(tree) > 1 else 0


def operators(tree: Tree) -> frozenset[str]:
    return frozenset(str(part[0]) for part in parts(tree) if len(part) > 1)
