"""A spec as pieces: its tokens and its comments, and how they lay in the file. For the formatter.

The parser's lexer drops comments; between two of its tokens stand only spaces and comments, so they are found
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wug.compiler.language.tables import parser

COMMENT = "COMMENT"


@dataclass(frozen=True)
class Piece:
    """A token or a comment. `lines` are the line breaks before it, `gap` the spaces before it on its line."""

    kind: str
    text: str
    lines: int
    gap: int


@dataclass(frozen=True)
class Braces:
    """`{ ... }` with what stands between."""

    open: Piece
    inner: tuple[Element, ...]
    close: Piece

    @property
    def kind(self) -> str:
        return self.open.kind

    @property
    def lines(self) -> int:
        return self.open.lines

    @property
    def gap(self) -> int:
        return self.open.gap


Element = Piece | Braces


def pieces(text: str, kind: str) -> list[Piece]:
    """All tokens and comments of a `world` or an `experiment`, in order.

    `model` declares one in an experiment; deeper, in an arm, it is a key like any other.
    """
    found: list[Piece] = []
    end = depth = 0
    for token in parser(kind).lex(text):
        start = token.start_pos or 0
        space = _add_comments(text[end:start], found)
        depth += (token.type == "LBRACE") - (token.type == "RBRACE")
        type = "NAME" if token.type == "MODEL" and depth > 1 else token.type
        found.append(Piece(type, token.value.rstrip(), space.count("\n"), _gap(space)))
        end = start + len(token.value)
    _add_comments(text[end:], found)
    return found


def _add_comments(between: str, found: list[Piece]) -> str:
    """Add the comments that stand between two tokens; returns the space behind the last of them."""
    space, line = "", ""
    for line in between.splitlines(keepends=True):
        before, slashes, rest = line.partition("//")
        space += before
        if slashes:
            found.append(Piece(COMMENT, f"//{rest}".rstrip(), space.count("\n"), _gap(space)))
            space = "\n" if line.endswith("\n") else ""
    return space


def _gap(space: str) -> int:
    return len(space) - space.rfind("\n") - 1


def nested(flat: Iterable[Piece]) -> tuple[Element, ...]:
    """Pieces with each pair of braces as one element."""
    return tuple(_nested(iter(flat)))


def _nested(flat: Iterator[Piece]) -> list[Element]:
    found: list[Element] = []
    opened: list[tuple[Piece, list[Element]]] = []
    for piece in flat:
        if piece.kind == "LBRACE":
            opened.append((piece, found))
            found = []
        elif piece.kind == "RBRACE" and opened:
            open, outer = opened.pop()
            outer.append(Braces(open, tuple(found), piece))
            found = outer
        else:
            found.append(piece)
    return found
