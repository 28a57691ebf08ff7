"""Commands that train, and what they would."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wug.commands.begun import can_be_shared, checked, counted, mesh_of, opened
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.experiment import Experiment
from wug.compiler.world import World
from wug.console import console, say_error

if TYPE_CHECKING:
    from wug.compiler.locking.lock import Section
    from wug.sweep import Outcome


def run(options: argparse.Namespace) -> int:
    """`wug run`: the whole way from two text files to the table; of a folder, to one table of all in it. Of
    several processes that are one run, the first says what comes of it."""
    from wug.runtime.cluster import announced

    if options.file.is_dir():
        if announced(os.environ) is not None:
            say_error("several processes run one .experiment at a time, and no folder of them")
            return 2
        return _run_folder(options)
    spec = checked(options)
    if isinstance(spec, World):
        say_error(f"'{options.file}' is a world; run an .experiment, or look at the world with 'wug show'")
        return 2
    if spec.axes:
        return _run_sweep(spec, options)
    if options.shard is not None or options.ray:
        say_error(f"{options.file.name} has no sweep, whose variants are what is shared out")
        return 2
    from wug.compiler.locking.pins import late
    from wug.runtime.cluster import join
    from wug.runtime.report import exit_status, print_report

    folder, section = _carried_out(spec, options)
    if not join().leads:
        return exit_status(json.loads((folder / "results.json").read_bytes()), options.strict)
    text = (folder / "results.json").read_text(encoding="utf-8")
    document = json.loads(text)
    if options.json:
        sys.stdout.write(text)
    else:
        out = console()
        print_report(document, out, late(section))
        out.print(f"\nresults: {folder / 'results.json'}")
        for name in ("results.svg", "price.svg", "context.svg", "augmentation.svg"):
            if (folder / name).exists():
                out.print(f"picture: {folder / name}")
        if (said := folder / "generations.jsonl").exists():
            out.print(f"answers: {said}")
    return exit_status(document, options.strict)


def _carried_out(spec: Experiment, options: argparse.Namespace) -> tuple[Path, Section]:
    """The folder of an experiment's results, and what the lock says of it, empty where nothing is pinned:
    with other parameters than those that are written it is not the experiment of the file."""
    from wug.lock import locked, made_of
    from wug.progress import Silent
    from wug.running import carried_out
    from wug.runtime.cluster import SharedStore, join

    mesh, cluster = mesh_of(options, spec), join()
    store, progress = opened(options, options.file)
    if cluster.several:
        store = SharedStore(store.root, cluster, progress.warn, store.shared)
    if not cluster.leads:
        progress = Silent()
    pinned = cluster.leads and not options.parameters
    if pinned:  # what is expected is written down before there are results
        locked(options.file, spec, {}, progress)
    compiled, folder = carried_out(spec, store, progress, mesh)
    if isinstance(store, SharedStore):
        store.close()
    return folder, locked(options.file, spec, made_of(compiled, store), progress) if pinned else {}


def _run_sweep(spec: Experiment, options: argparse.Namespace) -> int:
    """`wug run` of an experiment with a sweep: all of its variants, or those of a shard, and one table."""
    from wug.compiler.locking.pins import late
    from wug.lock import locked
    from wug.runtime.cluster import announced
    from wug.runtime.sweep_table import print_sweep
    from wug.sweep import missing, run_variants

    if announced(os.environ) is not None:
        say_error("several processes run one experiment, and no sweep: give each a part with --shard")
        return 2
    if not can_be_shared(options, len(spec.variants), "variant"):
        return 2
    store, progress = opened(options, options.file)
    if options.ray:
        from wug.on_ray import make_shards

        make_shards("run", options.file, options.ray, store.root, options.parameters, progress)
    if options.shard is not None:
        if not options.parameters:
            locked(options.file, spec, {}, progress)
        count = len(spec.variants)
        outcomes = run_variants(
            spec, options.shard.every(count), store, progress, partial(mesh_of, options), options.strict
        )
        left = missing(spec, store)
        told = f"{len(left)} of {counted(count, 'variant')} are missing" if left else f"all {count} are there"
        console().print(f"{told}: 'wug run {options.file}' runs what is missing and puts all together")
        return max(each.status for each in outcomes)
    outcomes, folder, section = _whole_sweep(spec, options)
    text = (folder / "results.json").read_text(encoding="utf-8")
    if options.json:
        sys.stdout.write(text)
    else:
        print_sweep(json.loads(text), console(), late(section))
        console().print(f"\nresults: {folder / 'results.json'}")
    return max(each.status for each in outcomes)


def _whole_sweep(spec: Experiment, options: argparse.Namespace) -> tuple[list[Outcome], Path, Section]:
    """What came of each variant of a sweep, the folder of all results, and what the lock says of it."""
    from wug.lock import locked, made_of_sweep
    from wug.sweep import assembled, run_variants

    store, progress = opened(options, options.file)
    if not options.parameters:  # what is expected is written down before there are results
        locked(options.file, spec, {}, progress)
    every = range(len(spec.variants))
    outcomes = run_variants(spec, every, store, progress, partial(mesh_of, options), options.strict)
    folder = assembled(spec, outcomes, store)
    made = {} if options.parameters else made_of_sweep(spec, store)
    section = {} if options.parameters else locked(options.file, spec, made, progress)
    return outcomes, folder, section


def _run_folder(options: argparse.Namespace) -> int:
    """All experiments of a folder, by name: one that fails does not stop the others."""
    from wug.cli import ending
    from wug.runtime.report import exit_status
    from wug.runtime.verdicts import print_verdicts
    from wug.sweep import wording

    paths = sorted(options.file.glob("*.experiment"))
    if not paths:
        say_error(f"there is no .experiment in '{options.file}'")
        return 2
    statuses: list[int] = []
    failed: dict[str, str] = {}
    documents: list[dict[str, Any]] = []
    for path in paths:
        print(path, file=sys.stderr, flush=True)
        each = argparse.Namespace(**{**vars(options), "file": path})
        try:
            spec = checked(each)
            assert isinstance(spec, Experiment), f"{path} holds a world"
            if spec.axes:
                outcomes, _, _ = _whole_sweep(spec, each)
                for variant, outcome in zip(spec.variants, outcomes, strict=True):
                    name = f"{path.stem}: {wording(spec, variant)}"
                    statuses.append(outcome.status)
                    if outcome.folder is None:
                        failed[name] = "did not run"
                    else:
                        document = json.loads((outcome.folder / "results.json").read_bytes())
                        documents.append({**document, "name": name})
                continue
            found = _carried_out(spec, each)[0] / "results.json"
        except Exception as error:
            statuses.append(ending(error, "text"))
            failed[path.stem] = "did not compile" if isinstance(error, SpecError) else "did not run"
        else:
            documents.append(json.loads(found.read_bytes()))
            statuses.append(exit_status(documents[-1], options.strict))
    if options.json:
        print(json.dumps(documents, indent=2))
    else:
        print_verdicts(documents, console(), failed)
    return max(statuses)


def plan(options: argparse.Namespace) -> int:
    """`wug plan`: what a run would do."""
    spec = checked(options)
    if isinstance(spec, World):
        say_error(f"'{options.file}' is a world; an .experiment is run")
        return 2
    from wug.plan import planned, print_plan

    store, _ = opened(options, options.file, compare=not spec.axes)
    if spec.axes:
        from wug.sweep_plan import planned_sweep, print_sweep_plan

        document = planned_sweep(spec, store)
        if not options.json:
            print_sweep_plan(document, options.file, console())
            return 0
    else:
        document = planned(spec, store)
    if options.json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_plan(document, options.file, console())
    return 0


def export(options: argparse.Namespace) -> int:
    """`wug export`: the weights of an arm, as others read them."""
    spec = checked(options)
    if isinstance(spec, World):
        say_error(f"'{options.file}' is a world; an arm of an .experiment has weights")
        return 2
    from wug.compiler.compile import compile_experiment
    from wug.compiler.diagnosis.diagnostics import did_you_mean
    from wug.compiler.emitting.augmentation import Scribe
    from wug.compiler.emitting.tuning import tuning_draft
    from wug.runtime.cluster import announced
    from wug.runtime.export import export as write
    from wug.runtime.interruption import interruptible
    from wug.runtime.run import Run
    from wug.runtime.schedule import CHECKPOINT_EVERY_S

    if announced(os.environ) is not None:
        say_error("one process exports; several 'wug run' the experiment before")
        return 2
    names = [arm.name for arm in spec.arms]
    if options.arm not in names:
        say_error(f"there is no arm '{options.arm}': {did_you_mean(options.arm, names)}")
        return 2
    (store, progress), mesh = opened(options, options.file), mesh_of(options, spec)
    compiled = compile_experiment(spec, store, progress, Report())
    tuning = Scribe(spec, lambda: tuning_draft(spec, compiled.path, Report()))
    with interruptible(progress.note) as interruption:
        scribe, every_s = Scribe(spec), CHECKPOINT_EVERY_S
        made = Run(compiled.plan, compiled.path, store, progress, interruption, scribe, every_s, mesh)
        write(made, options.arm, options.seed, options.folder, tuning, options.adapter)
    what = "adapter" if options.adapter else "weights"
    console().print(f"{what}: {options.folder}", highlight=False)
    return 0
