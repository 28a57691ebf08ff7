"""`wug clean`: finished work goes, and nothing else."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from wug.cli import main
from wug.compiler.store import Store

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build folder with the work of two experiments."""
    store = Store(tmp_path / "build")
    for name in ("one", "two"):
        with store.entry(f"{name}/compiled", "key") as entry:
            (entry.scratch / "file").write_bytes(b"x" * 2000)
            entry.commit()
    return tmp_path / "build"


def clean(build: Path, *arguments: str) -> int:
    return main(["clean", *arguments, "--build", str(build)])


def kept(build: Path) -> list[str]:
    return sorted(path.name for path in build.iterdir() if path.is_dir())


def test_all(build: Path, capsys: Captured) -> None:
    assert clean(build) == 0
    assert kept(build) == []
    assert "freed      4 kB  in all" in capsys.readouterr().out


def test_one(build: Path) -> None:
    assert clean(build, "one") == 0
    assert kept(build) == ["two"]


def test_dry_run(build: Path, capsys: Captured) -> None:
    assert clean(build, "--dry-run") == 0
    assert kept(build) == ["one", "two"]
    assert "would free      4 kB  in all" in capsys.readouterr().out


def test_an_unknown_name(build: Path, capsys: Captured) -> None:
    assert clean(build, "one", "three") == 1
    assert kept(build) == ["one", "two"]
    assert "nothing is built of 'three'; built: one, two" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["..", ".", "one/compiled", "/"])
def test_a_path_is_no_name(build: Path, name: str) -> None:
    assert clean(build, name) == 1
    assert kept(build) == ["one", "two"]


def test_a_foreign_folder(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "thesis").mkdir()
    assert clean(tmp_path) == 1
    assert kept(tmp_path) == ["thesis"]
    assert "was not made by wug" in capsys.readouterr().err


def test_nothing_there(tmp_path: Path, capsys: Captured) -> None:
    assert clean(tmp_path / "build") == 0
    assert "nothing to clean" in capsys.readouterr().out


def test_what_is_being_made_stays(build: Path, capsys: Captured) -> None:
    lock = next((build / "one").rglob("*.lock"))
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert clean(build) == 0
    assert kept(build) == ["one"]
    assert "another process is working in it" in capsys.readouterr().out
