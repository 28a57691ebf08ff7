"""Wording: how numbers are written for people, in the table and in the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")


def percent(share: float) -> str:
    """`0.974` as `97 %`; only what is whole is written as 0 or 100."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        rounded = 99
    if rounded == 0 and share > 0:
        rounded = 1
    return f"{rounded} %"


def interval(row: dict[str, Any]) -> str:
    """A row's interval, `92–99`, rounded outwards never past what it says."""
    return f"{round(100 * row['low'])}–{round(100 * row['high'])}"


def flops(count: float) -> str:
    """A number of operations, `1234567` as `1.23 M`."""
    place = 0
    while count >= 999.5 and place < len(_PREFIXES) - 1:
        count, place = count / 1000, place + 1
    return f"{count:.3g} {_PREFIXES[place]}".rstrip()


def money(amount: float) -> str:
    """An amount to three significant digits, `1234.5` as `1,230` and `0.01234` as `0.0123`."""
    return f"{float(f'{amount:.3g}'):,.10g}"


def most(counts: Iterable[int]) -> str:
    """One count where all are the same, else `up to` the largest."""
    found = set(counts)
    return f"{'up to ' if len(found) > 1 else ''}{max(found, default=0):,}"
