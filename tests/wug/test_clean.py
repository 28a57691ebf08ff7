"""`wug clean`: finished work goes, and nothing else."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path

import pytest

from wug.cli import main
from wug.compiler.plan import Endpoint
from wug.compiler.store import Store
from wug.runtime.ledger import Ledger, ledger_of

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


def test_what_servers_wrote_goes_only_where_it_is_named(build: Path, capsys: Captured) -> None:
    path = ledger_of(Store(build), Endpoint("http://localhost:8000/v1", "small", 1, 1))
    with Ledger(path, "plan").writing():
        assert clean(build, "teachers") == 0
        assert path.exists(), "somebody is asking"
    assert clean(build) == 0
    assert kept(build) == ["teachers"]
    assert "what servers wrote; 'wug clean teachers' removes it" in capsys.readouterr().out
    assert clean(build, "teachers") == 0
    assert kept(build) == []


def test_dry_run(build: Path, capsys: Captured) -> None:
    assert clean(build, "--dry-run") == 0
    assert kept(build) == ["one", "two"]
    assert "would free      4 kB  in all" in capsys.readouterr().out


def test_an_unknown_name(build: Path, capsys: Captured) -> None:
    assert clean(build, "one", "three") == 1
    assert kept(build) == ["one", "two"]
    assert f"nothing is built of 'three' in {build}; built: one, two" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["..", ".", "one/compiled", "/"])
def test_a_path_is_no_name(build: Path, name: str) -> None:
    assert clean(build, name) == 1
    assert kept(build) == ["one", "two"]


def test_a_foreign_folder(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "thesis").mkdir()
    assert clean(tmp_path) == 0
    assert kept(tmp_path) == ["thesis"]
    assert f"nothing to clean: wug made nothing in {tmp_path}" in capsys.readouterr().out


@pytest.fixture
def shared(build: Path) -> Path:
    """The same build folder, which held things of others before: besides, in one's own folder, in a link."""
    for file in ("photos/wedding", "one/notes", "two/world/mine"):
        (build / file).parent.mkdir(parents=True, exist_ok=True)
        (build / file).write_text("mine")
    (build / "link").symlink_to(build / "one")
    with Store(build).entry("two/world", "key") as entry:
        entry.commit()
    return build


@pytest.mark.parametrize("names", [[], ["one", "two"]])
def test_what_others_made_stays(shared: Path, names: list[str], capsys: Captured) -> None:
    assert clean(shared, *names) == 0
    left = [str(path.relative_to(shared)) for path in sorted(shared.rglob("*")) if path.is_file()]
    beside = ["two/world/key.digests", "two/world/key.lock"]
    assert left == ["one/notes", "photos/wedding", *beside, "two/world/mine"]
    assert "one: wug did not make all that is in it" in capsys.readouterr().out
    assert clean(shared) == 0
    assert "nothing to clean" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["photos", "link"])
def test_what_others_made_cannot_be_named(shared: Path, name: str, capsys: Captured) -> None:
    assert clean(shared, name) == 1
    assert f"nothing is built of '{name}' in {shared}; built: one, two" in capsys.readouterr().err
    assert (shared / "photos" / "wedding").exists()


def test_nothing_there(tmp_path: Path, capsys: Captured) -> None:
    assert clean(tmp_path / "build") == 0
    assert "nothing to clean" in capsys.readouterr().out
    assert clean(tmp_path / "build", "one") == 1
    assert "nothing is built of 'one'" in capsys.readouterr().err


def test_only_what_is_gone_is_told_as_freed(
    build: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine refuses to remove the second one's entry."""
    remove = shutil.rmtree

    def refuse(path: Path) -> None:
        if "two" in str(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    assert clean(build) == 4
    out, err = capsys.readouterr()
    assert out.splitlines()[1:] == ["freed      2 kB  in all"]
    assert "freed      2 kB" in out.splitlines()[0]
    assert "read-only" in err
    monkeypatch.undo()
    assert clean(build) == 0, "and the next one goes on"
    assert kept(build) == []


def test_what_is_being_made_stays(build: Path, capsys: Captured) -> None:
    lock = next((build / "one").rglob("*.lock"))
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert clean(build) == 0
    assert kept(build) == ["one"]
    assert "another process is working in it" in capsys.readouterr().out
