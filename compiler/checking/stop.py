"""What `stop` takes, and whether a training that stops early goes with all else that an experiment says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.experiment import Arm
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.plan import Stop

STOP: settings.Schema = {
    "on": settings.name("the name of a test"),
    "every": settings.integer(1, 10_000_000),
    "patience": settings.integer(1, 10_000),
}


def stop(cursor: settings.Cursor, key: syntax.Name) -> dict[str, Any] | None:
    """`stop { on kept_apart  every 50  patience 3 }`, or `stop none`: all steps are taken."""
    if (nothing := settings.none(cursor)) is not None:
        return nothing
    block = cursor.take(syntax.Settings)
    if block is None:
        help = "stop { on TEST  every 50  patience 3 }, or, where another arm stops: stop none"
        cursor.report.add("W0107", "'stop' needs a block", key.span, help=help)
        return None
    return settings.sound(block, STOP, "stop", cursor.report)


def stop_of(
    values: dict[str, Any] | None, arm: syntax.Name, tests: Collection[str], report: Report
) -> Stop | None:
    """When an arm stops, on one of the `tests`."""
    if values is None or settings.NONE in values:
        return None
    if "on" not in values:
        message = f"arm '{arm.text}' does not say on which test it stops"
        help = "stop { on TEST }: one that no expectation is about"
        report.add("W0107", message, arm.span, help=help)
        return None
    on: syntax.Name = values["on"]
    if on.text not in tests:
        report.add("W0101", f"unknown test '{on.text}'", on.span, help=did_you_mean(on.text, tests))
        return None
    return Stop(**{**values, "on": on.text})


def check_stops(arms: Mapping[str, Arm], report: Report) -> None:
    """Report what needs to know beforehand how long a training takes that stops by itself (W0504)."""
    for arm in arms.values():
        if arm.finetune is None:
            continue
        if arm.finetune.stop is not None and arm.tune is not None:
            message = f"arm '{arm.name}' is tuned, and stops early beside"
            help = "leave one of them out: stop none, or a learning rate and steps of its own"
            report.add("W0504", message, arm.span, help=help)
        other = arms.get(arm.finetune.match)
        if other is not None and other.finetune is not None and other.finetune.stop is not None:
            message = f"arm '{arm.name}' is to match '{other.name}', which stops early: nobody knows when"
            report.add("W0504", message, arm.span, help="match an arm that takes all its steps")


def check_expected(sums: Collection[syntax_experiment.Sum], arms: Mapping[str, Arm], report: Report) -> None:
    """Warn of an expectation about the very test on which its arm stopped (W0515)."""
    for each in sums:
        arm = arms.get(each.arm.text) if each.arm is not None else None
        stop = arm.finetune.stop if arm is not None and arm.finetune is not None else None
        if arm is None or stop is None or each.split is None or stop.on != each.split.text:
            continue
        message = f"arm '{arm.name}' stops where '{stop.on}' goes best: this says little of what it knows"
        help = f"stop on a test of its own, or expect something of another than '{stop.on}'"
        report.add("W0515", message, each.span, help=help)
