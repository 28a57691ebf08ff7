"""`wug plan`: what a run would do, what of it is done already, and what the rest will take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.compiler.sweeping.compilations import Compilations
from wug.progress import Silent
from wug.runtime.forecast import Stage, as_json, forecast, speed
from wug.runtime.run import finished
from wug.runtime.wording import flops


def planned(spec: Experiment, store: Store) -> dict[str, Any]:
    """The plan of a run as a document. Without corpora nothing is known but how much there is to do."""
    if Compilations(store).of(spec) is None:
        return {"name": spec.name, "compiled": False, "run": False, "stages": [], "rate": None}
    compiled = compile_experiment(spec, store, Silent(), Report())
    done = finished(compiled.plan, compiled.path, store) is not None
    stages = forecast(compiled.plan, compiled.path, store.root)
    return {"name": spec.name, "compiled": True, "run": done, **timed(stages, store)}


def timed(stages: Sequence[Stage], store: Store) -> dict[str, Any]:
    """Stages as a document, with how long they take at the rate of what was trained in this store."""
    found = speed(store.root)
    return {
        "stages": as_json(stages, found[0] if found else None),
        "rate": None if found is None else {"flops_per_second": found[0], "trainings": found[1]},
    }


def print_plan(document: dict[str, Any], path: Path, console: Console) -> None:
    """The plan as a table."""
    if not document["compiled"]:
        console.print(f"nothing is compiled: 'wug compile {path}', then this says what a run takes")
        return
    console.print(stage_table(document["stages"]))
    if document["run"]:
        console.print("all of it was run: 'wug run' shows the results")
        return
    print_time(document, console)


def stage_table(stages: Sequence[dict[str, Any]]) -> Table:
    """What is to be done of each stage, and what that takes."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("stage", "of", "to do", "tokens", "operations", "memory", "time"):
        made.add_column(name, justify="left" if name in ("stage", "of") else "right", overflow="fold")
    for each in stages:
        left = each["count"] - each["done"]
        sign = {"least": "≥ ", "most": "≤ "}.get(each["bound"], "")
        told = [f"{left:,} of {each['count']:,}"] if left else ["nothing"]
        if left:
            unknown = each["bound"] == "least" and not each["tokens"]
            told += [
                "?" if unknown else f"{sign}{each['tokens']:,}",
                "?" if unknown else sign + flops(each["flops"]),
            ]
            told += [
                f"{each['memory'] / 2**20:,.0f} MB" if each["memory"] else "",
                _time(each["seconds"], unknown),
            ]
        made.add_row(each["kind"], each["name"], *told)
    return made


def print_time(document: dict[str, Any], console: Console) -> None:
    """How long all that is to do will take."""
    whole = sum(each["seconds"] or 0 for each in document["stages"])
    if document["rate"] is None:
        console.print("how long it takes is known once something was trained here")
        return
    rate, count = document["rate"]["flops_per_second"], document["rate"]["trainings"]
    what = f"{count} pretraining{'s' if count > 1 else ''} here ran at {flops(rate)} operations a second"
    console.print(f"about {_time(whole, False)} in all, as {what}; compilation of programs is not in it")


def _time(seconds: float | None, unknown: bool) -> str:
    if seconds is None or unknown:
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
