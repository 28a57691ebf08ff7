"""Commands that compute start once more with huge pages, where there are some to ask for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wug.pages import HUGE, SETTING, with_huge_pages

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setattr(os, "confstr", lambda name: "glibc 2.36")
    path = tmp_path / "enabled"
    path.write_text("always [madvise] never\n")
    return path


def test_it_is_for_what_computes_on_a_processor(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_huge_pages(["run", "x.experiment"], {}, kernel)
    assert not with_huge_pages(["check", "x.experiment"], {}, kernel)
    assert not with_huge_pages([], {}, kernel)
    assert not with_huge_pages(["run"], {SETTING: "glibc.malloc.check=1"}, kernel), "somebody else says how"
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    assert not with_huge_pages(["run"], {}, kernel)


def test_where_there_are_none(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.write_text("[always] madvise never\n")
    assert not with_huge_pages(["run"], {}, kernel), "there are some without asking"
    assert not with_huge_pages(["run"], {}, kernel / "missing")
    kernel.write_text("always [madvise] never\n")
    monkeypatch.setattr(os, "confstr", lambda name: "glibc 2.31")
    assert not with_huge_pages(["run"], {}, kernel)


def test_a_command_is_the_same_the_second_time(tmp_path: Path) -> None:
    """Its arguments, how Python was started, where it stands and how it ends."""
    body = (
        "import os, sys, wug.pages\n"
        "if os.environ.get(wug.pages.SETTING) is None:\n"
        "    wug.pages.start_again()\n"
        "print(os.environ[wug.pages.SETTING], sys.argv[1:], os.getcwd(), sys.flags.dont_write_bytecode)\n"
        "sys.exit(7)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop(SETTING, None)
    done = subprocess.run(
        [sys.executable, "-B", "-c", body, "run", "a b"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout == f"{HUGE} ['run', 'a b'] {tmp_path} 1\n"
