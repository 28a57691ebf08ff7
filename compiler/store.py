"""The store: finished work, by content, below one build folder.

An entry is a folder `<root>/<kind>/<key>`. Whoever makes it holds a lock on that one entry (flock), works in
`<key>.partial`, and renames the folder into place when it is whole: an entry that exists is complete, a
killed process leaves only a `.partial` that the next one may resume or discard, and two runs at once share.

Beside an entry lies `<key>.digests`, the hash of each of its files. A process compares them before it takes
an entry for the first time. One that has lost a file, or in which a byte is another, is named and made anew.

A second folder may stand behind the first, one that several machines share. What is not here is looked for
there, and compared once it is copied; what is taken or made here is copied there. An entry is the same
wherever it was made, since its key holds all that its bytes depend on.

A folder that the store made holds a CACHEDIR.TAG of its own. One that was there before, with content, never
gets one, so that what has such a tag can be removed and nothing else is.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wug.compiler.canonical import digest, file_digest


class EnvironmentFailure(Exception):
    """The machine, not the spec: a full disk, a read-only folder (exit status 4)."""


@contextmanager
def environment(path: Path, option: str = "--build DIR") -> Iterator[None]:
    """Turn the machine's refusals to write at `path` into `EnvironmentFailure` with a way out: `option`."""
    elsewhere = f"choose another folder with {option}"
    reasons = {
        errno.ENOSPC: "the disk is full: free some space, or run 'wug clean'",
        errno.EDQUOT: "the disk quota is used up: free some space, or run 'wug clean'",
        errno.EFBIG: f"the file is too large for this disk: {elsewhere}",
        errno.EROFS: f"the file system is read-only: {elsewhere}",
        errno.EACCES: f"permission denied: {elsewhere}",
        errno.EPERM: f"permission denied: {elsewhere}",
        errno.ENOTDIR: f"a file stands where a folder is needed: {elsewhere}",
        errno.EEXIST: f"a file stands where a folder is needed: {elsewhere}",
    }
    try:
        yield
    except OSError as error:
        short = error.errno is None and str(error).endswith("written")  # all that numpy says of a full disk
        number = errno.ENOSPC if short else error.errno
        if number not in reasons:
            raise
        raise EnvironmentFailure(f"cannot write {error.filename or path}: {reasons[number]}") from error


@dataclass
class Entry:
    """One entry under its lock. Write below `scratch`, then `commit()`; `path` is where it will be."""

    path: Path
    scratch: Path
    ready: bool
    _committed: bool = field(default=False, repr=False)

    @property
    def kept(self) -> Path:
        """A file for pieces of unfinished work, beside the entry. It goes once that is whole, so that no kill
        in between loses both."""
        return self.path.with_name(self.path.name + ".kept")

    def commit(self) -> None:
        """Make the entry whole: flush every file to the disk, write their digests, then rename the folder
        into place."""
        for file in _files(self.scratch):
            _flush(file)
        beside = _digests(self.path)
        _remove(beside)
        beside.write_text(_digests_of(self.scratch), encoding="utf-8")
        _flush(beside)
        os.replace(self.scratch, self.path)
        self.kept.unlink(missing_ok=True)
        self.ready = self._committed = True


def _remove(path: Path) -> None:
    """Remove what is there, whatever it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _flush(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def _digests(entry: Path) -> Path:
    return entry.with_name(entry.name + ".digests")


def _digests_of(entry: Path) -> str:
    """The digest of each file of an entry, as JSON."""
    digests = {file.relative_to(entry).as_posix(): file_digest(file) for file in _files(entry)}
    return json.dumps(digests, indent=1) + "\n"


def _files(entry: Path) -> list[Path]:
    return [path for path in sorted(entry.rglob("*")) if path.is_file()]


def damage(entry: Path) -> str | None:
    """What is wrong with a finished entry: the first file that is not as it was written, and how; None where
    all is well. Of an entry without digests nothing is known."""
    beside = _digests(entry)
    try:
        if os.path.lexists(beside) and not beside.is_file():
            return f"{beside.name} is no regular file"
        digests = dict(json.loads(beside.read_bytes())).items()
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return f"{beside.name} cannot be read"
    for name, said in digests:
        file = entry / name
        try:
            if os.path.lexists(file) and not file.is_file():
                return f"{name} is no regular file"
            if file_digest(file) != said:
                return f"{name} is not as it was written"
        except (FileNotFoundError, NotADirectoryError):
            return f"{name} is missing"
    return None


_INSIDE = ".digests"
"""The digests of an entry of a shared folder."""


@contextmanager
def _copy(entry: Path, to: Path) -> Iterator[Path]:
    """A copy of an entry beside the place where it is to be, gone in the end if it is still there."""
    beside = to.with_name(f"{to.name}.{os.getpid()}.copy")
    try:
        shutil.copytree(entry, beside)
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        _digests(beside).unlink(missing_ok=True)


@contextmanager
def _locked(entry: Path, waiting: Callable[[], None] | None = None) -> Iterator[bool]:
    """Hold the lock of an entry: once whoever holds it lets it go, after a call of `waiting`, or without that
    only if it is free. Whether it is held."""
    mark(entry.parent)
    with entry.with_name(entry.name + ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is None:
                yield False
                return
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield True


CACHE_TAG = "CACHEDIR.TAG"
_SIGNATURE = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# Made by wug and all its own; 'wug clean' removes it.\n"
)
"""The mark of a folder that may be deleted at any time (bford.info/cachedir); backup programs skip it."""


def mark(folder: Path) -> None:
    """Make a folder that `is_marked`; where one is there already with other content, leave it as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    tag = folder / CACHE_TAG
    content = {path.name for path in folder.iterdir()}
    # the tag of a process that was killed while it wrote it, or whose disk was full, is a piece of ours
    if not content or (content == {CACHE_TAG} and _SIGNATURE.startswith(tag.read_bytes())):
        tag.write_bytes(_SIGNATURE)


def is_marked(folder: Path) -> bool:
    """Whether a folder was made by the store, and so may go."""
    try:
        return not folder.is_symlink() and (folder / CACHE_TAG).read_bytes() == _SIGNATURE
    except OSError:
        return False


class Store:
    """Finished work below `root` (a `build` folder), and below `shared`, if there is such a folder. `warn` is
    told of entries that were damaged. With `compare` false they are taken as they lie, for those who judge
    them."""

    def __init__(
        self,
        root: Path,
        warn: Callable[[str], None] = warnings.warn,
        compare: bool = True,
        shared: Path | None = None,
    ) -> None:
        self.root, self._warn, self._compare, self.shared = root, warn, compare, shared
        self._good: set[Path] = set()  # entries that this process has compared, or made

    def path(self, kind: str, key: str) -> Path:
        return self.root / kind / key

    def has(self, kind: str, key: str) -> bool:
        """Whether an entry is there, each file as it was written."""
        path = self.path(kind, key)
        if self._offered(path) is not None:
            with environment(path), _locked(path) as free:
                if free:
                    self._fetch(path)
        return self._is_good(path)

    def _is_good(self, path: Path) -> bool:
        if path not in self._good and path.is_dir() and not (self._compare and damage(path)):
            self._good.add(path)
            self._share(path)
        return path in self._good and path.is_dir()

    def _offered(self, path: Path) -> Path | None:
        """Where the shared folder has an entry that is not here."""
        if self.shared is None or path.exists():
            return None
        there = self.shared / path.relative_to(self.root)
        return there if (there / _INSIDE).is_file() else None

    def _fetch(self, path: Path) -> None:
        """Take an entry whose lock is held from the shared folder, if it is there and whole."""
        if (there := self._offered(path)) is not None:
            with _copy(there, path) as beside:
                os.replace(beside / _INSIDE, _digests(beside))
                if (found := damage(beside)) is not None:
                    self._warn(f"{there} is damaged ({found}): it is not taken")
                    return
                _remove(_digests(path))
                os.replace(_digests(beside), _digests(path))
                os.replace(beside, path)

    def _share(self, path: Path) -> None:
        """Put an entry that is good into the shared folder, if it is not there. Its digests lie in it, so
        that it comes there in one step: no lock holds for several machines."""
        if self.shared is None:
            return
        there = self.shared / path.relative_to(self.root)
        if there.exists():
            return
        with environment(there, "--shared DIR"):
            mark(there.parent)
            with _copy(path, there) as beside:
                beside_it = _digests(path)
                said = beside_it.read_text(encoding="utf-8") if beside_it.exists() else _digests_of(path)
                (beside / _INSIDE).write_text(said, encoding="utf-8")
                with contextlib.suppress(OSError):  # somebody else was faster
                    os.replace(beside, there)

    def digest(self, kind: str, key: str) -> str:
        """The identity of what a finished entry holds, file by file."""
        path = self.path(kind, key)
        beside = _digests(path)
        return digest(beside.read_bytes() if beside.exists() else _digests_of(path).encode())

    @contextmanager
    def entry(
        self,
        kind: str,
        key: str,
        *,
        resume: bool = False,
        together: bool = False,
        waiting: Callable[[], None] = lambda: None,
    ) -> Iterator[Entry]:
        """Lock an entry and yield it; `ready` says whether it was already there, undamaged.

        With `resume`, what a killed process left in `scratch` is kept, else it is emptied first. `together`
        says that where several processes are one run, all of them work on it (runtime/cluster.py).
        `waiting` is called once when another process holds the entry, before this one waits for it.
        Raises EnvironmentFailure where the machine refuses.
        """
        final = self.path(kind, key)
        if self.has(kind, key):
            yield Entry(final, final, ready=True)
            return
        scratch = final.with_name(final.name + ".partial")
        with environment(final), _locked(final, waiting):
            self._fetch(final)
            if self._is_good(final):
                yield Entry(final, final, ready=True)
                return
            if final.is_dir():
                self._set_aside(final)
            if not resume and scratch.exists():
                shutil.rmtree(scratch)
            scratch.mkdir(exist_ok=True)
            entry = Entry(final, scratch, ready=False)
            yield entry
            if entry.ready:
                self._share(final)

    def _set_aside(self, final: Path) -> None:
        """Remove a damaged entry, in one step to those who may look for it, so that it can be made anew."""
        self._warn(f"{final} is damaged ({damage(final)}): it is made anew")
        aside = final.with_name(final.name + ".damaged")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(final, aside)
        shutil.rmtree(aside)
