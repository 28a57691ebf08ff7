"""The table of what came of an update: a block for each test, a row for each arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from wug.compiler.updating.versions import CHANGED, REMOVED, STATES
from wug.runtime.wording import interval, most, percent

_NEW = (CHANGED, *(state for state in STATES if state != CHANGED), REMOVED)
"""What changed comes first."""
STALE = "stale"
_COUNTED = (
    "right about so many facts that changed, were kept, added, removed, whether an arm can know them or not;",
    "stale: it says what was right before, of so many that have such an answer; trained on so many tokens a",
    "seed, beside what it continues",
)


def after_update_table(rows: Sequence[dict[str, Any]]) -> list[RenderableType]:
    """The tables, and what they count; nothing where nothing was updated."""
    said: list[RenderableType] = []
    for split in dict.fromkeys(row["split"] for row in rows):
        mine = [row for row in rows if row["split"] == split]
        asked = [name for name in (*_NEW, STALE) if any(row[name]["n"] for row in mine)]
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        made.add_column("arm", overflow="fold")
        for name in asked:
            items = most(row[name]["n"] for row in mine)
            made.add_column(f"{name}\n{items}", justify="right", no_wrap=True)
        made.add_column("trained\ntokens", justify="right", no_wrap=True)
        for row in mine:
            tokens = f"{row['train_tokens']:,}" if row["train_tokens"] else "–"
            made.add_row(Text(row["arm"], style="bold"), *(_cell(row[name]) for name in asked), tokens)
        said += [Text(f"\nafter the update: {split}", "bold"), made]
    return said + [Text(line, "dim") for line in _COUNTED if said]


def _cell(share: dict[str, Any]) -> Text:
    value = share.get("accuracy", share.get("share"))
    return Text("–") if value is None else Text.assemble(percent(value), (f" {interval(share):>6}", "dim"))
