"""Walking over a syntax tree: every node of it, or the same tree with some nodes replaced."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from wug.compiler.language.source import Source, Span
from wug.compiler.record import Record

Tree = TypeVar("Tree")
_PLACES = (Span, Source)
_KNOWN: dict[type, bool] = {}
"""Which types are nodes: asked of every value of a tree."""


def nodes(tree: Any) -> Iterator[Any]:
    """A tree and every node below it, parents first, in the order of the file."""
    left = [tree]
    while left:
        each = left.pop()
        if type(each) is tuple:
            left.extend(reversed(each))
        elif _inner(type(each)):
            yield each
            left.extend(reversed(vars(each).values()))


def replaced(tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """The tree with each node for which `change` has another one (not none) in its place.

    What is below a replaced node is left as `change` made it. Where nothing changes it is the same object.
    """
    return _replaced(tree, change)


def _replaced(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, tuple):
        parts = tuple(_replaced(each, change) for each in tree)
        return tree if all(new is old for new, old in zip(parts, tree, strict=True)) else parts
    if not _inner(type(tree)):
        return tree
    new = change(tree)
    if new is not None:
        return new
    changed = {name: _replaced(value, change) for name, value in vars(tree).items()}
    different = {name: value for name, value in changed.items() if value is not getattr(tree, name)}
    return dataclasses.replace(tree, **different) if different else tree


def _inner(kind: type) -> bool:
    found = _KNOWN.get(kind)
    if found is None:
        found = _KNOWN[kind] = issubclass(kind, Record) and not issubclass(kind, _PLACES)
    return found
