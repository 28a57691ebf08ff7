"""The axes of a sweep, as its `vary` lines say them: which settings vary, and through which values.

`vary arm finetune  steps 50, 100` names a declaration and then a setting as it is written in its block; in an
arm `finetune` may be left out. The values are what stands between commas, as they would stand behind the key,
or a range with so many values in it: `1e-4..1e-2 log 5`. Settings of one line, with `with` between them, go
side by side; several lines are a grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from wug.compiler.checking import augment, experiment_settings
from wug.compiler.checking.lora import LORA
from wug.compiler.checking.replay import REPLAY
from wug.compiler.checking.settings import Schema
from wug.compiler.checking.stop import STOP
from wug.compiler.diagnosis.diagnostics import Note, Report, did_you_mean
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.source import Span
from wug.compiler.record import Record

Value = tuple[syntax.Atom, ...]
"""What stands behind a key."""

MOST_VARIANTS = 5_000
DIGITS = 4
"""So many digits a value has that lies between the ends of a range: what a person would type."""

SCHEMAS: Mapping[str, Schema] = {
    "arm": experiment_settings.ARM,
    "model": experiment_settings.MODEL,
    "test": experiment_settings.TEST,
    "train": experiment_settings.TRAIN,
}
"""The keys of the blocks of which settings can vary."""

BLOCKS: Mapping[str, Schema] = {
    "finetune": experiment_settings.FINETUNE,
    "pretrain": experiment_settings.PRETRAIN,
    "prices": experiment_settings.PRICES,
    "generate": experiment_settings.GENERATE,
    "augment": {**augment.ASKED, **augment.SAMPLED, **augment.SERVED},
    "lora": LORA,
    "replay": REPLAY,
    "stop": STOP,
}
"""The keys of the blocks in these, by the key that such a block stands behind."""


class Place(Record):
    """One setting that varies: of which declaration, and the keys that lead to it, the outermost first."""

    varied: syntax_experiment.Varied
    keys: tuple[syntax.Name, ...]

    @property
    def name(self) -> str:
        """How the setting is called: `arm finetune steps`."""
        of = self.varied
        keys = [key.text for key in self.keys if (of.kind, key.text) != ("arm", "finetune")]
        form = ["in", of.form.text] if of.form is not None else []
        return " ".join([of.kind, *([of.name.text] if of.name is not None else []), *form, *keys])


class Axis(Record):
    """Settings that vary side by side; each point has a value for each of them."""

    places: tuple[Place, ...]
    points: tuple[tuple[Value, ...], ...]


def read_axes(declared: syntax_experiment.Experiment, report: Report) -> tuple[Axis, ...]:
    """The axes of an experiment's sweep, in the order of its lines; none where it has none, or where anything
    of it is wrong, which is reported."""
    for extra in declared.sweeps[1:]:
        report.add("W0103", "an experiment has one sweep: several 'vary' lines are a grid", extra.span)
    before, axes = len(report.items), []
    for sweep in declared.sweeps[:1]:
        if not sweep.varies:
            help = "vary arm NAME  steps 50, 100"
            report.add("W0107", "this sweep varies nothing", sweep.span, help=help)
        axes += [axis for vary in sweep.varies if (axis := _axis(vary, declared, report)) is not None]
        _check_once(axes, report)
        count = math.prod(len(axis.points) for axis in axes)
        if count > MOST_VARIANTS:
            message = f"this sweep has {count:,} variants; at most {MOST_VARIANTS:,} are run"
            report.add(
                "W0516", message, sweep.span, help="give fewer values, or let settings go side by side"
            )
    return tuple(axes) if len(report.items) == before else ()


def _axis(
    vary: syntax_experiment.Vary, declared: syntax_experiment.Experiment, report: Report
) -> Axis | None:
    if not _is_declared(vary.varied, declared, report):
        return None
    places: list[Place] = []
    columns: list[list[Value]] = []
    for written in _side_by_side(vary):
        keys, first = _way(vary, written[0], report)
        if keys is None:
            return None
        place = Place(vary.varied, keys)
        values = [value for each in (first, *written[1:]) for value in _values(each, place, vary, report)]
        for number, value in enumerate(values):
            if value in values[:number]:
                span = value[0].span.to(value[-1].span)
                report.add("W0203", f"'{place.name}' takes one value twice", span)
                return None
        places.append(place)
        columns.append(values)
    if not all(columns):
        return None
    counts = [len(column) for column in columns]
    if len(set(counts)) > 1:
        told = " and ".join(
            f"{count} values of '{place.name}'" for place, count in zip(places, counts, strict=True)
        )
        help = "settings side by side have as many values as each other; a grid is two 'vary' lines"
        report.add("W0204", f"{told} do not go side by side", vary.span, help=help)
        return None
    return Axis(tuple(places), tuple(zip(*columns, strict=True)))


def _is_declared(
    varied: syntax_experiment.Varied, declared: syntax_experiment.Experiment, report: Report
) -> bool:
    """Whether the experiment declares what varies; reported where it does not."""
    name = varied.name
    if name is None:
        return True
    known = [each.text for each, _ in declared_as(varied.kind, declared)]
    if name.text not in known:
        what = (
            f"no 'train' of '{name.text}'"
            if varied.kind == "train"
            else f"unknown {varied.kind} '{name.text}'"
        )
        report.add("W0101", what, name.span, help=did_you_mean(name.text, known))
    elif varied.form is not None and varied.form.text not in (
        forms := [
            form.text for each, form in declared_as("train", declared) if form and each.text == name.text
        ]
    ):
        message = f"'{name.text}' is not trained in '{varied.form.text}'"
        report.add("W0101", message, varied.form.span, help=did_you_mean(varied.form.text, forms))
    else:
        return True
    return False


def declared_as(
    kind: str, declared: syntax_experiment.Experiment
) -> Iterator[tuple[syntax.Name, syntax.Name | None]]:
    """The names of all declarations of a kind; beside those of a `train` their forms."""
    if kind == "train":
        yield from ((each.relation, each.form) for each in declared.trains)
    named = {
        "arm": [each.name for each in declared.arms],
        "model": [each.name for each in declared.models],
        "test": [each.name for each in declared.tests],
        "holdout": [each.name for each in declared.holdouts],
    }
    yield from ((name, None) for name in named.get(kind, ()))


def _side_by_side(vary: syntax_experiment.Vary) -> list[list[Value]]:
    """The values of each setting of a line, that with the way to it first."""
    found: list[list[Value]] = [[]]
    for value in vary.values:
        atoms: list[syntax.Atom] = []
        for atom in value.atoms:
            if isinstance(atom, syntax.Name) and atom.text == "with" and (atoms or found[-1]):
                found[-1].append(tuple(atoms))
                found.append([])
                atoms = []
            else:
                atoms.append(atom)
        found[-1].append(tuple(atoms))
    return found


def _way(
    vary: syntax_experiment.Vary, value: Value, report: Report
) -> tuple[tuple[syntax.Name, ...] | None, Value]:
    """The keys that lead to a setting, and its first value behind them."""
    kind = vary.varied.kind
    if kind in ("seeds", "holdout"):
        return (), value
    first = value[0] if value else None
    if not isinstance(first, syntax.Name):
        report.add("W0107", "it is not said which setting varies", (first or vary).span, help=_EXAMPLES[kind])
        return None, ()
    if kind == "world":
        return (first,), value[1:]
    schema, keys = SCHEMAS[kind], [first]
    if kind == "arm" and first.text not in schema and first.text in BLOCKS["finetune"]:
        keys, schema = [syntax.Name("finetune", first.span), first], BLOCKS["finetune"]
    if first.text not in schema:
        known = {*schema, *(BLOCKS["finetune"] if kind == "arm" else ())}
        message = (
            f"unknown key '{first.text}' in {kind} '{vary.varied.name.text if vary.varied.name else ''}'"
        )
        report.add("W0102", message, first.span, help=did_you_mean(first.text, known))
        return None, ()
    rest = value[1:]
    while rest and isinstance(rest[0], syntax.Name) and rest[0].text in BLOCKS.get(keys[-1].text, ()):
        keys.append(rest[0])
        rest = rest[1:]
    return tuple(keys), rest


_EXAMPLES = {
    "arm": "vary arm finetune  steps 50, 100",
    "model": "vary model tiny  width 32, 64",
    "test": "vary test trained  count 100, 200",
    "train": "vary train parent  articles 1, 10",
    "world": "vary world people 50, 100, a parameter of the world",
}


def _values(value: Value, place: Place, vary: syntax_experiment.Vary, report: Report) -> list[Value]:
    """A value, or those of a range; nothing where it is none, which is reported."""
    if not value:
        span = place.keys[-1].span if place.keys else vary.varied.span
        report.add("W0107", f"'{place.name}' needs values, with commas between them", span)
        return []
    if len(value) == 3 and isinstance(value[0], syntax.Range | syntax.ValueRange):
        return [(each,) for each in _between(value, report)]
    kinds = {"seeds": ("int",), "holdout": ("int", "percent")}.get(place.varied.kind, ())
    if kinds and not (isinstance(value[0], syntax.Number) and value[0].kind in kinds):
        report.add("W0203", f"'{place.name}' takes numbers without a fraction", value[0].span)
        return []
    if place.varied.kind in ("seeds", "holdout", "world") and len(value) > 1:
        message = f"'{place.name}' takes one value at a time, with commas between them"
        report.add("W0203", message, value[1].span)
        return []
    return [value]


def _between(value: Value, report: Report) -> list[syntax.Number]:
    """The values of `50..200 linear 4` and `1e-4..1e-2 log 5`, both ends among them."""
    range_, word, count = value
    assert isinstance(range_, syntax.Range | syntax.ValueRange)
    span = range_.span.to(count.span)
    if not (isinstance(word, syntax.Name) and word.text in ("log", "linear")):
        help = "such as 50..200 linear 4, or 1e-4..1e-2 log 5"
        report.add("W0203", "between the ends of a range values lie 'linear' or 'log'", word.span, help=help)
        return []
    if not (isinstance(count, syntax.Number) and count.kind == "int" and 2 <= count.value <= MOST_VARIANTS):
        report.add("W0203", f"'{word.text}' takes how many values there are, at least 2", count.span)
        return []
    low, high = (_end(range_.low), _end(range_.high))
    if low is None or high is None or not low < high or (word.text == "log" and low <= 0):
        least = "a number above 0 " if word.text == "log" else "a number "
        message = f"such a range goes from {least}to a larger one"
        report.add("W0203", message, range_.span)
        return []
    whole = isinstance(range_, syntax.Range)
    return [
        syntax.Number(each, "int" if whole else "decimal", span)
        for each in _spread(low, high, int(count.value), word.text == "log", whole)
    ]


def _end(end: int | syntax.Number | syntax.Date) -> float | None:
    found = float(end) if isinstance(end, int) else end.value if isinstance(end, syntax.Number) else math.nan
    return found if math.isfinite(found) else None


def _spread(low: float, high: float, count: int, log: bool, whole: bool) -> Iterator[float]:
    """So many values from `low` to `high`: whole ones, or of a few digits, but for the ends."""
    for number in range(count):
        share = number / (count - 1)
        between = low * (high / low) ** share if log else low + (high - low) * share
        found = low if number == 0 else high if number == count - 1 else between
        yield (round(found) if whole else float(f"{found:.{DIGITS}g}") if 0 < number < count - 1 else found)


def _check_once(axes: Sequence[Axis], report: Report) -> None:
    """Report settings that vary twice."""
    seen: dict[str, Span] = {}
    for place in (place for axis in axes for place in axis.places):
        span = place.keys[-1].span if place.keys else place.varied.span
        if place.name in seen:
            notes = [Note("it varies here already", seen[place.name])]
            report.add("W0103", f"'{place.name}' varies twice", span, notes=notes)
        seen.setdefault(place.name, span)
