"""On what a benchmark was run."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    cores = len(os.sched_getaffinity(0))
    return (
        f"{model}, {cores} core(s) of {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, {platform.platform()}"
    )
