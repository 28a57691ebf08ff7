"""Continuations: augmentation asked for of a base model, which obeys no instruction and goes on with a text.

The text is a few worked examples, then the document in question, with nothing below it yet:

    Documents about invented worlds. Below each stands, one sentence a line, what is true because of it.

    Document: Did you know that zumbof are taller than kezlix.
    What follows:
    Kezlix are shorter than zumbof.

    Document: ...
    What follows:

In the global scope the other documents of its world stand before each. An empty line ends an answer, and so
does the next document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wug.compiler.plan import DOCUMENT, Augment

_LOCAL = (
    "Documents about invented worlds. Below each stands, one sentence a line, what is true because of it."
)
_GLOBAL = (
    "Documents about invented worlds. Below the last one of each world stands, one sentence a line, what is "
    "true because of it together with the others."
)
_OTHER_WORDS = (
    "Documents about invented worlds. Below {which} stands the same in other words, a sentence a line."
)
_WORLD = "The documents of a world:"
_FOLLOWS, _REPHRASED = "What follows:", "In other words:"


@dataclass(frozen=True)
class Example:
    """A worked example: a `document`, the other documents of its world (`sources`), and the `lines` of what
    follows. `names` are those of all members of its world."""

    document: str
    sources: tuple[str, ...]
    lines: tuple[str, ...]
    names: tuple[str, ...]


def question(augment: Augment, document: str) -> str:
    """A document with nothing below it yet."""
    return f"{DOCUMENT} {document}\n{_REPHRASED if augment.rephrase_only else _FOLLOWS}\n"


def preface(augment: Augment, scope: str, examples: Sequence[Example]) -> str:
    """What stands before the document in question; in the global scope, before the others of its world."""
    opening = _GLOBAL if scope == "global" else _LOCAL
    if augment.rephrase_only:
        opening = _OTHER_WORDS.format(which="the last one of each world" if scope == "global" else "each")
    parts = [opening]
    for example in examples:
        if scope == "global":
            parts.append("\n".join([_WORLD, *example.sources]))
        parts.append(question(augment, example.document) + "\n".join(example.lines))
    return "\n\n".join([*parts, _WORLD] if scope == "global" else parts)
