"""Results go from one checkout to another through a folder that both share; many runs share one store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.wug.conftest import EXPERIMENT
from tests.wug.test_lock import told
from wug.compiler.store import damage

ROOT = Path(__file__).parents[2]


def test_a_second_checkout_takes_what_the_first_one_made(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WUG_SHARED", str(project / "shared"))
    other = project / "other"
    other.mkdir()
    for name in ("wug.lock", "hello.world", "small.experiment"):
        shutil.copy(project / name, other / name)
    told(capsys, "run", "small.experiment")
    monkeypatch.chdir(other)
    out = told(capsys, "run", "small.experiment", "--json")
    assert "pretraining" not in out.partition("{")[0], "nothing is computed"
    (here,), (there,) = (tuple(folder.glob("build/small/runs/*/results.json")) for folder in (other, project))
    assert here.read_bytes() == there.read_bytes()
    assert not list(other.glob("build/small/pretrained/*")), "only what is needed is taken"


def test_eight_runs_at_once_compute_each_piece_once(project: Path) -> None:
    """Of two experiments with corpora of their own, that share their pretraining and one arm."""
    arms = EXPERIMENT.replace("  arm pretrained { }\n", "  arm pretrained { }\n  arm icl { context train }\n")
    (project / "a").mkdir()
    (project / "b").mkdir()
    for name, text in (("a", EXPERIMENT), ("b", arms)):
        (project / name / "small.experiment").write_text(text.replace('"hello.world"', '"../hello.world"'))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "wug", "run", "--json"]
    every = [
        subprocess.Popen(
            [*command, f"{'ab'[number % 2]}/small.experiment"],
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    ended = [process.communicate(timeout=300) for process in every]
    assert [process.returncode for process in every] == [0] * 8, [err for _, err in ended]
    for first in (0, 1):
        assert len({out for out, _ in ended[first::2]}) == 1
    computed = [line for _, err in ended for line in err.splitlines() if "done in" in line]
    stages = Counter(line.partition(": done")[0] for line in computed)
    once = ("episodes", "pretraining", "pretrained: scoring", "icl: scoring")
    assert stages == {"compiling": 2, **dict.fromkeys(once, 1)}
    entries = [path for path in project.glob("build/small/*/*") if path.is_dir()]
    assert len(entries) == 8  # two compiled, episodes, pretrained, two scores, two runs
    assert [damage(path) for path in entries] == [None] * 8
    assert json.loads(ended[0][0])["name"] == "small"
