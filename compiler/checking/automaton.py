"""The wordings of forms laid into one automaton, letter by letter, with steps over slots.

Wordings that begin alike share their beginning. The alternatives of an option part and meet again in a place
of their own, so a wording with many options takes no more room than its letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wug.compiler.forms import Option, Piece, Slot, Wording
from wug.compiler.record import Record
from wug.compiler.world import Relation


class End(Record):
    """A wording is complete here. In documents `subject` is the argument that they are about, else -1."""

    relation: str
    form: str
    wording: int
    subject: int = -1


@dataclass
class Node:
    """A place in the automaton: what may come next."""

    letters: dict[str, Node] = field(default_factory=dict)
    slots: dict[tuple[str, Slot], Node] = field(default_factory=dict)  # by type and slot
    silent: list[Node] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)


def lay(root: Node, relation: Relation, wording: Wording, end: End) -> None:
    """Add a wording of a relation."""
    lay_pieces(root, wording.pieces, [argument.type for argument in relation.arguments]).ends.append(end)


def lay_pieces(node: Node, pieces: Sequence[Piece], types: Sequence[str]) -> Node:
    """Lay pieces from a place on, over arguments of these types; returns where they end."""
    for piece in pieces:
        if isinstance(piece, str):
            for letter in piece:
                node = node.letters.setdefault(letter, Node())
        elif isinstance(piece, Slot):
            node = node.slots.setdefault((types[piece.argument], piece), Node())
        else:
            node = _parted(node, piece, types)
    return node


def _parted(node: Node, option: Option, types: Sequence[str]) -> Node:
    meeting = Node()
    for alternative in option.alternatives:
        lay_pieces(node, alternative, types).silent.append(meeting)
    return meeting
