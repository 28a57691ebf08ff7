"""One table of the verdicts of several experiments: what was expected, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wug.runtime.report import SIGNS, claim, effect

NONE_FAILED: Mapping[str, str] = MappingProxyType({})


def print_verdicts(
    documents: Sequence[dict[str, Any]], console: Console, failed: Mapping[str, str] = NONE_FAILED
) -> None:
    """Print every expectation of every results document, and how many of them hold. `failed` are experiments
    that have no results, and what became of them."""
    console.print(verdict_table(documents, failed))
    verdicts = [each["verdict"] for document in documents for each in document["expectations"]]
    found = Counter(verdicts)
    told = ", ".join(f"{found[verdict]} {verdict}" for verdict in SIGNS)
    console.print(Text(f"{len(verdicts)} expectations: {told}", "bold"))
    for document in documents:
        several = len({outcome["model"] for outcome in document["pretraining"]}) > 1
        short = [
            f"{outcome['model']} {outcome['seed']}" if several else str(outcome["seed"])
            for outcome in document["pretraining"]
            if not outcome["reached"]
        ]
        if short:
            many = "s" if len(short) > 1 else ""
            told = (
                f"{document['name']}: pretraining{many} {', '.join(short)} fell short of what was asked for"
            )
            console.print(Text(told, "yellow"))


def verdict_table(documents: Sequence[dict[str, Any]], failed: Mapping[str, str] = NONE_FAILED) -> Table:
    """A row for each expectation: n are the questions of its test, over all seeds. And one for each of the
    experiments that `failed`."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("experiment", "expected", "verdict", "found", "n", "seeds", "pretrainings"):
        made.add_column(name, overflow="fold", justify="right" if name in ("n", "seeds") else "left")
    for document in documents:
        made.add_section()
        for each in document["expectations"]:
            mark, colour = SIGNS[each["verdict"]]
            row = _measured(document, each)
            made.add_row(
                document["name"],
                Text.assemble(each["text"], (f"\n{claim(each)}", "dim")),
                Text(f"{mark} {each['verdict']}", colour),
                effect(each) or each["reason"],
                f"{row['n']:,}" if row else "–",
                str(row["seeds"]) if row else "–",
                _pretrainings(document, each),
            )
    for name, told in failed.items():
        made.add_section()
        made.add_row(name, told, Text("✗ failed", "red"), "", "–", "–", "–")
    return made


def _pretrainings(document: dict[str, Any], each: dict[str, Any]) -> str:
    """How many pretrainings the arms of an expectation rest on: of two models the fewer."""
    named = (each[side].partition(" ")[0].rpartition(".")[0] for side in ("left", "right"))
    models = {document["arms"][arm]["model"] for arm in named if arm in document["arms"]}
    counts = Counter(outcome["model"] for outcome in document["pretraining"])
    return str(min((counts[model] for model in models), default=0))


def _measured(document: dict[str, Any], each: dict[str, Any]) -> dict[str, Any] | None:
    """The pooled row of what stands first in an expectation; none where its arm has no result."""
    rows = {f"{row['arm']}.{row['split']}": row for row in document["pooled"]}
    sides = (each[side].partition(" ")[0] for side in ("left", "right"))
    return next((rows[side] for side in sides if side in rows), None)
