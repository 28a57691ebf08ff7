"""Commands about a project: its specs in git, and what lies in its store."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wug.commands.begun import counted, opened
from wug.compiler.checking.check import check as check_spec
from wug.compiler.checking.check import once
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.console import console, print_diagnostics, say_error

if TYPE_CHECKING:
    pass


def lock(options: argparse.Namespace) -> int:
    """`wug lock`: the lock of these specs, which is made anew; of specs that are wrong, what is wrong."""
    from wug.compiler.compile import compile_experiment
    from wug.compiler.language.resolve import project_root
    from wug.lock import lock as pin
    from wug.lock import made_of, made_of_sweep, specs_of

    report, done = Report(), 0
    for path in specs_of(options.files, settle=True):
        (store, progress), own = opened(options, path), Report()
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
    first = options.files[0] if options.files else Path()
    root = project_root(first / "x" if first.is_dir() else first)
    console().print(f"{root / 'wug.lock'}: {counted(done, 'spec')}")
    return 1 if report.failed else 0


def status(options: argparse.Namespace) -> int:
    """`wug status`: how far each spec is, and what is not as it was locked."""
    from wug.lock import specs_of
    from wug.status import print_status, state

    found = []
    for path in specs_of(options.files):
        found.append(state(path, opened(options, path)[0]))
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
    store, progress = opened(options, None)
    found = compare(options.sides or ["HEAD"], options.only, store, progress)
    if options.json:
        print(json.dumps([each.to_json() for each in found], indent=2, ensure_ascii=False))
    else:
        print_comparisons(found, console())
    return 0


def clean(options: argparse.Namespace) -> int:
    """`wug clean`: remove finished work, which can always be made again."""
    from wug.clean import clean_store

    return clean_store(opened(options, None)[0], options.names, options.dry_run, console())
