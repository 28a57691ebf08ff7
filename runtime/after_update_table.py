"""The table of what came of an update: a block for each test, a row for each arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from wug.compiler.updating.versions import CHANGED, STATES
from wug.runtime.wording import interval, most, percent

_NEW = (CHANGED, *(state for state in STATES if state != CHANGED))
"""What changed comes first."""


def after_update_table(rows: Sequence[dict[str, Any]]) -> list[RenderableType]:
    """The tables, and what they count; nothing where nothing was updated."""
    said: list[RenderableType] = []
    for split in dict.fromkeys(row["split"] for row in rows):
        mine = [row for row in rows if row["split"] == split]
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        made.add_column("arm", overflow="fold")
        for name in (*_NEW, "stale"):
            items = most(row[name]["n"] for row in mine)
            made.add_column(f"{name}\n{items}", justify="right", no_wrap=True)
        made.add_column("trained\ntokens", justify="right", no_wrap=True)
        for row in mine:
            cells = [_cell(row[state], "accuracy") for state in _NEW]
            tokens = f"{row['train_tokens']:,}" if row["train_tokens"] else "–"
            made.add_row(Text(row["arm"], style="bold"), *cells, _cell(row["stale"], "share"), tokens)
        said += [Text(f"\nafter the update: {split}", "bold"), made]
    if said:
        what = (
            "right about so many facts that changed, were kept, were added; stale: says what was right before"
        )
        said.append(Text(f"{what}, of", "dim"))
        said.append(
            Text(
                "so many that have such an answer; tokens of one seed, without those of an arm that is", "dim"
            )
        )
        said.append(Text("continued. All questions count", "dim"))
    return said


def _cell(share: dict[str, Any], name: str) -> Text:
    if share[name] is None:
        return Text("–")
    return Text.assemble(percent(share[name]), (f" {interval(share):>6}", "dim"))
