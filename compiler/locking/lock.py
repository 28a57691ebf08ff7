"""The lock: `wug.lock` at the root of a project, one section for each spec and one entry a line.

Lines are sorted and sections stand apart, so that git merges what two branches changed about different
specs. Where it cannot, the file holds the marks of a conflict: whoever reads it says so, and `wug lock`
settles it, since all in it can be found again but for results of other machines, on which both sides then
have to agree. The file is TOML.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wug.compiler.regular import regular_text
from wug.compiler.store import environment

FILE = "wug.lock"
Section = Mapping[str, str]
"""Entries by key. What an entry is about stands behind a dot, if it has a name: `reads."a.world"`."""
Lock = Mapping[str, Section]
"""Sections by the path of a spec from the root, with slashes."""


class LockFailure(Exception):
    """The lock is not one, or the specs are not as it says (exit status 1)."""


_HEAD = "# What each spec says, all it reads, and what was made of it. Kept by 'wug lock' and 'wug run'.\n"
_MOST = 2**26
"""Bytes of a lock."""
_MARKS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_STRING = r'"(?:[^"\\]|\\.)*"'
_SECTION = re.compile(rf"\[({_STRING})\]")
_ENTRY = re.compile(rf"([a-z]+(?:\.{_STRING})?) = ({_STRING})")


def named(kind: str, name: str) -> str:
    """The key of an entry about something with a name."""
    return f"{kind}.{json.dumps(name, ensure_ascii=False)}"


def names(section: Section, kind: str) -> dict[str, str]:
    """The entries of one kind, by what they are about."""
    found = {}
    for key, value in section.items():
        if key.startswith(f"{kind}."):
            found[str(json.loads(key.removeprefix(f"{kind}.")))] = value
    return found


def read_lock(root: Path, settle: bool = False) -> Lock:
    """The lock of a project, empty where there is none.

    With `settle`, entries on which the sides of a merge conflict do not agree are left out. Raises
    LockFailure where there is a conflict, or a line that is none of a lock.
    """
    path, sections, conflict = root / FILE, dict[str, dict[str, str]](), 0
    try:
        text = regular_text(path, _MOST)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, 0, getattr(error, "strerror", None) or str(error)) from error
    torn: set[tuple[str, str]] = set()
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(_MARKS):
            conflict = conflict or number
        elif found := _SECTION.fullmatch(line):
            section = str(_text(found[1], path, number))
            sections.setdefault(section, {})
        elif (found := _ENTRY.fullmatch(line)) and section:
            key, value = found[1], _text(found[2], path, number)
            if sections[section].setdefault(key, value) != value:
                torn.add((section, key))
        elif line and not line.startswith("#"):
            raise _unreadable(path, number, "this is no line of a lock")
    if conflict and not settle:
        raise _unreadable(path, conflict, "it holds both sides of a merge")
    if torn and not settle:
        raise _unreadable(path, 0, f"it says two things of {sorted(torn)[0][0]}")
    for section, key in torn:
        del sections[section][key]
    return sections


def _text(written: str, path: Path, number: int) -> str:
    try:
        return str(json.loads(written))
    except ValueError as error:
        raise _unreadable(path, number, "this is no line of a lock") from error


def _unreadable(path: Path, line: int, why: str) -> LockFailure:
    place = f"{path}:{line}" if line else str(path)
    way = "'wug lock' settles it" if line and "merge" in why else "take it away, and 'wug lock' makes it anew"
    return LockFailure(f"{place} cannot be read: {why}; {way}")


def written(lock: Lock) -> str:
    """The text of a lock."""
    parts = [_HEAD]
    for name, section in sorted(lock.items()):
        lines = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in sorted(section.items())
        ]
        parts.append(f"\n[{json.dumps(name, ensure_ascii=False)}]\n" + "".join(lines))
    return "".join(parts)


def _write(root: Path, lock: Lock) -> None:
    """Put a lock in its place, in one step and only where it differs."""
    path, text = root / FILE, written(lock)
    if path.exists() and path.read_bytes() == text.encode():
        return
    beside = path.with_name(f"{FILE}.{os.getpid()}")
    with environment(path, "a project that may be written"):
        try:
            beside.write_text(text, encoding="utf-8", newline="\n")
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """No two processes change a lock at once."""
    folder = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def change(root: Path, name: str, changed: Callable[[Section], Section], settle: bool = False) -> Section:
    """Change the section of one spec by what it was, and leave out those of specs that are gone. Raises
    LockFailure where the lock cannot be read, EnvironmentFailure where it cannot be written."""
    with _alone(root):
        before = read_lock(root, settle)
        section = changed(before.get(name, {}))
        there = {other: kept for other, kept in before.items() if (root / other).is_file()}
        _write(root, {**there, name: section})
    return section
