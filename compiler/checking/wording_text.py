"""The text of a wording to its pieces: `{slots}`, `[one|or other]` options, `[[` and `]]` for brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wug.compiler.forms import Option, Piece, Slot

_PART = re.compile(r"\[\[|\]\]|\|\||[\[\]|{}]|[^\[\]|{}]+")
_BRACE = "a brace in this text has no partner", "slots are {argument}"
_BRACKET = "a bracket in this text has no partner", "options are [one|other]; [[ and ]] are brackets as such"
_NESTED = "options stand in one another", "write the inner one beside the outer one"

Parts = list[str | Slot]


@dataclass
class Reading:
    """How many options the texts of a wording had so far."""

    options: int = 0


def read_pieces(
    text: str, slot: Callable[[str], Slot], reading: Reading
) -> tuple[tuple[Piece, ...], str, str]:
    """The pieces of a text, or what is wrong with it and the way out. `slot` reads what stands in braces."""
    outer: list[Piece] = []
    alternatives: list[Parts] = []  # of the option that is open, if any
    open = False
    parts = iter(_PART.findall(text))
    for part in parts:
        row: list[Piece] | Parts = alternatives[-1] if open else outer
        if part == "{":
            written = next(parts, "")
            if written != "}" and next(parts, "") != "}":
                return (), *_BRACE
            written = written.removesuffix("}")
            row.append(slot(written.strip()))
        elif part == "}":
            return (), *_BRACE
        elif part == "[":
            if open:
                return (), *_NESTED
            open, alternatives = True, [[]]
        elif part == "]":
            if not open:
                return (), *_BRACKET
            outer.append(_option(alternatives, reading))
            open = False
        elif part == "|" and open:
            alternatives.append([])
        else:
            literal = {"[[": "[", "]]": "]", "||": "|" if open else "||"}.get(part, part)
            if row and isinstance(row[-1], str):
                row[-1] += literal
            else:
                row.append(literal)
    if open:
        return (), *_BRACKET
    return tuple(_spaced(outer)), "", ""


def _option(alternatives: list[Parts], reading: Reading) -> Option:
    """`[x]` is x or nothing."""
    if len(alternatives) == 1:
        alternatives = [*alternatives, []]
    reading.options += 1
    return Option(reading.options - 1, tuple(tuple(parts) for parts in alternatives))


def _spaced(pieces: list[Piece]) -> list[Piece]:
    """The space beside an option that may be nothing comes and goes with it: "are [really] nice" never has
    two spaces, "than them [really]." none before its stop."""
    made: list[Piece] = []
    for place, piece in enumerate(pieces):
        if not (isinstance(piece, Option) and () in piece.alternatives):
            made.append(piece)
            continue
        before = made[-1] if made else " "
        after = pieces[place + 1] if place + 1 < len(pieces) else ""
        if not (isinstance(before, str) and before.endswith(" ")):
            made.append(piece)
        elif isinstance(after, str) and after.startswith(" "):
            pieces[place + 1] = after[1:]
            made.append(_with_space(piece, behind=True))
        elif made and isinstance(after, str) and not after[:1].isalnum():
            made[-1] = before[:-1]
            made.append(_with_space(piece, behind=False))
        else:
            made.append(piece)
    return [piece for piece in made if piece != ""]


def _with_space(option: Option, behind: bool) -> Option:
    spaced: list[tuple[str | Slot, ...]] = []
    for parts in option.alternatives:
        if parts and behind:
            last = parts[-1]
            parts = (*parts[:-1], last + " ") if isinstance(last, str) else (*parts, " ")
        elif parts:
            first = parts[0]
            parts = (" " + first, *parts[1:]) if isinstance(first, str) else (" ", *parts)
        spaced.append(parts)
    return Option(option.number, tuple(spaced))
