"""Reading specs: whatever the text, out come a tree or diagnostics; layout and comments mean nothing."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.conftest import Write, findings
from tests.conftest import ROOT
from wug import specs
from wug.compiler.checking.experiment import check_experiment
from wug.compiler.checking.world import check_world
from wug.compiler.diagnosis.diagnostics import Report, as_json, as_text
from wug.compiler.language import syntax
from wug.compiler.language.parse import DEEPEST, MOST_ERRORS, parse_experiment, parse_world, parser
from wug.compiler.language.resolve import WorldFiles
from wug.compiler.language.source import Source

SPECS = [path for kind in ("worlds", "experiments") for path in sorted((specs() / kind).glob("*.*"))]
SPECS.append(ROOT / "tests" / "specs" / "syntax" / "everything.experiment")
TEXTS = [path.read_text() for path in SPECS]
PIECES = sorted({piece for text in TEXTS for piece in re.findall(r'"[^"\n]*"|\w+|[^\w\s]', text)})
PIECES += [
    '"',
    "///",
    "//",
    "}",
    "{",
    "..",
    "=>",
    "\\",
    "1e999",
    "9" * 500,
    "wug 1",
    "\u201c",
    "\x00",
    "\ufeff",
    "é",
]


def source(text: str, kind: str) -> Source:
    return Source(Path(f"x.{kind}"), f"x.{kind}", text)


def everything(text: str, kind: str, report: Report) -> Any:
    """Parse and check a text, whatever it is, with a small world for experiments."""
    if kind == "world":
        file = parse_world(source(text, "world"), report)
        return check_world(WorldFiles((file,), Path()), report)
    parsed = parse_experiment(source(text, "experiment"), report).experiment
    small = parse_world(source((specs() / "worlds" / "hello.world").read_text(), "world"), Report())
    world = check_world(WorldFiles((small,), Path()), Report())
    return check_experiment(parsed, world, report) if parsed else None


def tells(text: str, kind: str) -> None:
    """Nothing is raised, and what is said can be printed."""
    report = Report()
    made = everything(text, kind, report)
    assert as_text(report.items) or not report.items
    as_json(report.items)
    for item in report.items:
        if item.span:
            assert 0 <= item.span.start <= item.span.end <= len(text) + 1
    if made is None:
        assert report.failed


@given(st.text(max_size=80), st.sampled_from(["world", "experiment"]))
def test_any_text(text: str, kind: str) -> None:
    tells(text, kind)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["world", "experiment"]))
def test_any_words(pieces: list[str], kind: str) -> None:
    tells(f"wug 1\n{kind} x {{\n" + " ".join(pieces), kind)


def mutated(draw: st.DrawFn, text: str) -> str:
    """A text with a few pieces cut out, doubled, exchanged or put in."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(0, len(text) - 1)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        kind = draw(st.sampled_from(["cut", "double", "put", "replace", "line"]))
        piece = draw(st.sampled_from(PIECES))
        if kind == "cut":
            text = text[:start] + text[end:]
        elif kind == "double":
            text = text[:end] + text[start:end] + text[end:]
        elif kind == "put":
            text = text[:start] + piece + text[start:]
        elif kind == "replace":
            text = text[:start] + f" {piece} " + text[end:]
        else:
            lines = text.split("\n")
            del lines[start % len(lines)]
            text = "\n".join(lines)
    return text


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, str]:
    index = draw(st.integers(0, len(TEXTS) - 1))
    return mutated(draw, TEXTS[index]), SPECS[index].suffix[1:]


@settings(max_examples=120)
@given(mutations())
def test_mutated_spec(both: tuple[str, str]) -> None:
    tells(*both)


@pytest.mark.slow
@settings(max_examples=5000)
@given(mutations())
def test_many_mutated_specs(both: tuple[str, str]) -> None:
    tells(*both)


@settings(max_examples=60)
@given(st.data(), st.integers(0, len(TEXTS) - 1))
def test_layout_and_comments_mean_nothing(data: st.DataObject, index: int) -> None:
    text, kind = TEXTS[index], SPECS[index].suffix[1:]
    plain = re.sub(r'("[^"\n]*")|//[^\n]*', lambda m: m.group(1) or "", text)
    day, number = r"\d{4}-\d\d-\d\d", r"\d+(?:\.\d+)?(?:e-?\d+)?"
    ranges = rf"{day}\.\.{day}|{number}\.\.{number}"
    token = rf'"[^"\n]*"|{ranges}|{day}|{number}%?|\w+(?:\.\w+)*|<->|=>|>=|<=|!=|[^\w\s]'
    tokens = re.findall(token, plain)
    between = st.sampled_from([" ", "\n", "\r\n", "\t", "\n\n   ", " // a comment\n", "\f "])
    laid = "".join(each + data.draw(between) for each in tokens)
    parse = parse_world if kind == "world" else parse_experiment
    report = Report()
    first, second = parse(source(text, kind), report), parse(source(laid, kind), report)
    assert not report.items, as_text(report.items)
    assert without_docs(first) == without_docs(second)


def without_docs(node: Any) -> Any:
    """A tree without its sources and doc comments, which are no part of what a spec means."""
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        fields = (f.name for f in dataclasses.fields(node) if f.name not in ("doc", "source", "span"))
        if isinstance(node, syntax.Entity):
            return [node.name, node.source, *map(without_docs, (node.settings, node.partitions))]
        return [type(node).__name__, *(without_docs(getattr(node, name)) for name in fields)]
    return [without_docs(item) for item in node] if isinstance(node, tuple) else node


@pytest.mark.parametrize("kind", ["world", "experiment"])
def test_the_grammar_is_lalr_without_conflicts(kind: str) -> None:
    assert parser(kind).options.parser == "lalr"


# Files that are no specs


def codes(path: Path, tmp_path: Path) -> list[str]:
    items = findings(path, path.name, tmp_path / "build")
    assert "Traceback" not in as_text(items)
    return [item.code for item in items]


GOOD = 'wug 1\nworld good {\n  entity creature { count 4 }\n  preamble said { "" }\n}\n'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (GOOD, []),
        (GOOD.replace("\n", "\r\n"), []),
        ("\ufeff" + GOOD, []),
        (GOOD.rstrip("\n"), []),
        (GOOD.replace("{ count 4 }", "{ count 4 " + " " * 200_000 + "}"), []),
        (GOOD + "// " + "x" * 1_000_000, []),
        (GOOD.replace('""', '"é, ß, 漢字, \U0001f600"'), []),
        ("", ["W0005"]),
        ("\n \t\r\n", ["W0005"]),
        ("\ufeff", ["W0005"]),
        (b"\x7fELF\x02\x01\x01\x00\x00", ["W0006"]),
        (b"\xff\xfew\x00u\x00g\x00", ["W0006"]),
        (b"wug 1\nworld caf\xe9 { }", ["W0006"]),
        ("wug 1\n", ["W0001"]),
        ("// nothing but a comment\n", ["W0003", "W0001"]),
        ("wug " + "1" * 5000 + "\nworld x { }", ["W0004"]),
        ("wug 1 world x { entity e { count " + "9" * 5000 + " } }", ["W0204"]),
        ("wug 1 world x { entity e { count 1e999 } }", ["W0203"]),
        (GOOD + "\x00", ["W0006"]),
    ],
)
def test_content(content: str | bytes, expected: list[str], write: Write, tmp_path: Path) -> None:
    assert codes(write("x.world", content), tmp_path) == expected


def test_two_megabytes_are_refused_unread(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write("x.world", GOOD + "// filler\n" * 200_000)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("it was read"))
    assert codes(path, tmp_path) == ["W0007"]


@pytest.mark.parametrize("brackets", ["{}", "()"])
def test_deep_nesting(brackets: str, write: Write, tmp_path: Path) -> None:
    for depth in (DEEPEST + 1, 20_000):
        text = "wug 1\nworld x " + brackets[0] * depth + brackets[1] * depth
        assert codes(write("x.world", text), tmp_path) == ["W0008"]


def test_many_errors_come_to_an_end(write: Write, tmp_path: Path) -> None:
    text = "wug 1\nworld x {\n" + "  entity form { count 4 }\n" * 500 + "}\n"
    assert 0 < len(codes(write("x.world", text), tmp_path)) <= MOST_ERRORS


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.world").mkdir()
    assert codes(tmp_path / "x.world", tmp_path) == ["W0009"]


def test_a_pipe(tmp_path: Path) -> None:
    """What is no file is not waited for."""
    os.mkfifo(tmp_path / "x.world")
    assert codes(tmp_path / "x.world", tmp_path) == ["W0009"]


@pytest.mark.parametrize(
    "text",
    [
        "expect icl.trained > 1e999",
        "expect icl.trained + 1e999 > 0.5",
        "expect icl.trained within 1e999 of icl.trained",
        "expect icl.trained within " + "9" * 400 + " of icl.trained",
        "seeds " + "9" * 400,
    ],
)
def test_numbers_that_no_machine_holds(text: str) -> None:
    report = Report()
    hello = (specs() / "experiments" / "hello.experiment").read_text()
    everything(
        hello.replace("  seeds 2\n", "").rstrip().removesuffix("}") + f"\n{text}\n}}\n", "experiment", report
    )
    assert [item.code for item in report.items] == ["W0204"]


def test_a_phrase_that_is_closed_for_the_person() -> None:
    """Lark copies its tokens there, without their ends."""
    relation = "relation r(a: e, b: e) {\n populate pairs { other is\n populate pairs { count 4 }\n"
    tells(f"wug 1\nworld x {{\n {relation}", "world")


def test_a_form_may_be_called_of_or_within(write: Write, tmp_path: Path) -> None:
    """The words of `expect` begin nothing, so a form of a world that has them can be spoken of."""
    write(
        "x.world",
        "wug 1\nworld x {\n  entity e { count 8 }\n"
        "  relation r(a: e, b: e) {\n    complete  populate pairs { count 8 }\n"
        '    form of "{a} of" => " {b}."  form within "Within {b} is" => " {a}."\n  }\n}\n',
    )
    text = """wug 1
experiment x {
  world "x.world"
  train r in of
  test own   { r in of  choices others(1) }
  test other { r in within  choices others(1) }
  test both  { r in of  stated  choices statements(of within)  accept any }
  model s { layers 1  width 32  heads 2  pretrain { facts 2..4  steps 2  exclude r in within } }
  arm icl { context train }
  expect "half"  icl.own within 0.1 of 0.5
}
"""
    items = findings(write("x.experiment", text), "x.experiment", tmp_path / "build")
    assert not items, as_text(items)
