"""`wug plan` of a sweep: how far its variants are, and what the rest takes, shared pieces once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.plan import print_time, stage_table, timed
from wug.runtime import corpus as corpora
from wug.runtime.forecast import Piece, Present, Shared, pieces, stages
from wug.runtime.run import finished
from wug.sweep import compiled_variants, wording


def planned_sweep(spec: Experiment, store: Store) -> dict[str, Any]:
    """The plan of a sweep as a document. Of variants that are not compiled nothing is known but that they are
    to be run. What lies in the store is taken as it is: a run compares it with its digests."""
    there = Present(store.root, compare=False)
    read: dict[tuple[Path, int], Shared] = {}
    every: list[Piece] = []
    variants = []
    for variant, compiled in zip(spec.variants, compiled_variants(spec, store), strict=True):
        state = "not compiled"
        if compiled is not None:
            seeds = compiled.plan.seeds
            if (place := (compiled.path, len(seeds))) not in read:
                read[place] = Shared(corpora.load(compiled.path, seeds))
            every += pieces(compiled.plan, compiled.path, there, read[place])
            state = "run" if finished(compiled.plan, compiled.path, store) is not None else "to run"
        variants.append({"values": wording(spec, variant), "state": state})
    return {
        "name": spec.name,
        "variants": variants,
        "run": all(each["state"] == "run" for each in variants),
        **timed(stages(every), store),
    }


def print_sweep_plan(document: dict[str, Any], path: Path, console: Console) -> None:
    """The plan for people."""
    variants = document["variants"]
    count = {state: sum(each["state"] == state for each in variants) for state in ("run", "not compiled")}
    console.print(
        f"{len(variants):,} variants, {count['run']:,} of them run, {count['not compiled']:,} not compiled"
    )
    if document["stages"]:
        console.print(stage_table(document["stages"]))
    if document["run"]:
        console.print("all of it was run: 'wug run' shows the results")
        return
    for each in [each for each in variants if each["state"] == "not compiled"][:_SHOWN]:
        console.print(f"not compiled: {each['values']}")
    if count["not compiled"] > _SHOWN:
        console.print(f"and {count['not compiled'] - _SHOWN:,} more")
    if document["stages"]:
        print_time(document, console)
    if count["not compiled"]:
        console.print(f"what these take is known once they are compiled: 'wug compile {path}' compiles all")


_SHOWN = 10
