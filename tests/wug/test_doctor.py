"""`wug doctor`: what is here, what is missing, and the way out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wug import doctor
from wug.cli import main
from wug.devices import devices
from wug.doctor import CUDA, TPU, Examination, Package, accelerators, examine, print_examination, within

Captured = pytest.CaptureFixture[str]
FOUND: dict[str, Any] = {
    "devices": [{"platform": "cpu", "kind": "cpu", "memory_bytes": None}],
    "cached": True,
    "error": None,
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What JAX would tell of this machine, to be changed by a test; and no accelerator is here."""
    found = dict(FOUND)
    monkeypatch.setattr(doctor, "_devices", lambda folder: found)
    monkeypatch.setattr(doctor, "nvidia", lambda: ())
    return found


def test_this_machine_is_well(tmp_path: Path, capsys: Captured) -> None:
    """JAX is asked in earnest; nothing is left behind, and no build folder is made."""
    build = tmp_path / "build"
    assert main(["doctor", "--json", "--build", str(build)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["fine"]
    assert document["devices"]
    assert document["compile_cache"], "a program was compiled and kept"
    assert document["cores"] >= 1
    assert {"jax", "jaxlib", "flax", "optax", "numpy", "tokenizers"} <= {
        p["name"] for p in document["packages"]
    }
    assert all(package["fine"] for package in document["packages"])
    assert list(tmp_path.iterdir()) == []


def test_it_answers_where_everything_is_missing(root: Path, tmp_path: Path) -> None:
    """Without site-packages there is neither Rich nor Lark nor wug's own metadata."""
    command = [sys.executable, "-S", "-m", "wug", "doctor", "--build", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1, done.stderr
    assert "error: wug is not installed\n  pip install -e ." in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("installed", "wanted", "fine"),
    [
        ("0.10.2", ">=0.10.2,<0.11", True),
        ("0.11.1", ">=0.10.2,<0.11", False),
        ("0.10.1", ">=0.10.2,<0.11", False),
        ("0.9", ">=0.10.2,<0.11", False),
        ("2", ">=2.0.0,<3", True),
        ("26.0.1", ">=21", True),
        ("1.2rc1", ">=1.2", True),
        ("1.2+cuda12", ">=1.2,<1.3", True),
        ("5", "", True),
    ],
)
def test_bounds(installed: str, wanted: str, fine: bool) -> None:
    assert within(installed, wanted) is fine


def test_a_package_that_is_missing_or_too_new(
    told: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    versions = {"jax": "0.11.2", "optax": ""}
    real = doctor._installed
    monkeypatch.setattr(doctor, "_installed", lambda name: versions.get(name, real(name)))
    assert main(["doctor", "--build", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "error: jax is 0.11.2, but >=0.10.2,<0.11 is needed\n  pip install 'jax>=0.10.2,<0.11'" in out
    assert "error: optax is not installed" in out


def test_an_idle_accelerator_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    board = ("NVIDIA H200",)
    (bare,) = accelerators("cpu", board, cuda=False, tpu=False, libtpu=False)
    assert "an NVIDIA device is here, but JAX computes on the processor" in bare.what
    assert (bare.way_out, bare.needed) == (CUDA, False)
    (tpu,) = accelerators("cpu", (), cuda=False, tpu=True, libtpu=False)
    assert tpu.way_out == TPU
    (hidden,) = accelerators("cpu", board, cuda=True, tpu=False, libtpu=False)
    assert hidden.way_out.startswith("JAX_PLATFORMS=cuda")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    (chosen,) = accelerators("cpu", board, cuda=True, tpu=False, libtpu=False)
    assert chosen.way_out == "unset JAX_PLATFORMS"
    assert not accelerators("cuda NVIDIA H200", board, cuda=True, tpu=False, libtpu=False)
    assert not accelerators("cpu", (), cuda=False, tpu=False, libtpu=False)


@pytest.mark.parametrize(
    ("error", "what", "way"),
    [
        (
            "ImportError: cannot import name 'x' from 'jax'",
            "cannot import name 'x' from 'jax'",
            "requirements.txt",
        ),
        ("OSError: [Errno 13] Permission denied: 'x'", "(Permission denied: 'x')", "--build DIR"),
        (
            "EnvironmentFailure: JAX cannot use cpu: no such thing",
            "JAX cannot use cpu: no such thing",
            "JAX_PLATFORMS=cpu",
        ),
        ("RuntimeError: Unable to initialize 'foo'", "Unable to initialize 'foo'", "JAX_PLATFORMS=cpu"),
        ("AssertionError: ", "AssertionError: ", "JAX_PLATFORMS=cpu"),
    ],
)
def test_what_keeps_jax_from_working_is_needed(
    error: str, what: str, way: str, told: dict[str, Any], tmp_path: Path
) -> None:
    told |= {"devices": [], "cached": False, "error": error}
    found = examine(tmp_path)
    assert not found.fine
    finding = next(each for each in found.findings if each.needed)
    assert way in finding.way_out
    assert finding.what == what or (what[0] == "(" and finding.what.endswith(what))


def test_programs_that_are_not_kept_are_no_failure(told: dict[str, Any], tmp_path: Path) -> None:
    told["cached"] = False
    found = examine(tmp_path)
    assert found.fine
    assert "every run compiles them again" in found.findings[0].what


def test_a_folder_in_which_nothing_can_be_written(tmp_path: Path) -> None:
    found = devices(tmp_path / "not there")
    assert found["error"].startswith("OSError: [Errno 2]")
    assert found["devices"] == []


def test_a_build_that_is_no_folder_is_told(told: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for build in (tmp_path / "file", tmp_path / "file" / "below"):
        findings = [each for each in examine(build).findings if each.needed]
        assert [(each.what, each.way_out) for each in findings] == [
            (f"{tmp_path / 'file'} is no folder", "choose another with --build DIR")
        ]


def test_jax_that_never_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "PATIENCE_S", 0.001)
    found = examine(tmp_path)
    assert not found.fine
    assert any("JAX found no device within" in each.what for each in found.findings)


def test_devices_alike_are_counted(told: dict[str, Any], tmp_path: Path, capsys: Captured) -> None:
    told["devices"] = [{"platform": "gpu", "kind": "NVIDIA H200", "memory_bytes": 139 * 1024**3}] * 8
    found: Examination = replace(examine(tmp_path), packages=(Package("jax", "0.10.2", ""),))
    print_examination(found)
    out = capsys.readouterr().out
    assert "8 × gpu NVIDIA H200, 139.0 GiB each" in out
    assert "--mesh data=8 shares it out" in out
    assert "nothing is missing" in out
    assert "\x1b[" not in out
