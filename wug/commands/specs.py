"""Commands about what specs say, and what is compiled of them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wug.commands.begun import can_be_shared, checked, counted, opened
from wug.compiler.checking.check import check as check_spec
from wug.compiler.checking.check import once
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.experiment import Experiment
from wug.compiler.world import World
from wug.console import console, print_diagnostics, say_error

if TYPE_CHECKING:
    pass


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
        return f"world {spec.name} is well ({', '.join(counted(n, what) for n, what in parts if n)})"
    parts = [(len(spec.tests) + len(spec.given_tests), "test"), (len(spec.arms), "arm"), (spec.seeds, "seed")]
    parts += [(len(spec.variants), "variant")] if spec.axes else []
    return f"experiment {spec.name} is well ({', '.join(counted(n, what) for n, what in parts)})"


def compile(options: argparse.Namespace) -> int:
    """`wug compile`: write an experiment's corpora and episodes, or a world's facts; or a part of them."""
    spec = checked(options)
    worlds = 1 if isinstance(spec, World) else spec.seeds
    if not can_be_shared(options, worlds, "seed"):
        return 2
    from wug.compiler.compile import compile_experiment, compile_shard, compile_world

    (store, progress), report = opened(options, options.file), Report()
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

    (store, progress), report, status = opened(options, options.file), Report(), 0
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


def requests(options: argparse.Namespace) -> int:
    """`wug requests`: what the teachers of an experiment would be asked."""
    spec = checked(options)
    if isinstance(spec, World):
        say_error(f"'{options.file}' is a world; teachers are asked for the arms of an .experiment")
        return 2
    from wug.compiler.compile import compile_experiment
    from wug.requests import print_requests
    from wug.requests import requests as asked

    store, progress = opened(options, options.file)
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

    store, progress = opened(options, options.file, compare=False)
    compiled = compile_experiment(spec, store, progress, Report())
    keys = dict.fromkeys(each.pretraining_key for each in compiled.plan.models if not each.checkpoint)
    episodes = [store.path(f"{spec.name}/episodes", key) for key in keys]
    found = judge(spec, compiled.path, episodes, Report())
    if options.json:
        sys.stdout.write(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        print_audit(found, console())
    return 1 if found.faults else 0


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
