"""Where one thing ends in a block and the next begins: declarations, settings, rows. For the formatter.

In a row such as `count 12 named nonce` only the compiler knows which words are keys. How the file spaces them
decides, two spaces or a line break between settings; where it says nothing, the keys that are known here do.
The guess moves spaces and never a meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wug.compiler.checking import augment, experiment_settings, settings
from wug.compiler.checking import world as check_world
from wug.compiler.checking.populations import POPULATIONS
from wug.compiler.layout.pieces import COMMENT, Element, Piece


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DECLARATIONS = _words(
    "PARAM LEXICON ENTITY TABLE RELATION RULE NEVER PREAMBLE DOCUMENT SCENE TERMS GIVEN CASE"
)
_TOP = frozenset(("WUG", "IMPORT", "WORLD", "EXPERIMENT"))
_EXPERIMENT = _words("WORLD UPDATE SEEDS TRAIN TEST HOLDOUT MODEL ARM MESH EXPECT SWEEP")
_INNER = _words("CASE POPULATE FORM REWRITE PARTITION OPERATOR")
OWN_LINE = DECLARATIONS | _TOP | _EXPERIMENT | _INNER | {"DOC", "VARY"}
"""What stands on a line of its own wherever its block has more than one line."""

_SCHEMAS: tuple[Mapping[str, object], ...] = (
    experiment_settings.TRAIN,
    experiment_settings.TEST,
    experiment_settings.GENERATE,
    experiment_settings.HOLDOUT,
    experiment_settings.MODEL,
    experiment_settings.PRETRAIN,
    experiment_settings.PHASE,
    experiment_settings.FINETUNE,
    experiment_settings.TUNE,
    experiment_settings.ARM,
    experiment_settings.MESH,
    augment.ASKED,
    augment.SAMPLED,
    augment.SERVED,
    *POPULATIONS.values(),
)
_FLAGS = frozenset(
    {key for schema in _SCHEMAS for key, taker in schema.items() if taker is settings.flag}
    | set(check_world.TRAITS)
    | _words("derived stated leaf empty generate")
)
_KEYS = frozenset(
    {key for schema in _SCHEMAS for key in schema}
    | _words("count named key sequence length converse from_data")
    | _words("onsets nuclei codas syllables letters copies sentences tell qa pronoun title")
    | _words("prompt completion options answer atoms depth choices wording ask verdict unknown accept")
    | _FLAGS
)
_CONNECTING = _words("in from by to with of where not on")


_OTHER = _words("TOP EXPERIMENT FORM TABLE PREAMBLE CASE SWEEP")
"""Blocks that hold no settings."""
_ENDS = _words("LBRACE RPAR NAME STRING INT DECIMAL PERCENT DATE RANGE VALUE_RANGE")


@dataclass(frozen=True)
class Item:
    """One thing of a block: its elements, and the comment that ends its line, if any."""

    elements: tuple[Element, ...]
    comment: str = ""

    @property
    def first(self) -> Element:
        return self.elements[0]

    @property
    def core(self) -> tuple[Element, ...]:
        """The elements behind doc comments."""
        start = 0
        while start < len(self.elements) - 1 and self.elements[start].kind in ("DOC", COMMENT):
            start += 1
        return self.elements[start:]


def items(elements: Sequence[Element], block: str) -> list[Item]:
    """The things of a block. `block` is the kind of the token that begins what the block belongs to.

    A comment on a line of its own is a thing too; one in the midst of another thing stays there.
    """
    starts = set(_starts(elements, block))
    found: list[Item] = []
    current: list[Element] = []
    waiting: list[Piece] = []

    def close() -> None:
        """The current item ends; a comment behind it on its line is its own, others stand alone."""
        comment = ""
        if current and waiting and waiting[0].lines == 0:
            comment = waiting.pop(0).text
        if current:
            found.append(Item(tuple(current), comment))
        found.extend(Item((piece,)) for piece in waiting)
        current.clear()
        waiting.clear()

    for place, element in enumerate(elements):
        if isinstance(element, Piece) and element.kind == COMMENT:
            waiting.append(element)
            continue
        if place in starts:
            close()
        current += waiting
        waiting.clear()
        current.append(element)
    close()
    return found


def _starts(elements: Sequence[Element], block: str) -> Iterator[int]:
    """Where things begin. Nothing begins between parentheses or behind a doc comment."""
    before: Element | None = None
    first: Element | None = None
    depth, complete = 0, True
    for place, element in enumerate(elements):
        if element.kind == COMMENT:
            continue
        depth += (element.kind == "LPAR") - (element.kind == "RPAR")
        begins = before is None or first is None
        if before is not None and first is not None and depth == 0 and before.kind != "DOC":
            begins = _begins(before, element, block)
            if element.kind == "NAME" and block not in _OTHER and not begins:
                begins = complete and _begins_setting(before, element, first)
        if begins:
            yield place
            first, complete = element, _needs_no_value(element)
        elif depth == 0:
            complete = complete or not _connects(element)
        before = element


def _needs_no_value(element: Element) -> bool:
    return element.kind != "NAME" or _text(element) in _FLAGS or _text(element) not in _KEYS


def _begins(before: Element, element: Element, block: str) -> bool:
    kind = element.kind
    if kind == "DOC":
        return True
    if block == "TOP":
        return kind in _TOP
    if block == "FORM":
        return before.kind == "STRING" and kind in ("STRING", "NAME", "INT", "DECIMAL", "PERCENT")
    if block in ("TABLE", "PREAMBLE"):
        return before.kind == kind == "STRING"
    if block == "CASE":
        return before.kind == "RPAR"
    if block == "EXPERIMENT":
        return kind in _EXPERIMENT
    if block == "SWEEP":
        return kind == "VARY"
    return kind in DECLARATIONS | _INNER


def _begins_setting(before: Element, element: Element, first: Element) -> bool:
    """Whether a name behind a whole thing, which began with `first`, begins a setting."""
    if _connects(before) or _connects(element):
        return False
    if first.kind != "NAME":
        return before.kind in _ENDS
    if element.lines or element.gap > 1 or _text(element) in _KEYS:
        return before.kind != "COMMA"
    return before.kind in _ENDS - {"NAME"}


def _connects(element: Element) -> bool:
    return _text(element) in _CONNECTING


def _text(element: Element) -> str:
    return element.text if isinstance(element, Piece) else ""
