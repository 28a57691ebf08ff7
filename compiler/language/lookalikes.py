"""Characters that are not what they seem: letters of other scripts, invisible ones, and more.

A spec means what a reader sees, so they are errors that name the character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Protocol

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.language.source import Source, Span

_CYRILLIC = dict(zip("аеорсухіјѕһԁԛԝАВЕКМНОРСТХУІЈЅ", "aeopcyxijshdqwABEKMHOPCTXYIJS", strict=True))
_GREEK = dict(zip("ονΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovABEZHIKMNOPTYX", strict=True))
_OTHER = {"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "∕": "/", "‹": "<", "›": ">", "…": "..."}
_LETTERS = _CYRILLIC | _GREEK
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff"
_HIDDEN = re.compile(f"[{_TURNING}{_INVISIBLE}]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
_FOREIGN = "".join(_LETTERS)
_MIXED = re.compile(f"(?<=[A-Za-z])[{_FOREIGN}]|[{_FOREIGN}](?=[A-Za-z])|(?<={{)[{_FOREIGN}]")


class _Token(Protocol):
    """A token as the parser has it, of which this needs to know nothing more."""

    @property
    def type(self) -> str: ...

    @property
    def value(self) -> str: ...

    @property
    def start_pos(self) -> int | None: ...


def check_characters(source: Source, tokens: Iterable[_Token], report: Report) -> None:
    """Report what hides in texts and comments (W0015): control characters, and letters of another script
    in a word. Elsewhere they are no token, and the parser reports them where it meets them."""
    if source.text.isascii() and not _CONTROL.search(source.text):
        return
    stray = {token.start_pos for token in tokens if token.type == "STRAY"}
    texts = [token for token in tokens if token.type in ("STRING", "UNCLOSED")]
    hidden = [*_HIDDEN.finditer(source.text), *_CONTROL.finditer(source.text)]
    places = [match.start() for match in hidden if match.start() not in stray]
    for token in texts:
        places += [(token.start_pos or 0) + match.start() for match in _MIXED.finditer(token.value)]
    for place in sorted(places):
        found = lookalike(source.text[place])
        if found is not None:
            message, help = found
            report.add("W0015", message, Span(source, place, place + 1), help=help)


def lookalike(character: str) -> tuple[str, str] | None:
    """What is wrong with a character, and the way out; none where it is what it seems."""
    named = f"{unicodedata.name(character, 'a control character')} (U+{ord(character):04X})"
    if unicodedata.category(character) == "Cc":
        return f"{named} may do anything to the screen that shows it", "take it out"
    if character in _TURNING:
        return f"{named} changes the order in which this line is shown", "take it out"
    if character in _INVISIBLE:
        return f"{named} is invisible", "take it out"
    seems = _seems(character)
    if seems is None:
        return None
    shown = "a space" if seems == " " else f"'{seems}'"
    return f"{named} looks like {shown}", f"write {shown} with the key of that name"


def looks(text: str) -> str:
    """What a text looks like: the same for two texts that no reader can tell apart."""
    if text.isascii():
        return text
    shown = _HIDDEN.sub("", unicodedata.normalize("NFC", text))
    return "".join(" " if unicodedata.category(c) == "Zs" else _LETTERS.get(c, c) for c in shown)


def _seems(character: str) -> str | None:
    """The ASCII text that a character looks like."""
    if unicodedata.category(character) == "Zs" and character != " ":
        return " "
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and len(plain) == 1 and "!" <= plain <= "~":
        return plain
    return (_LETTERS | _OTHER).get(character)
