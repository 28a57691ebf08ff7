"""How long `wug check` takes on each shipped spec: a fresh process each time, CPU and wall seconds.

    python tests/benchmarks/check.py [TIMES]

The first process of a spec, which may have to write the compiled modules of Python, is not counted. Other
work on the machine only ever adds to a time, so the least one says most.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def seconds(spec: Path) -> tuple[float, float]:
    """CPU (user and system) and wall seconds of one check; CalledProcessError where the spec is not well."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "wug", "check", str(spec)]
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main(times: int) -> None:
    """Print a table with a line for each spec."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {times} times")
    print(f"{'':14}{'CPU min':>9}{'median':>9}{'wall min':>10}{'median':>9}")
    for spec in sorted((ROOT / "specs" / "experiments").glob("*.experiment")):
        seconds(spec)
        cpu, wall = zip(*(seconds(spec) for _ in range(times)), strict=True)
        print(f"{spec.stem:14}{min(cpu):9.3f}{statistics.median(cpu):9.3f}", end="")
        print(f"{min(wall):10.3f}{statistics.median(wall):9.3f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
