"""Given texts: files of prompts and completions, and what an experiment trains and asks of them."""

from __future__ import annotations

from pathlib import Path

from wug.compiler.checking import settings
from wug.compiler.checking.experiment_settings import TEST, TRAIN
from wug.compiler.checking.takers import column
from wug.compiler.data.files import missing_file
from wug.compiler.data.texts import MOST_BYTES, read_given
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.entities import FORMATS, Data
from wug.compiler.experiment import Choices, Test
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.resolve import inside
from wug.compiler.world import Given, World

GIVEN: settings.Schema = {"prompt": column, "completion": column, "choices": column, "answer": column}


def check_given(file: syntax.WorldFile, declared: syntax.Given, root: Path, report: Report) -> Given | None:
    """What a `given` declares, and whether its file is whole; errors go to `report`."""
    what = f"given '{declared.name.text}'"
    values = settings.read(declared.settings, GIVEN, what, report)
    path = inside(file.source.path, declared.source, root, report)
    if path is None:
        return None
    if path.is_file() and path.suffix.removeprefix(".").lower() not in FORMATS:
        message = f"'{declared.source.text}' ends in none of .csv, .jsonl and .parquet"
        report.add("W0010", message, declared.source.span)
        return None
    data = Data(path, declared.source.text, values.get("prompt", "prompt"))
    completion = values.get("completion", values.get("answer", "completion"))
    given = Given(declared.name.text, data, completion, values.get("choices", ""), declared.source.span)
    if given.choices and data.format != "jsonl":
        help = "write one JSON object a line, with a list of texts"
        message = f"a column of choices is a list, and '{data.written}' is not JSON lines"
        report.add("W0202", message, declared.source.span, help=help)
        return None
    if data.format == "parquet" or missing_file(data, declared.source.span, report):
        return given
    if path.stat().st_size <= MOST_BYTES:
        read_given(given, report)
    return given


def _given_choices(cursor: settings.Cursor, key: syntax.Name) -> tuple[str, int] | None:
    """`others(3)`, other completions of the same file, or `options`, those of the column of choices."""
    atom = cursor.take((syntax.Name, syntax.Call))
    if isinstance(atom, syntax.Name) and settings.written(atom) == "options":
        return "options", 0
    if isinstance(atom, syntax.Call) and atom.name.text == "others" and len(atom.arguments) == 1:
        count = atom.arguments[0]
        if isinstance(count, syntax.Number) and count.kind == "int" and 1 <= count.value <= 100:
            return "others", int(count.value)
    report, place = cursor.report, (atom or key).span
    report.add("W0203", "'choices' of given questions takes others(n), n from 1 to 100, or options", place)
    return None


def _of_facts(name: str, take: settings.Taker) -> settings.Taker:
    """A setting that speaks of facts: read, so that what stands behind it is understood, and reported."""

    def report(cursor: settings.Cursor, key: syntax.Name) -> None:
        message = f"'{name}' is for facts, and given texts are taken as they are"
        cursor.report.add("W0510", message, key.span, help=f"leave out '{name}'")
        take(cursor, key)

    return report


_TRAIN: settings.Schema = {name: _of_facts(name, take) for name, take in TRAIN.items()}
_TEST: settings.Schema = {
    **{name: _of_facts(name, take) for name, take in TEST.items()},
    "choices": _given_choices,
}


class GivenChecker:
    """Reads the `train` lines and tests that name given texts."""

    def __init__(self, world: World, report: Report) -> None:
        self.world = world
        self.report = report

    def meant(self, said: syntax_experiment.Train | syntax_experiment.Test) -> bool:
        return said.form is None and said.relation.text in self.world.given

    def train(self, train: syntax_experiment.Train) -> str:
        """The name of the texts that are trained."""
        settings.read(train.settings, _TRAIN, f"train {train.relation.text}", self.report)
        self._no_where(train.where)
        return train.relation.text

    def test(self, test: syntax_experiment.Test) -> Test | None:
        what = f"test '{test.name.text}'"
        values = settings.read(test.settings, _TEST, what, self.report)
        self._no_where(test.where)
        given = self.world.given[test.relation.text]
        if "choices" not in values:
            if not any(isinstance(a, syntax.Name) and a.text == "choices" for a in test.settings.atoms):
                help = "add: choices others(3)"
                self.report.add("W0107", f"{what} has no choices", test.name.span, help=help)
            return None
        kind, count = values["choices"]
        if kind == "options" and not given.choices:
            help = f'say which column holds them: given {given.name} from "..." {{ choices "options" }}'
            self.report.add(
                "W0503", f"{what}: given '{given.name}' has no choices", test.name.span, help=help
            )
            return None
        return Test(
            name=test.name.text,
            relation=given.name,
            form="",
            choices=Choices("given", count),
            varied=-1,
            where=(),
            facts="given",
            depth=(0, 0),
            count=0,
            wording="told",
            ask="",
            span=test.name.span,
        )

    def _no_where(self, wheres: tuple[syntax_experiment.Where, ...]) -> None:
        for where in wheres:
            message = "given texts have no facts to choose among"
            help = "leave out 'where', and give the rows that you mean a file of their own"
            self.report.add("W0510", message, where.span, help=help)
