"""Values as they are written: which texts are an integer, a number, an amount of money or a day.

A value has a key, by which values of its type are ordered, and one canonical text. Numbers have at most six
decimals and money has two; both are kept as integers, so that the same text gives the same value everywhere.
"""

from __future__ import annotations

import re
from datetime import date

VALUE_TYPES = ("text", "integer", "number", "money", "date")
ORDERED = VALUE_TYPES[1:]

WANTED = {
    "integer": "an integer such as 12, of at most 18 digits 0 to 9",
    "number": "a number such as 0.5",
    "money": "an amount such as 12.50",
    "date": "a day such as 2026-11-24",
}
"""What a text of each type looks like, for messages."""

DECIMALS = {"integer": 0, "number": 6, "money": 2}
"""How many decimals a type has at most; a key counts the smallest of them."""

_NUMBER = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]+))?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def key_of(type: str, text: str) -> int | None:
    """The key of a value of an ordered type, none where the text is not one."""
    if type == "date":
        if not _DATE.fullmatch(text):
            return None
        try:
            return date.fromisoformat(text).toordinal()
        except ValueError:
            return None
    if type == "integer":
        return int(text) if _INTEGER.fullmatch(text) else None
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction = match.groups()
    fraction = (fraction or "").rstrip("0")
    places = DECIMALS[type]
    if len(fraction) > places:
        return None
    key = int(whole) * 10**places + int(fraction.ljust(places, "0") or "0")
    return -key if sign else key


def written(type: str, key: int) -> str:
    """The canonical text of a key: 12, 0.5, 12.50, 2026-11-24."""
    if type == "date":
        return date.fromordinal(key).isoformat()
    if type == "integer":
        return str(key)
    places = DECIMALS[type]
    whole, fraction = divmod(abs(key), 10**places)
    sign = "-" if key < 0 else ""
    digits = f"{fraction:0{places}}"
    if type == "number":
        digits = digits.rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def canonical_text(type: str, text: str) -> str | None:
    """A value as it is said, none where the text is not of the type; any text is a text."""
    if type == "text":
        return text
    key = key_of(type, text)
    return None if key is None else written(type, key)
