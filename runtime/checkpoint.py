"""Checkpoints by Orbax: plain dicts of arrays, always finished, always checked.

A save that was cut short is never seen (Orbax renames whole steps). A step whose files were damaged later is:
each carries the hash of its arrays and facts, and where that fails the step before it is restored instead.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from wug.runtime.keys import canonical, digest
from wug.runtime.mesh import agreed, whole

logging.getLogger("absl").setLevel(logging.CRITICAL)  # what fails is raised, and told once

Tree = dict[str, Any]

_SPARE = 512 * 1024
"""Bytes for what Orbax writes beside the arrays."""


def _told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The hook of TensorStore's threads: once one write has failed, which is raised, the others' echo is not
    told."""
    if not (isinstance(error, RuntimeError) and "Event loop is closed" in str(error)):
        _told_before(kind, error, trace)


_told_before, sys.excepthook = sys.excepthook, _told


@contextmanager
def _full_disk_as_such() -> Iterator[None]:
    """Turn what TensorStore says of a full disk, a ValueError, into the OSError that it is."""
    try:
        yield
    except ValueError as error:
        found = re.search(r"os_error_code='(\d+)'", str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error


def tree_digest(tree: Any) -> str:
    """BLAKE2b of the leaves' names, types, shapes and bytes."""
    state = hashlib.blake2b(digest_size=16)
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = whole(leaf)
        state.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape};".encode())
        state.update(array.tobytes())
    return state.hexdigest()


def _digest(tree: Any, facts: dict[str, Any]) -> str:
    """That of the arrays, and of the facts where there are any."""
    return digest(canonical([tree_digest(tree), facts])) if facts else tree_digest(tree)


class Checkpoints:
    """The steps kept in one folder; use as a context manager, which waits for and closes what is open.

    A script that ends without `wait_until_finished` and `close` loses its last checkpoint and exits 0.
    """

    def __init__(self, folder: Path, keep: int = 2, alone: bool = False) -> None:
        """All processes of a run save and restore together; `alone`, one of several reads by itself."""
        self._alone = alone or jax.process_count() == 1
        options: dict[str, Any] = {"cleanup_tmp_directories": True}
        if alone and jax.process_count() > 1:
            own = jax.process_index()
            only = ocp.options.MultiprocessingOptions(own, {own}, f"alone-{own}")
            options = {"create": False, "multiprocessing_options": only}
        self._folder, self._options = folder, ocp.CheckpointManagerOptions(max_to_keep=keep, **options)
        self._manager = self._open()

    def _open(self) -> ocp.CheckpointManager:
        return ocp.CheckpointManager(self._folder.resolve(), options=self._options)

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _full_disk_as_such():
                self._close()
        except Exception:
            if error is None:  # else it is told already, and this is its echo
                raise

    def _close(self) -> None:
        try:
            self._manager.wait_until_finished()
        finally:
            self._manager.close()

    def save(self, step: int, tree: Tree, facts: dict[str, Any]) -> None:
        """Save arrays and a few JSON facts as `step`. Returns when the arrays are copied, not yet written; of
        several processes, each of which writes its own part, when they are.

        Raises OSError where the disk is too full for them, then or when the writing is waited for.
        """
        host = jax.tree.map(np.asarray, tree) if self._alone else tree
        with _full_disk_as_such():
            self._manager.wait_until_finished()
            _check_room(self._folder, sum(leaf.nbytes for leaf in jax.tree.leaves(host)))
            self._manager.save(
                step,
                args=ocp.args.Composite(
                    tree=ocp.args.StandardSave(host),
                    facts=ocp.args.JsonSave({"digest": _digest(host, facts), **facts}),
                ),
                force=True,
            )
            if not self._alone:  # what is written are the arrays themselves, which the next step is given
                self._manager.wait_until_finished()

    def restore(self, like: Tree, warn: Callable[[str], None]) -> tuple[int, Tree, dict[str, Any]] | None:
        """The latest good step with its arrays (shaped as `like`) and facts; None where there is none.

        Damaged steps are named through `warn`, removed, and the one before is tried.
        """
        for step in sorted(self._manager.all_steps(), reverse=True):
            try:
                found = self._manager.restore(
                    step,
                    args=ocp.args.Composite(
                        tree=ocp.args.StandardRestore(like), facts=ocp.args.JsonRestore()
                    ),
                )
                facts = dict(found["facts"])
                said = facts.pop("digest")
                canonical(facts)  # what no digest can be of is damaged as well
            except Exception as error:  # each of Orbax's storage layers has exceptions of its own
                if isinstance(error, MemoryError):
                    raise
                said = ""
            read = bool(said) if self._alone else not agreed(int(not said))[0]
            if read and said == _digest(found["tree"], facts):
                return step, found["tree"], facts
            warn(f"checkpoint {step} in {self._folder} is damaged: going back to the one before it")
            self._manager.delete(step)
        return None

    def wait(self) -> None:
        """Return when every save so far is on the disk."""
        with _full_disk_as_such():
            self._manager.wait_until_finished()


def _check_room(folder: Path, size: int) -> None:
    """Orbax writes in many threads, of which each would tell of a full disk: so it is found out before."""
    if agreed(int(shutil.disk_usage(folder).free < 2 * size + _SPARE))[0]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def save_parameters(folder: Path, parameters: Tree) -> None:
    """Write final weights, whole when this returns."""
    with Checkpoints(folder, keep=1) as checkpoints:
        checkpoints.save(0, parameters, {})


def load_parameters(folder: Path, like: Tree) -> Tree:
    """Read what `save_parameters` wrote, each process all of it. Raises FileNotFoundError where nothing whole
    is there."""
    with Checkpoints(folder, keep=1, alone=True) as checkpoints:
        found = checkpoints.restore(like, lambda text: None)
    if found is None:
        raise FileNotFoundError(f"no whole weights in {folder}")
    return found[1]
