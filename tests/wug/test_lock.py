"""`wug lock`, `wug check --locked`, `wug status`, and what `wug run` leaves in the lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wug.cli import main
from wug.compiler.canonical import file_digest
from wug.compiler.locking.lock import FILE, read_lock


def change(path: str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def told(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(list(arguments)) == status
    out, err = capsys.readouterr()
    return out + err


def test_a_run_is_pinned_and_what_changes_after_it_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = "small.experiment"
    assert "small.experiment  not compiled, not locked" in told(capsys, "status")
    found = told(capsys, "check", "--locked", small, status=1)
    assert "error W0017: not as it was locked: it is not in wug.lock\n  --> small.experiment" in found

    results = Path(_results(capsys)) / "results.json"
    section = read_lock(project)[small]
    assert section["results"] == file_digest(results)
    assert section['expect."something is known"'] == "pretrained.trained > 0"
    assert "small.experiment  run, as it was locked" in told(capsys, "status", small)
    assert told(capsys, "check", "--locked", small).startswith("small.experiment: experiment small is well")

    change("hello.world", "\n  ", "\n    ")
    assert f"{project / FILE}: 2 specs" in told(capsys, "lock", ".")
    assert set(read_lock(project)) == {small, "hello.world"}
    assert read_lock(project)[small] == section, "layout changes nothing"

    change("hello.world", "count 4", "count 5")
    assert "not as it was locked: hello.world changed\n" in told(capsys, "check", "--locked", small, status=1)
    state = json.loads(told(capsys, "status", small, "--json"))
    assert state == [
        {
            "spec": small,
            "errors": 0,
            "locked": True,
            "changed": ["hello.world changed"],
            "compiled": False,
            "run": False,
            "results": None,
            "late": [],
        }
    ]
    assert "small.experiment  not compiled, stale: hello.world changed" in told(capsys, "status")
    told(capsys, "lock")
    assert "small.experiment  compiled, as it was locked" in told(capsys, "status")
    assert "results" not in read_lock(project)[small]


def _results(capsys: pytest.CaptureFixture[str]) -> str:
    out = told(capsys, "run", "small.experiment")
    (line,) = (line for line in out.splitlines() if line.startswith("results: "))
    return str(Path(line.removeprefix("results: ")).parent)


def test_what_is_expected_after_the_results_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "written after" not in told(capsys, "run", "small.experiment")
    change("small.experiment", "  expect", '  expect "so it is" pretrained.trained < 1.5\n  expect')
    out = told(capsys, "run", "small.experiment")
    assert out.count("written after these results were there") == 1
    assert out.index("so it is") < out.index("written after") < out.index("something is known")
    assert "written after the results: so it is" in told(capsys, "status")


def test_other_results_than_were_locked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _results(capsys)
    text = (project / FILE).read_text()
    was = read_lock(project)["small.experiment"]["results"]
    (project / FILE).write_text(text.replace(was, "0" * 32))
    assert "run, with other results than were locked, as it was locked" in told(capsys, "status")
    assert "its results are not those in wug.lock" in told(capsys, "run", "small.experiment")
    assert read_lock(project)["small.experiment"]["results"] == was


def test_with_other_parameters_it_is_not_the_experiment_of_the_file(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change("hello.world", "count 4", "count n")
    change("hello.world", "entity creature", "param n = 4\n  entity creature")
    told(capsys, "run", "small.experiment", "-D", "n=5")
    assert read_lock(project) == {}


def test_a_spec_that_is_wrong_is_told_and_the_others_locked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.experiment").write_text("wug 1\nexperiment bad { }\n")
    out = told(capsys, "lock", ".", status=1)
    assert "error W0501" in out
    assert "wug.lock: 2 specs" in out
    assert "bad.experiment    1 error: see 'wug check'" in told(capsys, "status", ".")


def test_a_conflict_is_settled(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "lock", ".")
    whole = (project / FILE).read_text()
    spec = read_lock(project)["hello.world"]["spec"]
    torn = whole.replace(
        f'spec = "{spec}"', f'<<<<<<< HEAD\nspec = "{spec}"\n=======\nspec = "0"\n>>>>>>> theirs'
    )
    (project / FILE).write_text(torn)
    assert "it holds both sides of a merge" in told(capsys, "status", status=1)
    assert "nothing is pinned" in told(capsys, "run", "small.experiment")
    assert (project / FILE).read_text() == torn
    told(capsys, "lock")
    assert "<<<" not in (project / FILE).read_text()
    assert read_lock(project)["hello.world"]["spec"] == spec
