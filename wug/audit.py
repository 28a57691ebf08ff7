"""What an audit found, as a person reads it."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wug.compiler.asking.shortcut import NAMES
from wug.compiler.emitting.audit import Audit

MOST = 10
"""So many faults of a kind are told; the rest are counted."""


def print_audit(found: Audit, out: Console) -> None:
    """Faults by kind, the table of splits, and the names."""
    kinds = Counter(fault.kind for fault in found.faults)
    for kind, count in kinds.items():
        out.print(Text(f"{kind}: {count:,} fault{'s' if count > 1 else ''}", "bold red"))
        for fault in [fault for fault in found.faults if fault.kind == kind][:MOST]:
            where = f"seed {fault.seed}: " if fault.seed >= 0 else ""
            out.print(f"  {where}{fault.message}", markup=False, highlight=False)
        if count > MOST:
            out.print(f"  and {count - MOST:,} more")
    if not found.faults:
        out.print(f"{found.name}: no fault; {_vouched(found)}")
    if found.splits:
        out.print(_splits(found))
    for each in found.names:
        counts = ", ".join(f"{names:,} of {tokens}" for tokens, names in each["tokens"].items())
        apart = _apart(found, each["type"])
        out.print(f"{each['type']}: {each['names']:,} names, {counts} tokens{apart}", highlight=False)
    open = {
        test: None for seed in found.disjoint for test, s in seed["tests"].items() if s["proof"] == "none"
    }
    if open:
        out.print(f"nothing proves that pretraining read no question of {', '.join(open)}", style="yellow")


def _apart(found: Audit, type: str) -> str:
    """How the names of a type are kept out of what pretraining reads."""
    proved = found.disjoint[0]["names"].get(type)
    if proved is None:
        return ""
    return {
        "reserved": f"; pretraining invents names of {proved.get('against', 0):,} other words",
        "redrawn": "; pretraining draws others of their shape",
        "composed": f"; composed of those of {proved.get('of', '')}",
        "numbered": "; pretraining numbers alike",
    }[proved["proof"]]


def _vouched(found: Audit) -> str:
    """What stands behind the keys: proofs, or for given questions their file alone."""
    given = [each["split"] for each in found.splits if each["given"]]
    proved = "every key is proved and every sentence reads back"
    if not given:
        return proved
    word = "given texts and questions are those of their files, and no key of theirs is proved"
    return word if len(given) == len(found.splits) else f"{proved}, but for {', '.join(given)}: {word}"


def _splits(found: Audit) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("test", overflow="fold")
    for name in ("items", "depth", "chance", *NAMES):
        made.add_column(name, justify="right")
    for each in found.splits:
        depths = list(each["depths"])
        depth = (
            "given"
            if each["given"]
            else depths[0]
            if len(depths) == 1
            else f"{depths[0]}..{depths[-1]}"
            if depths
            else "–"
        )
        known = [
            Text("–")
            if each[name] is None
            else Text(f"{each[name]:.2f}", "yellow" if name in each["answered_by"] else "")
            for name in NAMES
        ]
        made.add_row(each["split"], f"{each['items']:,}", depth, f"{each['chance']:.2f}", *known)
    return made
