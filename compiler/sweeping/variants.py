"""The variants of a sweep: every point of its grid as an experiment, each checked as what it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from itertools import product

from wug.compiler.diagnosis.diagnostics import Diagnostic, Note, Report
from wug.compiler.experiment import Axis, Experiment, Variant
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.sweeping import axes as written
from wug.compiler.sweeping.vary import varied

Check = Callable[[syntax_experiment.Experiment, Report], Experiment | None]
Told = int | float | str


def swept(
    declared: syntax_experiment.Experiment, check: Check, given: Collection[str], report: Report
) -> Experiment | None:
    """The experiment as it stands without its sweep, with all variants of it; None where too little of it
    could be understood. `check` makes one of what is declared, `given` are the parameters of its world that
    the command line sets. Where it is wrong by itself, its variants are not looked at."""
    base = check(dataclasses.replace(declared, sweeps=()), report)
    axes = written.read_axes(declared, report)
    for place in (place for axis in axes for place in axis.places):
        if place.varied.kind == "world" and place.keys[0].text in given:
            message = f"'{place.keys[0].text}' varies, and the command line sets it"
            report.add("W0103", message, place.keys[0].span, help="leave out one of them")
    if base is None or report.failed:
        return base
    variants = []
    found = _Found(axes, report)
    for points in product(*(axis.points for axis in axes)):
        variant, own, values = dataclasses.replace(declared, sweeps=()), Report(), []
        for axis, point in zip(axes, points, strict=True):
            for place, value in zip(axis.places, point, strict=True):
                variant = varied(variant, place, value)
                values.append(told(value))
        made = check(variant, own)
        found.add(own.items, values)
        if made is not None:
            variants.append(Variant(tuple(values), made))
    report.items += found.told()
    own_axes = tuple(
        Axis(
            tuple(place.name for place in axis.places),
            tuple(tuple(told(value) for value in point) for point in axis.points),
        )
        for axis in axes
    )
    return dataclasses.replace(base, axes=own_axes, variants=tuple(variants))


def told(value: written.Value) -> Told:
    """A value as results hold it: a number, or how it is written."""
    if len(value) == 1 and isinstance(value[0], syntax.Number) and value[0].kind != "percent":
        number = value[0]
        return int(number.value) if number.kind == "int" else number.value
    span = value[0].span.to(value[-1].span)
    return " ".join(span.source.text[span.start : span.end].split())


class _Found:
    """What is wrong with variants, each finding once, with the values that all have in which it is found."""

    def __init__(self, axes: Sequence[written.Axis], report: Report) -> None:
        self.places = [(place.name, len(axis.points)) for axis in axes for place in axis.places]
        self.known = {(item.code, item.message) for item in report.items}
        self.items: dict[tuple[object, ...], Diagnostic] = {}
        self.values: dict[tuple[object, ...], list[Told | None]] = {}

    def add(self, items: Sequence[Diagnostic], values: Sequence[Told]) -> None:
        """What was found in the variant with these values; not what the experiment itself has too."""
        for item in items:
            if (item.code, item.message) in self.known:
                continue
            span = item.span
            key = (item.code, *((span.source.path, span.start, span.end) if span is not None else ()))
            if key in self.items:
                both = zip(self.values[key], values, strict=True)
                self.values[key] = [own if own == other else None for own, other in both]
            else:
                self.items[key], self.values[key] = item, list(values)

    def told(self) -> list[Diagnostic]:
        """The findings, each with a note that says of which variants it is."""
        found = []
        for key, item in self.items.items():
            shared = [
                f"{name} {value}"
                for (name, count), value in zip(self.places, self.values[key], strict=True)
                if value is not None and count > 1
            ]
            said = f"so it is with {', '.join(shared)}" if shared else "so it is in variants of the sweep"
            found.append(dataclasses.replace(item, notes=(*item.notes, Note(said))))
        return found
