"""What each command does. Heavy imports stand inside, so that `wug check` answers in no time."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wug.compiler.checking.check import check as check_spec
from wug.compiler.checking.check import once
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.experiment import Experiment
from wug.compiler.world import World
from wug.console import console, print_diagnostics, say_error

if TYPE_CHECKING:
    from wug.compiler.locking.lock import Section
    from wug.compiler.mesh import Mesh
    from wug.compiler.store import Store
    from wug.progress import Progress
    from wug.sweep import Outcome


def check(options: argparse.Namespace) -> int:
    """`wug check`: every error of every file, and one line for each that is well."""
    report = Report()
    good: list[str] = []
    for path in options.files:
        before = len(report.items)
        spec = check_spec(path, str(path), report, options.parameters)
        if options.locked and spec is not None:
            from wug.lock import check_locked

            check_locked(path, spec, report)
        if spec is not None and len(report.items) == before:
            good.append(f"{path}: {_described(spec)}")
    found = once(report.items)
    if options.format == "json" or found:
        print_diagnostics(found, options.format)
    if options.format == "text":
        for line in good:
            print(line)
    return 1 if report.failed else 0


def _described(spec: World | Experiment) -> str:
    if isinstance(spec, World):
        parts = [
            (len(spec.entities), "entity type"),
            (len(spec.relations), "relation"),
            (len(spec.rules), "rule"),
            (len(spec.given), "file of given texts"),
        ]
        return f"world {spec.name} is well ({', '.join(_counted(n, what) for n, what in parts if n)})"
    parts = [(len(spec.tests) + len(spec.given_tests), "test"), (len(spec.arms), "arm"), (spec.seeds, "seed")]
    parts += [(len(spec.variants), "variant")] if spec.axes else []
    return f"experiment {spec.name} is well ({', '.join(_counted(n, what) for n, what in parts)})"


def _counted(number: int, what: str) -> str:
    plural = what.replace("file", "files") if what.startswith("file") else f"{what}s"
    return f"{number} {what if number == 1 else plural}"


def checked(options: argparse.Namespace) -> World | Experiment:
    """The spec that a command is about. Raises SpecError with everything that is wrong with it."""
    report = Report()
    spec = check_spec(options.file, str(options.file), report, options.parameters)
    report.stop_if_failed()
    if spec is None:
        raise SpecError(report)
    return spec


def _store(options: argparse.Namespace, spec: Path | None, compare: bool = True) -> tuple[Store, Progress]:
    """Where finished work is, and where is told what is done."""
    from wug.compiler.language.resolve import project_root
    from wug.compiler.store import Store
    from wug.progress import open_progress

    progress = open_progress()
    root = options.build or project_root(spec or Path("x")) / "build"
    return Store(root, progress.warn, compare, options.shared), progress


def compile(options: argparse.Namespace) -> int:
    """`wug compile`: write an experiment's corpora and episodes, or a world's facts; or a part of them."""
    spec = checked(options)
    worlds = 1 if isinstance(spec, World) else spec.seeds
    if not _can_be_shared(options, worlds, "seed"):
        return 2
    from wug.compiler.compile import compile_experiment, compile_shard, compile_world

    (store, progress), report = _store(options, options.file), Report()
    if isinstance(spec, Experiment) and spec.axes:
        return _compile_sweep(spec, options)
    if options.ray:
        from wug.on_ray import make_shards

        given = options.file, options.ray, store.root, options.parameters
        status, said = make_shards("compile", *given, progress)
        if status:
            sys.stderr.write(said)
            return status
    if isinstance(spec, Experiment) and options.shard is not None:
        folder = compile_shard(spec, options.shard, store, progress, report)
    elif isinstance(spec, World):
        folder = compile_world(spec, store, progress, report)
    else:
        compiled = compile_experiment(spec, store, progress, report)
        folder = compiled.path
        for warning in compiled.warnings:
            progress.warn(warning)
    if options.format == "json":
        print_diagnostics(report.items, "json")
    else:
        console().print(str(folder))
    return 0


def _compile_sweep(spec: Experiment, options: argparse.Namespace) -> int:
    """`wug compile` of a sweep: each variant. One that fails does not stop the others."""
    if options.shard is not None or options.ray:
        say_error("the variants of a sweep are compiled one by one; 'wug run --shard' shares them out")
        return 2
    from wug.cli import ending
    from wug.compiler.compile import compile_experiment

    (store, progress), report, status = _store(options, options.file), Report(), 0
    folders: dict[Path, None] = {}
    for variant in spec.variants:
        try:
            folders[compile_experiment(variant.experiment, store, progress, report).path] = None
        except SpecError as error:
            status = ending(error, options.format)
    if options.format == "text":
        for folder in folders:
            console().print(str(folder))
    elif not status:
        print_diagnostics(once(report.items), "json")
    return status


def _can_be_shared(options: argparse.Namespace, count: int, what: str) -> bool:
    """Whether so many things can be shared out as the command line wants it; says why not."""
    parts = options.shard.count if options.shard is not None else options.ray
    both = options.shard is not None and options.ray
    if parts <= count and not both:
        return True
    told = f"{options.file.name} has {_counted(count, what)} to share out among {parts} parts"
    say_error("--ray makes all parts, and --shard one: give one of them" if both else told)
    return False


def fmt(options: argparse.Namespace) -> int:
    """`wug fmt`: the files that were changed, or with `--check` would be, one a line."""
    from wug.format import format_specs

    report = Report()
    changed = format_specs(options.files, options.check, report)
    if options.format == "json" or report.items:
        print_diagnostics(report.items, options.format)
    if options.format == "text":
        for path in changed:
            print(path)
    return 1 if report.failed or (options.check and changed) else 0


def show(options: argparse.Namespace) -> int:
    """`wug show`: samples of what a spec says."""
    spec = checked(options)
    from wug.show import show_experiment, show_world

    if isinstance(spec, Experiment) and options.seed >= spec.seeds:
        say_error(f"experiment {spec.name} has no seed {options.seed}; its last one is {spec.seeds - 1}")
        return 2
    out = console()
    if isinstance(spec, World):
        show_world(spec, options.seed, options.n, out)
    else:
        show_experiment(spec, options.seed, options.n, out)
    return 0


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

    mesh, cluster = _mesh(options, spec), join()
    store, progress = _store(options, options.file)
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
    if not _can_be_shared(options, len(spec.variants), "variant"):
        return 2
    store, progress = _store(options, options.file)
    if options.ray:
        from wug.on_ray import make_shards

        make_shards("run", options.file, options.ray, store.root, options.parameters, progress)
    if options.shard is not None:
        if not options.parameters:
            locked(options.file, spec, {}, progress)
        count = len(spec.variants)
        outcomes = run_variants(spec, options.shard.every(count), store, progress, partial(_mesh, options))
        left = missing(spec, store)
        told = (
            f"{len(left)} of {_counted(count, 'variant')} are missing" if left else f"all {count} are there"
        )
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

    store, progress = _store(options, options.file)
    if not options.parameters:  # what is expected is written down before there are results
        locked(options.file, spec, {}, progress)
    every = range(len(spec.variants))
    outcomes = run_variants(spec, every, store, progress, partial(_mesh, options))
    folder = assembled(spec, outcomes, store)
    made = {} if options.parameters else made_of_sweep(spec, store)
    section = {} if options.parameters else locked(options.file, spec, made, progress)
    return outcomes, folder, section


def _mesh(options: argparse.Namespace, spec: Experiment) -> Mesh | None:
    """How devices share the work: as the command line says, else the experiment. Raises RuntimeFailure where
    that does not go up evenly."""
    from wug.compiler.mesh import misfit
    from wug.runtime.failure import RuntimeFailure

    mesh: Mesh | None = options.mesh
    if mesh is None:
        return spec.mesh
    if (found := misfit(mesh, spec.models, spec.arms)) is not None:
        message, help = found
        raise RuntimeFailure(f"--mesh {mesh}: {message}: {help}")
    return mesh


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

    store, _ = _store(options, options.file, compare=not spec.axes)
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
    (store, progress), mesh = _store(options, options.file), _mesh(options, spec)
    compiled = compile_experiment(spec, store, progress, Report())
    tuning = Scribe(spec, lambda: tuning_draft(spec, compiled.path, Report()))
    with interruptible(progress.note) as interruption:
        scribe, every_s = Scribe(spec), CHECKPOINT_EVERY_S
        made = Run(compiled.plan, compiled.path, store, progress, interruption, scribe, every_s, mesh)
        write(made, options.arm, options.seed, options.folder, tuning, options.adapter)
    what = "adapter" if options.adapter else "weights"
    console().print(f"{what}: {options.folder}", highlight=False)
    return 0


def requests(options: argparse.Namespace) -> int:
    """`wug requests`: what the teachers of an experiment would be asked."""
    spec = checked(options)
    if isinstance(spec, World):
        say_error(f"'{options.file}' is a world; teachers are asked for the arms of an .experiment")
        return 2
    from wug.compiler.compile import compile_experiment
    from wug.requests import print_requests
    from wug.requests import requests as asked

    store, progress = _store(options, options.file)
    compiled = compile_experiment(spec, store, progress, Report())
    found = asked(compiled.plan, compiled.path, store)
    if options.json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        print_requests(found, console())
    return 0


def audit(options: argparse.Namespace) -> int:
    """`wug audit`: what is wrong with a compiled experiment (status 1), and what each test gives away."""
    spec = checked(options)
    if isinstance(spec, World):
        say_error(f"'{options.file}' is a world; audit an .experiment")
        return 2
    from wug.audit import print_audit
    from wug.compiler.compile import compile_experiment
    from wug.compiler.emitting.audit import audit as judge

    store, progress = _store(options, options.file, compare=False)
    compiled = compile_experiment(spec, store, progress, Report())
    keys = dict.fromkeys(each.pretraining_key for each in compiled.plan.models if not each.checkpoint)
    episodes = [store.path(f"{spec.name}/episodes", key) for key in keys]
    found = judge(spec, compiled.path, episodes, Report())
    if options.json:
        sys.stdout.write(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        print_audit(found, console())
    return 1 if found.faults else 0


def lock(options: argparse.Namespace) -> int:
    """`wug lock`: the lock of these specs, which is made anew; of specs that are wrong, what is wrong."""
    from wug.compiler.compile import compile_experiment
    from wug.compiler.language.resolve import project_root
    from wug.lock import lock as pin
    from wug.lock import made_of, made_of_sweep, specs_of

    report, done = Report(), 0
    for path in specs_of(options.files, settle=True):
        (store, progress), own = _store(options, path), Report()
        spec = check_spec(path, str(path), own, [])
        report.items += own.items
        if spec is None or own.failed:
            continue
        made = {}
        if isinstance(spec, Experiment):
            print(path, file=sys.stderr, flush=True)
            for each in (variant.experiment for variant in spec.variants):
                compile_experiment(each, store, progress, Report())
            compiled = None if spec.axes else compile_experiment(spec, store, progress, Report())
            made = made_of_sweep(spec, store) if compiled is None else made_of(compiled, store)
        pin(path, spec, made, progress, settle=True)
        done += 1
    if found := once(report.items):
        print_diagnostics(found, "text")
    root = project_root(options.files[0] if options.files else Path("x"))
    console().print(f"{root / 'wug.lock'}: {_counted(done, 'spec')}")
    return 1 if report.failed else 0


def status(options: argparse.Namespace) -> int:
    """`wug status`: how far each spec is, and what is not as it was locked."""
    from wug.lock import specs_of
    from wug.status import print_status, state

    found = []
    for path in specs_of(options.files):
        found.append(state(path, _store(options, path)[0]))
    if options.json:
        print(json.dumps([each.to_json() for each in found], indent=2, ensure_ascii=False))
    else:
        print_status(found, console())
    return 0


def diff(options: argparse.Namespace) -> int:
    """`wug diff`: what two states of specs mean otherwise."""
    from wug.diff import compare, print_comparisons, textconv

    if options.textconv is not None:
        sys.stdout.write(textconv(options.textconv))
        return 0
    if len(options.sides) > 2:
        say_error("two sides are compared; '--only SPEC' says which specs of two revisions")
        return 2
    store, progress = _store(options, None)
    found = compare(options.sides or ["HEAD"], options.only, store, progress)
    if options.json:
        print(json.dumps([each.to_json() for each in found], indent=2, ensure_ascii=False))
    else:
        print_comparisons(found, console())
    return 0


def new(options: argparse.Namespace) -> int:
    """`wug new`: copy a shipped experiment, its world and their data into one folder."""
    from wug.start import copy_spec, shipped

    if options.list or options.name is None:
        found = shipped()
        width = max(map(len, found))
        for name, doc in found.items():
            console().print(f"{name:<{width}} {doc}")
        return 0 if options.list else 2
    copied = copy_spec(options.name, options.into)
    for path in copied.files:
        console().print(str(path))
    for path in copied.missing:
        console(stderr=True).print(f"not shipped with wug, to be put there before it runs: {path}")
    return 0


def clean(options: argparse.Namespace) -> int:
    """`wug clean`: remove finished work, which can always be made again."""
    from wug.clean import clean_store

    return clean_store(_store(options, None)[0], options.names, options.dry_run, console())


def explain(options: argparse.Namespace) -> int:
    """`wug explain`: what a diagnostic means."""
    from wug.compiler.diagnosis.catalogue import CATALOGUE
    from wug.compiler.diagnosis.diagnostics import did_you_mean

    if options.code is None:
        for code, rule in CATALOGUE.items():
            console().print(f"{code}  {rule.title}")
        return 0
    code = options.code.upper()
    if code not in CATALOGUE:
        say_error(f"there is no diagnostic '{options.code}': {did_you_mean(code, CATALOGUE)}")
        return 2
    rule = CATALOGUE[code]
    console().print(f"{rule.severity} {code}: {rule.title}\n\n{rule.explanation}")
    from wug.explain import show_example

    show_example(code, console())
    return 0
