"""`wug new`: a shipped spec copied out, whole and ready to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from wug import specs
from wug.cli import main
from wug.compiler.checking.check import check
from wug.compiler.compile import corpus_key, episodes_key
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.start import copy_spec, shipped

NAMES = sorted(path.stem for path in (specs() / "experiments").glob("*.experiment"))


def test_what_is_shipped() -> None:
    assert sorted(shipped()) == NAMES
    assert {"hello", "reversals", "elements"} <= set(NAMES)
    assert all(shipped().values()), "each says in a comment what it shows"


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_well_and_means_the_same(name: str, tmp_path: Path) -> None:
    files = copy_spec(name, tmp_path / "new")
    assert all(file.parent == tmp_path / "new" for file in files)
    report = Report()
    copied = check(tmp_path / "new" / f"{name}.experiment", name, report)
    assert not report.items
    original = check(specs() / "experiments" / f"{name}.experiment", name, report)
    assert isinstance(copied, Experiment)
    assert isinstance(original, Experiment)
    assert copied == original
    assert corpus_key(copied) == corpus_key(original)
    assert episodes_key(copied) == episodes_key(original)


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hello.world").write_text("mine")
    assert main(["new", "hello", "--into", str(tmp_path)]) == 1
    assert "is there already; nothing was copied" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["hello.world"]
    assert (tmp_path / "hello.world").read_text() == "mine"


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "hello.experiment", "--into", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split() == [
        str(tmp_path / "hello.experiment"),
        str(tmp_path / "hello.world"),
    ]
    assert main(["new", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(NAMES)
    assert main(["new"]) == 2
    assert main(["new", "helo"]) == 1
    assert "did you mean 'hello'?" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["new", "hello", "--into", str(tmp_path / "file")]) == 4
    told = capsys.readouterr().err
    assert "a file stands where a folder is needed: choose another folder with --into DIR" in told
