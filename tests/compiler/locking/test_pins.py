"""What is pinned of a spec: its meaning, all that it reads, and when what is expected of it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.locking.pins import LATE, differences, evidence, kept, late, pins

WORLD = """wug 1

import "kinds.world"

world pets {
  entity pet from "pets.csv" { name name }
  relation likes(pet, kind)
  population likes { pairs 4 }
  form likes forward { "{pet} likes {kind}." }
}
"""
HELLO = """wug 1

experiment small {
  world "hello.world"
  seeds 1
  train exceeds in forward
  test trained { exceeds in forward  choices contradiction }
  model speck { layers 1  width 16  heads 2  context 96  pretrain { facts 1..2  steps 2  batch 2 } }
  arm icl { context train }
  expect "it knows" icl.trained > 0.5
}
"""


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    (tmp_path / "wug.lock").touch()
    (tmp_path / "hello.world").write_text((root / "specs" / "worlds" / "hello.world").read_text())
    (tmp_path / "small.experiment").write_text(HELLO)
    return tmp_path


def pinned(path: Path) -> dict[str, str]:
    return pins(path, checked(path))


def checked(path: Path) -> Experiment:
    report = Report()
    spec = check(path, str(path), report)
    assert isinstance(spec, Experiment), report.items
    return spec


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_layout_and_comments_count_for_nothing(project: Path) -> None:
    spec = project / "small.experiment"
    before = pinned(spec)
    change(spec, "  seeds 1\n", "  // one world\n\n      seeds 1\n")
    world = project / "hello.world"
    world.write_text(world.read_text().replace("\n  ", "\n      ") + "\n")
    assert pinned(spec) == before
    assert differences(before, pinned(spec)) == []


def test_each_file_that_changes_is_named(project: Path) -> None:
    spec = project / "small.experiment"
    before = pinned(spec)
    assert 'reads."hello.world"' in before
    change(spec, "steps 2", "steps 3")
    assert differences(before, pinned(spec))[0] == "it changed itself"
    assert differences({**before, "compiler": "corpus 1"}, before) == [
        f"the compiler was 'corpus 1' and is '{before['compiler']}'"
    ]
    assert differences({**before, 'reads."x.csv"': "0"}, before) == ["x.csv is not read"]
    assert differences(before, {**before, 'reads."x.csv"': "0"}) == ["x.csv is new"]
    assert differences(before, {**before, 'reads."hello.world"': "0"}) == ["hello.world changed"]
    assert differences({}, before)


def test_what_is_expected_after_the_results_is_marked(project: Path) -> None:
    spec = project / "small.experiment"

    def locked(before: dict[str, str], **made: str) -> dict[str, str]:
        own = pinned(spec)
        return kept(before, own, evidence(checked(spec), own), made)

    section = locked({})
    section = locked(section, corpus="c", results="r")
    assert late(section) == frozenset()
    assert section["results"] == "r"
    assert locked(section) == section, "what was made of the same spec stays"

    change(spec, "  expect", '  expect "so it is" icl.trained < 0.9\n  expect')
    section = locked(section)
    assert late(section) == {"so it is"}
    assert "results" not in section
    assert section['expect."so it is"'] == LATE + "icl.trained < 0.9"
    change(spec, "icl.trained > 0.5", "icl.trained > 0.4")
    assert late(locked(section)) == {"so it is", "it knows"}, "another claim under the same name"
    change(spec, "seeds 1", "seeds 2")
    change(spec, "  expect", '  expect "once more" icl.trained > 0.6\n  expect')
    section = locked(section)
    assert late(section) == {"so it is"}, "nobody has seen results with two seeds"
