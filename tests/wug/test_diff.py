"""`wug diff` of files and of revisions, and what git shows with it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wug.conftest import EXPERIMENT
from tests.wug.test_lock import change, told
from wug.cli import main

ROOT = Path(__file__).parents[2]


def git(*arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hello.world").write_text((root / "specs" / "worlds" / "hello.world").read_text())
    (tmp_path / "small.experiment").write_text(EXPERIMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    git("init")
    (tmp_path / ".gitignore").write_text("build/\n")
    git("add", "-A")
    git("commit", "-m", "one")
    return tmp_path


def test_revisions_what_lies_here_and_results(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nothing differs but layout and comments" in told(capsys, "diff")
    told(capsys, "run", "small.experiment")
    change("hello.world", "\n  ", "\n      ")
    assert "nothing differs but layout and comments" in told(capsys, "diff", "HEAD")
    change("hello.world", "count 4  named", "count 5  named")
    assert main(["diff"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "hello.world",
        "  entity creature: count 4 → count 5",
        "small.experiment",
        "  hello.world changed",
        "  documents of train: 4 of 4 leave, 4 enter",
        "  test trained: 4 of 4 questions leave, 4 enter",
        "  not run now",
    ]
    told(capsys, "run", "small.experiment")
    assert main(["diff", "--json"]) == 0
    world, experiment = json.loads(capsys.readouterr().out)
    assert world["declarations"] == [
        {"name": "entity creature", "change": "changed", "removed": [["count 4"]], "added": [["count 5"]]}
    ]
    assert experiment["corpora"]["questions"] == {
        "trained": {"before": 4, "after": 4, "left": 4, "entered": 4}
    }
    assert [(each["arm"], each["split"]) for each in experiment["results"]] == [("pretrained", "trained")]
    git("commit", "-am", "two")
    out = told(capsys, "diff", "HEAD~1", "HEAD", "--only", "hello.world")
    assert "entity creature: count 4 → count 5" in out
    assert "documents of" not in out


def test_what_git_holds_beside_specs_is_no_matter(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links to nowhere allowed, files that archives leave out, and a project that was not there yet."""
    (repository / "away").symlink_to("/etc/hostname")
    (repository / ".gitattributes").write_text("*.world export-ignore\n")
    (repository / "inner").mkdir()
    git("add", "-A")
    git("commit", "-m", "two")
    change("hello.world", "count 4  named", "count 5  named")
    assert "entity creature: count 4 → count 5" in told(capsys, "diff", "--only", "hello.world")
    inner = repository / "inner"
    (inner / "wug.lock").touch()
    (inner / "hello.world").write_text((repository / "hello.world").read_text())
    git("add", "-A")
    git("commit", "-m", "three")
    os.chdir(inner)
    assert "hello.world\n  + world" in told(capsys, "diff", "HEAD~1", "HEAD")


def test_two_files(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.experiment").write_text(EXPERIMENT.replace("steps 2", "steps 3"))
    out = told(capsys, "diff", "small.experiment", "other.experiment")
    assert "  pretrain > steps 2 → 3\n" in out
    assert "documents" not in out, "the same world"


def test_new_gone_and_wrong_specs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("small.experiment").rename("large.experiment")
    change("hello.world", "entity creature", "entity")
    out = told(capsys, "diff")
    assert "large.experiment\n  + experiment" in out
    assert "small.experiment\n  - experiment" in out
    assert "hello.world\n  it cannot be read now\n" in out, "and nothing is told to be gone"


@pytest.mark.parametrize(
    ("sides", "status", "said"),
    [
        (["nowhere"], 1, "'nowhere' is neither a spec nor a revision of git here"),
        (["hello.world", "small.experiment"], 1, "two worlds are compared, or two experiments"),
        (["HEAD", "HEAD", "HEAD"], 2, "two sides are compared"),
        (["HEAD", "--only", "../x.world"], 1, "'../x.world' is no spec of this project on either side"),
        (["HEAD", "--only", "no.world"], 1, "'no.world' is no spec of this project on either side"),
    ],
)
def test_what_cannot_be_compared(
    sides: list[str], status: int, said: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in told(capsys, "diff", *sides, status=status)


def test_outside_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.chdir(tmp_path)
    assert "'HEAD' is neither a spec nor a revision of git here" in told(capsys, "diff", status=1)


def test_git_shows_phrases(repository: Path) -> None:
    Path(".gitattributes").write_text("*.world diff=wug\n*.experiment diff=wug\n")
    command = f"env PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} -m wug diff --textconv"
    git("config", "diff.wug.textconv", command)
    change("hello.world", "\n  ", "\n      ")
    change("hello.world", "asymmetric  converse", "asymmetric  acyclic  converse")
    lines = [line for line in git("diff").splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == ["+relation exceeds > acyclic"]
    Path("small.experiment").write_text("wug 1\nexperiment { nonsense\n")
    assert "+experiment { nonsense" in git("diff")
