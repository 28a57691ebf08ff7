"""Huge pages for large blocks of memory, where Linux gives them to whoever asks (madvise) and glibc can ask.

JAX takes and gives back what a step computes with, gigabytes for a real model, and each time the kernel lays
it out in pages of 4 KiB. A step of training SmolLM2-135M on a CPU takes three quarters of the time with huge
ones (docs/performance.md). glibc reads the setting as a process starts, so that starts once more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

SETTING, HUGE = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"
_KERNEL = Path("/sys/kernel/mm/transparent_hugepage/enabled")
COMPUTING = ("run", "export")
"""Commands that compute."""


def with_huge_pages(arguments: list[str], environment: Mapping[str, str], kernel: Path = _KERNEL) -> bool:
    """Whether a command should be started once more with huge pages: nobody has set how memory is laid out,
    it computes on a CPU, and there are some to be had."""
    if SETTING in environment or not set(arguments[:1]) & set(COMPUTING):
        return False
    from wug.runtime.keys import device_kind

    try:
        return (
            device_kind() == "cpu"
            and "[madvise]" in kernel.read_text()
            and (os.confstr("CS_GNU_LIBC_VERSION") or "") >= "glibc 2.35"
        )
    except (OSError, ValueError):
        return False


def start_again() -> None:
    """Become the same command with huge pages."""
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, SETTING: HUGE})
