"""Removing finished work, but never what is being made at this moment, nor a folder of someone else's."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from rich.console import Console

from wug.compiler.store import CACHE_TAG, Store, environment
from wug.console import say_error


def clean_store(store: Store, names: list[str], dry_run: bool, out: Console) -> int:
    """Remove the work of these experiments, or all of it; returns the exit status."""
    root = store.root
    if not root.exists():
        out.print(f"nothing to clean: there is no {root}")
        return 0
    if not (root / CACHE_TAG).exists():
        say_error(f"{root} was not made by wug (it has no {CACHE_TAG}); nothing was removed")
        return 1
    present = sorted(path.name for path in root.iterdir() if path.is_dir())
    unknown = [name for name in names if name not in present]
    if unknown:
        say_error(f"nothing is built of '{unknown[0]}'; built: {', '.join(present) or 'nothing'}")
        return 1
    total = 0
    for name in names or present:
        folder = root / name
        size = sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())
        if _in_use(folder):
            out.print(f"kept     {folder}: another process is working in it")
            continue
        total += size
        out.print(f"{'would free' if dry_run else 'freed'} {_bytes(size):>9}  {folder}")
        if not dry_run:
            with environment(folder):
                shutil.rmtree(folder)
    out.print(f"{'would free' if dry_run else 'freed'} {_bytes(total):>9}  in all")
    return 0


def _in_use(folder: Path) -> bool:
    for lock in folder.rglob("*.lock"):
        with lock.open("r") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
