"""`wug run` on hello, killed in every stage and in the middle of a save, as a user's machine may."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import wug

# A checkpoint after every dispatch, and a SIGKILL of the process itself: when a stage says that it is so far,
# or before a call that Python's audit events tell of.
_KILLED = """
import os, signal, sys
from contextlib import contextmanager
import wug.progress, wug.runtime.schedule
from wug.cli import main

wug.runtime.schedule.CHECKPOINT_EVERY_S = 0
stage, done, event, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

class Stage:
    def update(self, so_far, **figures):
        if so_far >= done:
            kill()

class Killer(wug.progress.Silent):
    @contextmanager
    def stage(self, name, total, unit=""):
        with super().stage(name, total, unit) as silent:
            yield Stage() if stage and name.startswith(stage) else silent

wug.progress.open_progress = Killer
sys.addaudithook(lambda name, given: kill() if name == event and str(given[0]).endswith(path) else None)
sys.exit(main(["run", "hello.experiment", "--json"]))
"""
_STAGES = [("pretraining", 40), ("finetune: fine-tuning", 40), ("augmented: scoring", 1)]
_UNFINISHED = ".orbax-checkpoint-tmp"
_SAVES = [
    ("os.mkdir", f"/checkpoints/20{_UNFINISHED}/tree{_UNFINISHED}"),  # begun, no array is written
    ("os.rename", f"/checkpoints/40{_UNFINISHED}/tree{_UNFINISHED}"),  # the arrays are written
    ("os.rename", f"/checkpoints/60{_UNFINISHED}"),  # whole, but not in its place
    ("os.rename", f"/parameters/0{_UNFINISHED}"),  # the final weights
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run prints that nobody killed."""
    folder = _new(tmp_path_factory.mktemp("undisturbed"))
    return _python(folder, "-m", "wug", "run", "hello.experiment", "--json").stdout


@pytest.mark.slow
def test_killed_in_every_stage(undisturbed: str, tmp_path: Path) -> None:
    folder = _new(tmp_path)
    for stage, done in _STAGES:
        killed = _python(folder, "-c", _KILLED, stage, str(done), "", "")
        assert killed.returncode == -signal.SIGKILL, f"{stage}: {killed.returncode}\n{killed.stderr}"
    assert _python(folder, "-m", "wug", "run", "hello.experiment", "--json").stdout == undisturbed


@pytest.mark.slow
def test_killed_in_the_middle_of_saves(undisturbed: str, tmp_path: Path) -> None:
    folder = _new(tmp_path)
    for event, path in _SAVES:
        killed = _python(folder, "-c", _KILLED, "", "0", event, path)
        assert killed.returncode == -signal.SIGKILL, f"{path}: {killed.returncode}\n{killed.stderr}"
        assert list((folder / "build").rglob(f"*{_UNFINISHED}")), path
    assert _python(folder, "-m", "wug", "run", "hello.experiment", "--json").stdout == undisturbed
    assert not list((folder / "build").rglob(f"*{_UNFINISHED}"))


def _new(folder: Path) -> Path:
    made = _python(folder, "-m", "wug", "new", "hello")
    assert made.returncode == 0, made.stderr
    return folder


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(wug.__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )
