"""A sweep in a terminal: its axes as columns, a row for each variant and arm, the tests as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wug.runtime.report import SIGNS, cell
from wug.runtime.wording import most

_WIDEST = 10_000  # columns: more than any table takes


def print_sweep(document: dict[str, Any], console: Console, late: Collection[str] = ()) -> None:
    """Print the results of a sweep: the table, what has no results and why, and how often what was expected
    came out how, marked where it was written `late`."""
    seeds = most(row["seeds"] for row in document["pooled"])
    items = most(row["n"] for row in document["pooled"])
    told = f"{items} questions a cell, seeds: {seeds}, 95 % intervals"
    head = (f"   {len(document['variants']):,} variants, ", "dim"), (told, "dim")
    console.print(Text.assemble((document["name"], "bold"), *head))
    made = table(document)
    options = console.options.update(max_width=_WIDEST)
    fits = console.measure(made, options=options).maximum <= console.width
    console.print(made if fits else table(document, narrow=True))
    for each in document["variants"]:
        failed = {"": each["failed"]} if each["failed"] else each["failed_arms"]
        for arm, why in failed.items():
            place = f"variant {each['variant'] + 1}{', ' if arm else ''}{arm}: "
            console.print(Text.assemble(("no result  ", "bold red"), place, why))
    for text in dict.fromkeys(each["text"] for each in document["expectations"]):
        found = Counter(each["verdict"] for each in document["expectations"] if each["text"] == text)
        parts = [(f"{mark} {found[verdict]} {verdict}", colour) for verdict, (mark, colour) in SIGNS.items()]
        told = "   written after these results were there" if text in late else ""
        console.print(Text.assemble(*(part for each in parts for part in (each, "  ")), text, told))


def table(document: dict[str, Any], narrow: bool = False) -> Table:
    """The table; in a `narrow` one each interval stands below its accuracy."""
    by_place = {(row["variant"], row["arm"], row["split"]): row for row in document["pooled"]}
    splits = list(dict.fromkeys(row["split"] for row in document["pooled"]))
    settings = [setting for axis in document["axes"] for setting in axis["settings"]]
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0) if narrow else (0, 1))
    for name in _short(settings):
        made.add_column(name, justify="right", overflow="fold")
    for name in ("arm", *splits):
        made.add_column(name, overflow="fold")
    for each in document["variants"]:
        number = each["variant"]
        values = [_value(value) for value in each["values"].values()]
        arms = dict.fromkeys(row["arm"] for row in document["pooled"] if row["variant"] == number)
        for arm in (*arms, *each["failed_arms"]) or ("–",):
            cells = [cell(by_place.get((number, arm, split)), narrow) for split in splits]
            made.add_row(*values, Text(arm, style="bold"), *cells)
            values = [""] * len(values)
    return made


def _short(settings: list[str]) -> list[str]:
    """The names of settings without what they are settings of, where they can still be told apart."""
    short = [name.partition(" ")[2] or name for name in settings]
    return [each if short.count(each) == 1 else name for name, each in zip(settings, short, strict=True)]


def _value(value: int | float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:g}"
