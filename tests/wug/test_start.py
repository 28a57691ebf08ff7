"""`wug new`: a shipped spec copied out, whole and ready to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from wug import specs, start
from wug.cli import main
from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.identity import corpus_key, episodes_key
from wug.start import copy_spec, shipped

EVERY = specs() / "experiments"
NAMES = sorted(
    str(path.relative_to(EVERY).with_suffix(""))
    for folder in (EVERY, EVERY / "study")
    for path in folder.glob("*.experiment")
)
REAL = ["real/celebrities", "real/elements", "real/reversals"]
PUBLISHED = ["celebrities_original", "celebrities_smollm2"]


def test_what_is_shipped() -> None:
    assert sorted(shipped()) == sorted([*NAMES, *REAL, *PUBLISHED])
    assert {"hello", "reversals", "elements"} <= set(NAMES)
    assert all(shipped().values()), "each says in a comment what it shows"


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_well_and_means_the_same(name: str, tmp_path: Path) -> None:
    copied = copy_spec(name, tmp_path / "new")
    files = copied.files
    assert not copied.missing
    assert all(file.parent == tmp_path / "new" for file in files)
    report = Report()
    copied = check(tmp_path / "new" / f"{Path(name).name}.experiment", name, report)
    assert not report.items
    original = check(EVERY / f"{name}.experiment", name, report)
    assert isinstance(copied, Experiment)
    assert isinstance(original, Experiment)
    assert copied == original
    assert corpus_key(copied) == corpus_key(original)
    assert episodes_key(copied, copied.models[0]) == episodes_key(original, original.models[0])


WORLD = """wug 1
import "../worlds/kin.world" as kin
world all {
  lexicon soft { onsets "b" "d"  nuclei "a" "e"  codas "" "n"  tokens equal "../data/t.json" }
  entity animal  { count 2  named soft }
  entity mineral { count 2  named nonce(letters 4..6  tokens equal "../data/more/t.json") }
  entity metal from "../data/metals.csv" { named name }
  given lines from "../data/more/metals.jsonl"
  given absent from "elsewhere/none.jsonl"
  scene meeting { count 2  entity guest from "../data/guests.parquet" { named name } }
}
"""


def test_every_file_that_a_spec_names_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data and given texts, tokenizers, imports; two of one name stay two, and what is not there is told."""
    files = {
        "experiments/all.experiment": 'wug 1\n/// All.\nexperiment all { world "../worlds/all.world" }\n',
        "worlds/all.world": WORLD,
        "worlds/kin.world": 'wug 1\nworld kin { entity person from "../data/people.csv" { named n } }\n',
        **{f"data/{name}": name for name in ("t.json", "more/t.json", "metals.csv", "more/metals.jsonl")},
        **{f"data/{name}": name for name in ("guests.parquet", "people.csv")},
    }
    for name, text in files.items():
        (tmp_path / "specs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "specs" / name).write_text(text)
    monkeypatch.setattr(start, "specs", lambda: tmp_path / "specs")
    copied = copy_spec("all", tmp_path / "new")
    names = ["all.experiment", "all.world", "kin.world", "people.csv", "t.json", "more-t.json", "metals.csv"]
    names += ["metals.jsonl", "guests.parquet"]
    assert [path.name for path in copied.files] == names
    assert copied.missing == [tmp_path / "new" / "elsewhere" / "none.jsonl"]
    world = (tmp_path / "new" / "all.world").read_text()
    assert '"t.json"' in world
    assert '"more-t.json"' in world
    assert '"elsewhere/none.jsonl"' in world
    assert "../" not in world
    assert (tmp_path / "new" / "more-t.json").read_text() == "more/t.json"


def test_what_is_not_shipped_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "celebrities_original", "--into", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert len(told.err.splitlines()) == 5
    assert str(tmp_path / "data" / "celebrities" / "all_prompts_train.jsonl") in told.err


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
    assert len(capsys.readouterr().out.splitlines()) == len(shipped())
    assert main(["new"]) == 2
    assert main(["new", "helo"]) == 1
    assert "did you mean 'hello'?" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["new", "hello", "--into", str(tmp_path / "file")]) == 4
    told = capsys.readouterr().err
    assert "a file stands where a folder is needed: choose another folder with --into DIR" in told
