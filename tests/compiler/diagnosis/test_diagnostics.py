"""One tiny bad spec per rule, named for the rule, and what a person reads about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compiler.conftest import findings
from wug.compiler.checking.check import check
from wug.compiler.diagnosis.catalogue import CATALOGUE
from wug.compiler.diagnosis.diagnostics import MOST, NOT_AS_LOCKED, TOO_MANY, Report, as_text, did_you_mean

BAD = Path(__file__).parents[2] / "specs" / "bad"
SPECS = sorted(path.name for path in BAD.iterdir() if path.is_file())
TOO_LARGE = "W0007-too-large.world"
"""Written by the test: a source of two megabytes has no place in a repository."""


@pytest.mark.parametrize("name", [*SPECS, TOO_LARGE])
def test_bad_spec(
    name: str,
    golden: Callable[[str, str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(BAD)
    path = Path(name)
    if name == TOO_LARGE:
        path = tmp_path / name
        path.write_text("wug 1\n\nworld large {\n}\n" + "// filler\n" * 200_000)
    items = findings(path, name, tmp_path / "build")
    if name.startswith("W"):
        causes = {"W0103"} if name.startswith(TOO_MANY) else set()
        assert {item.code for item in items} == {name[:5]} | causes, as_text(items)
    golden(f"diagnostics/{name}.txt", as_text(items))


def test_every_rule_has_a_bad_spec() -> None:
    shown = {name[:5] for name in (*SPECS, TOO_LARGE)} | {NOT_AS_LOCKED}  # which a lock shows
    assert set(CATALOGUE) <= shown, f"no bad spec for {sorted(set(CATALOGUE) - shown)}"


@pytest.mark.parametrize("name", [name for name in SPECS if name.startswith("five-faults")])
def test_five_faults_are_five_errors_without_an_echo(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BAD)
    items = findings(Path(name), name, tmp_path / "build")
    lines = [item.span.source.line_and_column(item.span.start)[0] for item in items if item.span]
    assert len(items) == len(lines) == 5, as_text(items)
    assert lines == sorted(set(lines)), "one error for each faulty line, in the order of the file"


def test_did_you_mean() -> None:
    assert did_you_mean("craeture", ["creature", "feature"]) == "did you mean 'creature'?"
    assert did_you_mean("zzz", ["b", "a"]) == "known here: a, b"
    assert did_you_mean("zzz", []) == ""


@pytest.mark.parametrize("count", [MOST - 1, MOST, 10 * MOST])
def test_a_report_that_is_full(count: int, tmp_path: Path) -> None:
    path = tmp_path / "x.world"
    path.write_text("wug 1\nworld x { table t(a) {\n" + '"a"\n' * (count + 1) + "} }\n")
    items = findings(path, "x.world", tmp_path / "build")
    assert [item.code for item in items[:MOST]] == ["W0103"] * min(count, MOST)
    assert [item.code for item in items[MOST:]] == [TOO_MANY] * (count >= MOST)


BAD_TEXTS = {
    "rows": ("table t(a) {", '"a" ', "}"),
    "escapes": ("preamble p {", r'"\q" ', "}"),
    "keys": ("entity e {", "key 1 ", "}"),
    "rules": ("", "rule q(a, b) if r(a, b)\n", ""),
    "forms": (
        "entity e { count 9 } relation r(a: e, b: e) { populate chain }\n",
        'relation NUMBER(a: e, b: e) { populate chain form f "{a} x" => " {b}" }\n',
        "",
    ),
    "relations": ("", "relation q(a: x, b: y) { }\n", ""),
}


@pytest.mark.parametrize("kind", BAD_TEXTS)
def test_a_hostile_file_is_told_soon(kind: str, tmp_path: Path) -> None:
    """In time that grows with the file, and with no more findings than anybody reads."""
    before, each, behind = BAD_TEXTS[kind]
    path = tmp_path / "x.world"
    many = "".join(each.replace("NUMBER", f"r{number}") for number in range(3000))
    path.write_text(f"wug 1\nworld x {{\n{before}\n{many}\n{behind} }}\n")
    begun = time.process_time()
    items = findings(path, "x.world", tmp_path / "build")
    assert len(items) == MOST + 1
    assert time.process_time() - begun < 15


def test_many_forms(tmp_path: Path) -> None:
    forms = "".join(f'form f{number} "{{a}} number {number}" => " {{b}}."\n' for number in range(4000))
    path = tmp_path / "x.world"
    path.write_text(
        "wug 1\nworld x { entity e { count 5 } relation r(a: e, b: e) { populate chain\n" + forms + "} }\n"
    )
    begun = time.process_time()
    report = Report()
    assert check(path, "x.world", report)
    assert not report.items
    assert time.process_time() - begun < 10


def test_many_errors_in_a_large_file(tmp_path: Path) -> None:
    """Going on after an error copies nothing of what was read before it."""
    declared = "entity e { count 4 } relation r(a: e, b: e) { complete populate chain }\n"
    good = "rule r(x, y) if r(x, y), r(y, z), r(z, x), not r(y, x)\n"
    text = "".join(f"{good * 300}rule x\n" for _ in range(18))
    path = tmp_path / "x.world"
    path.write_text(f"wug 1\nworld x {{\n{declared}{text}}}\n")
    begun = time.process_time()
    report = Report()
    check(path, "x.world", report)
    assert sum(item.code == "W0001" for item in report.items) == 18
    assert time.process_time() - begun < 8
