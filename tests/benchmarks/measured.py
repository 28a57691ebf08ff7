"""On what a benchmark was run, and what a process took."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def machine() -> str:
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    cores = len(os.sched_getaffinity(0))
    return (
        f"{model}, {cores} core(s) of {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, {platform.platform()}"
    )


@dataclass(frozen=True)
class Taken:
    """What a process took: CPU seconds (user and system, all threads), those of the clock, and peak MB."""

    cpu: float
    wall: float
    peak: float

    def __str__(self) -> str:
        return f"{self.cpu:9.2f} s of CPU{self.wall:9.2f} s of the clock{self.peak:8.0f} MB"


def taken(command: Sequence[str | Path], folder: Path = ROOT) -> Taken:
    """Run a fresh process in a folder. Raises CalledProcessError, with what was said, where it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            words, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT, text=True
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, words, said.read())
    return Taken(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def wug(*words: str | Path) -> Taken:
    """Run `wug` of this project in a fresh process."""
    return taken([sys.executable, "-m", "wug", *words])
