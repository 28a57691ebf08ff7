"""Shards on a local Ray of two workers, one of which is killed on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wug
from tests.wug.test_sweep import SWEEP
from wug import specs
from wug.compiler.canonical import file_digest

# The worker of the second part kills itself once, when all is written and about to be put in its place.
_KILLED = """
import os, signal, sys

def kill(event, given):
    if event == "os.rename" and str(given[1]).endswith("-2-of-2"):
        try:
            os.close(os.open(os.environ["WUG_TEST_KILLED"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
"""


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def compiled(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    spec = str(specs() / "experiments" / "hello.experiment")
    command = [sys.executable, "-m", "wug", "compile", spec, "--build", str(folder), *options]
    paths = [str(folder), str(Path(wug.__file__).parent.parent), *os.environ.get("PYTHONPATH", "").split(":")]
    variables = {**os.environ, "PYTHONPATH": ":".join(filter(None, paths)), "RAY_USAGE_STATS_ENABLED": "0"}
    return subprocess.run(
        command, env={**variables, **environment}, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.mark.slow
def test_two_workers_one_of_them_killed_write_what_one_process_does(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="an optional extra: pip install '.[ray]'")
    whole, parts, killed = tmp_path / "whole", tmp_path / "parts", tmp_path / "killed"
    whole.mkdir()
    parts.mkdir()
    (parts / "sitecustomize.py").write_text(_KILLED)
    alone = compiled(whole)
    shared = compiled(parts, "--ray", "2", WUG_TEST_KILLED=str(killed))
    assert (alone.returncode, shared.returncode) == (0, 0), shared.stderr
    assert killed.exists(), "no worker was killed"
    made = sorted(path.name[-7:] for path in (parts / "hello" / "shards").iterdir() if path.is_dir())
    assert made == ["-1-of-2", "-2-of-2"]
    assert digests(Path(shared.stdout.strip())) == digests(Path(alone.stdout.strip()))


@pytest.mark.slow
def test_two_workers_run_the_variants_of_a_sweep(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="an optional extra: pip install '.[ray]'")
    shutil.copy(specs() / "worlds" / "hello.world", tmp_path)
    (tmp_path / "wug.lock").touch()
    (tmp_path / "small.experiment").write_text(SWEEP)
    command = [sys.executable, "-m", "wug", "run", str(tmp_path / "small.experiment"), "--ray", "2"]
    variables = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        command, env=variables, capture_output=True, text=True, check=False, timeout=600, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "variant" not in done.stderr, "nothing is left to run here"
    assert "small   4 variants" in done.stdout


def test_without_ray_a_way_out_is_told(tmp_path: Path) -> None:
    (tmp_path / "ray.py").write_text("raise ImportError('no ray here')\n")
    made = compiled(tmp_path, "--ray", "2")
    assert made.returncode == 4
    assert "Ray is not installed: pip install 'wug[ray]'" in made.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--ray", "3"], "hello.experiment has 2 seeds to share out among 3 parts"),
        (["--ray", "2", "--shard", "1/2"], "give one of them"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(tmp_path: Path, options: list[str], told: str) -> None:
    made = compiled(tmp_path, *options)
    assert made.returncode == 2
    assert told in made.stderr
