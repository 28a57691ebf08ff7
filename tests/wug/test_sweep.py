"""`wug run` of a sweep: whole, in parts, killed and gone on with, and with a variant that fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import wug
from tests.wug.test_lock import told
from wug.cli import main
from wug.compiler.canonical import file_digest
from wug.compiler.locking.lock import read_lock

SWEEP = """wug 1

experiment small {
  world "hello.world"
  train exceeds in forward { articles 1 }
  test trained { exceeds in forward  choices contradiction }
  model speck { layers 1  width 16  heads 2  context 128  pretrain { facts 2  steps 2  batch 2 } }
  arm pretrained { }
  expect "something is known" pretrained.trained > 0

  sweep {
    vary test trained  count 2, 3
    vary seeds         1, 2
  }
}
"""
NAME = "small.experiment"

# The process kills itself when the results of its third variant are about to be put in their place.
KILLED = """
import os, signal, sys

done = []

def kill(event, given):
    if event == "os.rename" and str(given[1]).rsplit(os.sep, 2)[1] == "runs":
        done.append(given[1])
        if len(done) == 3:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
"""


@pytest.fixture
def sweep(project: Path) -> Path:
    (project / NAME).write_text(SWEEP)
    return project


def entries(project: Path, kind: str) -> dict[str, int]:
    """The finished entries of a kind, and when they were made."""
    folders = (project / "build" / "small" / kind).glob("*")
    return {path.name: path.stat().st_mtime_ns for path in folders if path.is_dir() and "." not in path.name}


def test_a_sweep_is_run_and_what_its_variants_share_is_made_once(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(capsys, "run", NAME)
    assert "variant 4 of 4: test trained count 3, seeds 2" in out
    assert "small   4 variants, up to 6 questions a cell" in out
    assert [len(entries(sweep, kind)) for kind in ("runs", "pretrained", "episodes")] == [4, 1, 1]
    (line,) = (line for line in out.splitlines() if line.startswith("results: "))
    results = Path(line.removeprefix("results: "))
    section = read_lock(sweep)[NAME]
    assert section["results"] == file_digest(results)
    assert "small.experiment  run, as it was locked" in told(capsys, "status", NAME)

    assert main(["run", NAME, "--json"]) == 0
    printed = capsys.readouterr()
    assert "variant" not in printed.err, "nothing is run again"
    document = json.loads(printed.out)
    assert document["axes"] == [
        {"settings": ["test trained count"], "points": [[2], [3]]},
        {"settings": ["seeds"], "points": [[1], [2]]},
    ]
    assert [each["values"] for each in document["variants"]] == [
        {"test trained count": count, "seeds": seeds} for count in (2, 3) for seeds in (1, 2)
    ]
    assert {each["run"] for each in document["variants"]} == set(entries(sweep, "runs"))
    assert [(row["variant"], row["arm"], row["n"]) for row in document["pooled"]] == [
        (0, "pretrained", 2),
        (1, "pretrained", 4),
        (2, "pretrained", 3),
        (3, "pretrained", 6),
    ]
    assert [each["variant"] for each in document["expectations"]] == [0, 1, 2, 3]

    (sweep / NAME).write_text(
        SWEEP.replace("  expect", '  expect "so it is" pretrained.trained < 2\n  expect')
    )
    (marked,) = [line for line in told(capsys, "run", NAME).splitlines() if line.endswith("were there")]
    assert "4 supported" in marked
    assert "so it is   written after these" in marked

    (sweep / NAME).write_text(SWEEP.replace("count 2, 3", "count 2"))
    told(capsys, "run", NAME)
    assert len(entries(sweep, "runs")) == 8, "a part of a sweep is there"
    assert read_lock(sweep)[NAME]["results"] != section["results"]


def test_parts_are_what_one_process_makes_of_it(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = told(capsys, "run", NAME, "--build", "whole")
    first = told(capsys, "run", NAME, "--shard", "1/2")
    assert "2 of 4 variants are missing: 'wug run small.experiment' runs" in first
    assert [line for line in first.splitlines() if line.startswith("variant ")] == [
        "variant 1 of 4: test trained count 2, seeds 1",
        "variant 3 of 4: test trained count 3, seeds 1",
    ]
    assert not entries(sweep, "sweeps")
    assert "all 4 are there" in told(capsys, "run", NAME, "--shard", "2/2")
    last = told(capsys, "run", NAME)
    assert "variant 1 of" not in last
    made = [line.removeprefix("results: ") for line in (whole + last).splitlines() if "results: " in line]
    assert Path(made[0]) != Path(made[1])
    assert Path(made[0]).read_bytes() == Path(made[1]).read_bytes()


def test_a_killed_sweep_goes_on_with_the_variant_that_it_was_at(sweep: Path) -> None:
    (sweep / "sitecustomize.py").write_text(KILLED)
    root = str(Path(wug.__file__).parent.parent)
    paths = ":".join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "wug", "run", NAME]

    def run(path: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(
            command, env=variables, capture_output=True, text=True, check=False, timeout=600
        )

    killed = run(f"{sweep}:{paths}")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = entries(sweep, "runs")
    assert len(before) == 2
    resumed = run(paths)
    assert resumed.returncode == 0, resumed.stderr
    assert [line.split(":")[0] for line in resumed.stderr.splitlines() if line.startswith("variant")] == [
        "variant 3 of 4",
        "variant 4 of 4",
    ]
    after = entries(sweep, "runs")
    assert len(after) == 4
    assert before.items() <= after.items()


def test_a_variant_that_fails_does_not_stop_the_others(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # the contexts of eight articles are longer than what the model sees
    text = SWEEP.replace("arm pretrained { }", "arm pretrained { context train }").replace(
        "context 128", "context 64"
    )
    (sweep / NAME).write_text(text.replace("test trained  count 2, 3", "train exceeds  articles 99, 1"))
    out = told(capsys, "run", NAME, status=1)
    assert out.count("error W0502") == 2
    assert "no result  variant 2: " in out
    assert len(entries(sweep, "runs")) == 2
    document = json.loads(next(sweep.glob("build/small/sweeps/*/results.json")).read_text())
    assert [each["failed"] is None for each in document["variants"]] == [False, False, True, True]


def test_a_folder_has_the_verdicts_of_each_variant(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "run", ".")
    assert "4 expectations: " in out
    assert "small: test trained count 3, seeds 2: pretraining 0 fell short" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--shard", "1/9"], "small.experiment has 4 variants to share out among 9 parts"),
        (["--shard", "1/2", "--ray", "2"], "give one of them"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(
    sweep: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert said in told(capsys, "run", NAME, *options, status=2)


def test_only_a_sweep_has_parts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "has no sweep" in told(capsys, "run", NAME, "--shard", "1/2", status=2)


def test_an_undecided_variant_fails_where_it_is_strict(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SWEEP.replace("pretrained.trained > 0", "pretrained.trained > pretrained.trained")
    (sweep / NAME).write_text(text.replace("    vary seeds         1, 2\n", ""))
    assert "2 undecided" in told(capsys, "run", NAME)
    told(capsys, "run", NAME, "--strict", status=1)
