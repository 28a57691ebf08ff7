"""Which files a spec may name: those of its project, once each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.conftest import Write, checked, findings
from wug.compiler.language.resolve import project_root
from wug.compiler.world import World

ENTITY = "entity {} {{ count 4 }}"


def world(*imports: str, declares: str = "") -> str:
    lines = "".join(f'import "{name}"\n' for name in imports)
    return f"wug 1\n{lines}world x {{ {ENTITY.format(declares) if declares else ''} }}\n"


def codes(path: Path, tmp_path: Path) -> list[str]:
    return [item.code for item in findings(path, path.name, tmp_path / "build")]


def test_imports_come_once_and_in_order(write: Write) -> None:
    write("common.world", world(declares="thing"))
    write("deep/left.world", world("../common.world", declares="left"))
    write("right.world", world("common.world", declares="right"))
    spec = checked(
        write("main.world", world("deep/left.world", "right.world", "./common.world", declares="own"))
    )
    assert isinstance(spec, World)
    assert list(spec.entities) == ["thing", "left", "right", "own"]


@pytest.mark.parametrize("mark", [".git", "pyproject.toml", "wug.lock"])
def test_the_root_is_the_nearest_marked_folder(mark: str, tmp_path: Path) -> None:
    (tmp_path / "wug.lock").touch()
    inner = tmp_path / "project"
    (inner / "specs").mkdir(parents=True)
    (inner / mark).touch()
    assert project_root(inner / "specs" / "x.world") == inner.resolve()
    (inner / mark).unlink()
    assert project_root(inner / "specs" / "x.world") == tmp_path.resolve()


def test_above_the_spec_is_fine_inside_the_root_only(write: Write, tmp_path: Path) -> None:
    write("common.world", world(declares="thing"))
    (tmp_path / "inner").mkdir()
    path = write("inner/x.world", world("../common.world"))
    assert codes(path, tmp_path) == []
    write("inner/wug.lock", "")
    assert codes(path, tmp_path) == ["W0104"]


def test_a_link_out_of_the_root(write: Write, tmp_path: Path) -> None:
    write("secret.world", world(declares="thing"))
    write("secret.csv", "name\niron\n")
    write("inner/wug.lock", "")
    (tmp_path / "inner" / "link.world").symlink_to("../secret.world")
    (tmp_path / "inner" / "link.csv").symlink_to("../secret.csv")
    (tmp_path / "inner" / "folder").symlink_to("..")
    for name in ("link.world", "folder/secret.world"):
        assert codes(write("inner/x.world", world(name)), tmp_path) == ["W0104"]
    csv = 'wug 1\nworld x { entity metal from "link.csv" { named name } }\n'
    assert codes(write("inner/y.world", csv), tmp_path) == ["W0104"]


def test_a_link_within_the_root_and_one_that_goes_round(write: Write, tmp_path: Path) -> None:
    write("real.world", world(declares="thing"))
    (tmp_path / "link.world").symlink_to("real.world")
    assert codes(write("x.world", world("link.world", "real.world")), tmp_path) == []
    (tmp_path / "round.world").symlink_to("round.world")
    assert codes(write("y.world", world("round.world")), tmp_path) == ["W0009"]
    assert codes(tmp_path / "round.world", tmp_path) == ["W0009"]


@pytest.mark.parametrize(
    "name", ["x" * 5000 + ".world", "a/" * 3000 + "b.world", "\\n.world", " .world", "", ".", "/"]
)
def test_names_that_are_no_files(name: str, write: Write, tmp_path: Path) -> None:
    found = codes(write("main.world", world(name)), tmp_path)
    assert len(found) == 1
    assert found[0] in ("W0009", "W0010", "W0104")


def test_a_long_cycle(write: Write, tmp_path: Path) -> None:
    for number in range(60):
        write(f"w{number}.world", world(f"w{(number + 1) % 60}.world"))
    assert codes(tmp_path / "w0.world", tmp_path) == ["W0105"]


@pytest.mark.parametrize(
    "declared",
    [
        'entity e from "{}.csv" {{ named name }}',
        'given g from "{}.jsonl"',
        'entity e {{ count 4  named nonce(syllables 2  tokens equal "{}.json") }}',
    ],
)
def test_a_data_file_whose_name_no_file_can_have(declared: str, write: Write, tmp_path: Path) -> None:
    path = write("x.world", f"wug 1\nworld x {{ {declared.format('long' * 100)} }}\n")
    items = findings(path, "x.world", tmp_path / "build")
    assert [item.code for item in items] == ["W0009"]
    assert len(items[0].message) < 120
