"""`wug fmt`: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from wug import format, specs
from wug.cli import main

ROUGH = "wug 1\nworld x {\nentity a {count 4}\n  entity bb { count 3 }   // two\n}\n"
SMOOTH = "wug 1\n\nworld x {\n  entity a  { count 4 }\n  entity bb { count 3 }    // two\n}\n"

Captured = pytest.CaptureFixture[str]


def test_fmt_writes_and_then_has_nothing_to_do(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "x.world"
    path.write_text(ROUGH)
    path.chmod(0o640)
    assert main(["fmt", "--check", str(path)]) == 1
    assert path.read_text() == ROUGH
    assert capsys.readouterr().out == f"{path}\n"
    assert main(["fmt", str(path)]) == 0
    assert path.read_text() == SMOOTH
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["x.world"]
    capsys.readouterr()
    assert main(["fmt", "--check", str(path)]) == main(["fmt", str(path)]) == 0
    assert capsys.readouterr().out == ""


def test_fmt_leaves_errors_alone_and_does_the_rest(tmp_path: Path, capsys: Captured) -> None:
    good, bad, other = tmp_path / "good.world", tmp_path / "bad.world", tmp_path / "notes.txt"
    good.write_text(ROUGH)
    bad.write_text(ROUGH.replace("}", ""))
    other.write_text("x")
    assert main(["fmt", str(bad), str(other), str(tmp_path / "none.world"), str(good)]) == 1
    out, err = capsys.readouterr()
    assert out == f"{good}\n"
    assert [code for code in ("W0001", "W0009", "W0010") if code not in err] == []
    assert good.read_text() == SMOOTH
    assert bad.read_text() == ROUGH.replace("}", "")


def test_fmt_writes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.world").write_text(ROUGH)
    link = tmp_path / "link.world"
    link.symlink_to("real.world")
    assert main(["fmt", str(link)]) == 0
    assert link.is_symlink()
    assert (tmp_path / "real.world").read_text() == SMOOTH


def test_a_write_that_fails_leaves_the_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.world"
    path.write_text(ROUGH)

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(format.os, "replace", refuse)
    assert main(["fmt", str(path)]) == 4
    assert path.read_text() == ROUGH
    assert list(tmp_path.iterdir()) == [path]


def test_line_ends_of_another_system(tmp_path: Path) -> None:
    path = tmp_path / "x.world"
    path.write_bytes(ROUGH.replace("\n", "\r\n").encode())
    assert main(["fmt", str(path)]) == 0
    assert path.read_bytes() == SMOOTH.encode()


def test_shipped_specs_are_laid_out() -> None:
    files = [
        str(path)
        for kind in ("worlds", "experiments")
        for path in sorted((specs() / kind).rglob(f"*.{kind[:-1]}"))
    ]
    assert main(["fmt", "--check", *files]) == 0
