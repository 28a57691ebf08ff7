"""Removing finished work, but never what is being made at this moment, nor anything of someone else's; and
what servers wrote, which cannot be made again for nothing, only where it is named."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from rich.console import Console

from wug.compiler.store import CACHE_TAG, Store, environment, is_marked
from wug.console import say_error
from wug.runtime.ledger import FOLDER


def clean_store(store: Store, names: list[str], dry_run: bool, out: Console) -> int:
    """Remove the work of these experiments, or of all; returns the exit status."""
    root = store.root
    made = _made(root)
    unknown = [name for name in names if name not in made]
    if unknown:
        say_error(f"nothing is built of '{unknown[0]}' in {root}; built: {', '.join(made) or 'nothing'}")
        return 1
    if not made:
        why = f"wug made nothing in {root}" if root.exists() else f"there is no {root}"
        out.print(f"nothing to clean: {why}")
        return 0
    done = "would free" if dry_run else "freed"
    total = 0
    try:
        for name in names or [name for name in made if name != FOLDER]:
            if any(_in_use(folder) for folder in made[name]):
                out.print(f"kept     {root / name}: another process is working in it")
                continue
            size = sum(map(_size, made[name]))
            try:
                for folder in [] if dry_run else made[name]:
                    _remove(folder)
            finally:  # where the machine refuses, some of it may be gone
                size -= sum(map(_size, made[name])) if not dry_run else 0
                total += size
            out.print(f"{done} {_bytes(size):>9}  {root / name}")
            if not dry_run and not _gone(root / name):
                out.print(f"kept     {root / name}: wug did not make all that is in it")
        if not names and FOLDER in made:
            out.print(f"kept     {root / FOLDER}: what servers wrote; 'wug clean {FOLDER}' removes it")
    finally:
        out.print(f"{done} {_bytes(total):>9}  in all")
    return 0


def _made(root: Path) -> dict[str, list[Path]]:
    """The folders that the store made: for each experiment one of each kind of its work."""
    made: dict[str, list[Path]] = {}
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if path.is_symlink() or not path.is_dir():
            continue
        marked = [path] if is_marked(path) else sorted(filter(is_marked, path.iterdir()))
        if marked:
            made[path.name] = marked
    return made


def _remove(folder: Path) -> None:
    """Remove a marked folder, its mark last: where this ends early, the next one can go on."""
    with environment(folder):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != CACHE_TAG:
                path.unlink()
        (folder / CACHE_TAG).unlink()
        folder.rmdir()


def _gone(folder: Path) -> bool:
    """Whether an experiment's folder is away, once it is empty."""
    if folder.exists() and not any(folder.iterdir()):
        with environment(folder):
            folder.rmdir()
    return not folder.exists()


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())


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
