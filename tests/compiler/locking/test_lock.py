"""The file itself: what is written is read back, and what git makes of two sides."""

from __future__ import annotations

import os
import subprocess
import tomllib
from multiprocessing import Process
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.locking.lock import FILE, Lock, LockFailure, change, named, names, read_lock, written

KEYS = st.one_of(
    st.sampled_from(["spec", "corpus", "results"]), st.text(min_size=1).map(lambda name: named("reads", name))
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LOCKS = st.dictionaries(TEXTS.filter(bool), st.dictionaries(KEYS, TEXTS, max_size=4), max_size=4)


@given(LOCKS)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, lock: Lock) -> None:
    folder = tmp_path_factory.mktemp("lock")
    (folder / FILE).write_text(written(lock), encoding="utf-8", newline="\n")
    assert read_lock(folder) == lock


def test_it_is_toml() -> None:
    lock = {"a.experiment": {"spec": "1", named("reads", 'odd "name".world'): "2", named("reads", "b"): "3"}}
    told = tomllib.loads(written(lock))
    assert told == {"a.experiment": {"spec": "1", "reads": {'odd "name".world': "2", "b": "3"}}}
    assert names(lock["a.experiment"], "reads") == {'odd "name".world': "2", "b": "3"}


def test_without_a_file_nothing_is_locked(tmp_path: Path) -> None:
    assert read_lock(tmp_path) == {}
    (tmp_path / FILE).touch()
    assert read_lock(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('spec = "1"\n', ":1 cannot be read: this is no line of a lock"),
        ('["a"]\nspec = 1\n', ":2 cannot be read: this is no line of a lock"),
        ('["a"]\nspec = "\\q"\n', ":2 cannot be read: this is no line of a lock"),
        ('["a"]\nspec = "1"\nspec = "2"\n', "it says two things of a"),
        (
            '["a"]\n<<<<<<< ours\nspec = "1"\n',
            ":2 cannot be read: it holds both sides of a merge; 'wug lock'",
        ),
    ],
)
def test_what_is_no_lock_is_told_and_left(text: str, where: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(LockFailure) as told:
        change(tmp_path, "a", lambda before: before)
    assert where in str(told.value)
    assert (tmp_path / FILE).read_text() == text


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(LockFailure, match=r"wug\.lock cannot be read"):
        read_lock(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(LockFailure, match=r"wug\.lock cannot be read: it is no regular file; take it away"):
        read_lock(tmp_path)


def test_specs_that_are_gone_are_left_out(tmp_path: Path) -> None:
    for name in ("a.world", "b.world"):
        (tmp_path / name).touch()
        change(tmp_path, name, lambda before: {"spec": "1"})
    assert set(read_lock(tmp_path)) == {"a.world", "b.world"}
    (tmp_path / "a.world").unlink()
    change(tmp_path, "b.world", lambda before: {**before, "corpus": "2"})
    assert read_lock(tmp_path) == {"b.world": {"spec": "1", "corpus": "2"}}


def _write(root: Path, number: int) -> None:
    for each in range(20):
        change(root, f"{number}.world", lambda before, each=each: {**before, named("reads", f"{each}"): "1"})


def test_many_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.world").touch()
    every = [Process(target=_write, args=(tmp_path, number)) for number in range(4)]
    for process in every:
        process.start()
    for process in every:
        process.join(60)
    assert {name: len(section) for name, section in read_lock(tmp_path).items()} == {
        f"{number}.world": 20 for number in range(4)
    }
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".world") == [FILE]


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True)


def branches(folder: Path, base: Lock, ours: Lock, theirs: Lock) -> int:
    """Two branches change a lock, and one takes in the other: the status of the merge."""
    git(folder, "init")
    for name in {**ours, **theirs}:
        (folder / name).touch()
    for branch, lock in (("main", base), ("theirs", theirs), ("main", ours)):
        git(folder, "checkout", *([branch] if branch == "main" and lock is ours else ["-b", branch]))
        (folder / FILE).write_text(written(lock))
        git(folder, "add", "-A")
        git(folder, "commit", "-m", branch)
    return git(folder, "merge", "theirs").returncode


def test_git_merges_what_two_branches_changed_of_two_specs(tmp_path: Path) -> None:
    base = {name: {"edition": "1", "spec": "0"} for name in ("a.experiment", "b.experiment")}
    ours = {**base, "a.experiment": {"edition": "1", "results": "5", "spec": "1"}}
    theirs = {**base, "b.experiment": {"compiler": "2", "corpus": "3", "edition": "1", "spec": "2"}}
    assert branches(tmp_path, base, ours, theirs) == 0
    assert read_lock(tmp_path) == {**ours, "b.experiment": theirs["b.experiment"]}


def test_of_a_conflict_stays_what_both_sides_say(tmp_path: Path) -> None:
    base = {"a.experiment": {"edition": "1", "spec": "0"}}
    ours, theirs = ({"a.experiment": {"corpus": "7", "edition": "1", "spec": spec}} for spec in "12")
    assert branches(tmp_path, base, ours, theirs) == 1
    with pytest.raises(LockFailure, match="both sides of a merge"):
        read_lock(tmp_path)
    assert read_lock(tmp_path, settle=True) == {"a.experiment": {"corpus": "7", "edition": "1"}}
