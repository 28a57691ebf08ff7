"""Several processes as one run, as clusters start them: JAX connects them, and a shared build folder is where
they meet.

Every process takes the same way through a run. What is trained, all of them compute together
(`jax.distributed`); everything else the first one does alone, which leads: it asks, judges and writes, and
the others wait until what it has made lies in the build folder. Only it holds locks, writes entries and says
how far it is.

JAX is imported only where the environment says that there are several.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wug.compiler.store import Entry, EnvironmentFailure, Store, mark
from wug.runtime.failure import RuntimeFailure
from wug.runtime.host import choose
from wug.runtime.keys import device_kind

COORDINATOR, PROCESSES, PROCESS = "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"
_LOOK_EVERY_S, _GRACE_S = 0.1, 2.0


@dataclass(frozen=True)
class Cluster:
    """The place of this process among those of a run, whose `name` no other run has."""

    process: int = 0
    processes: int = 1
    name: str = ""

    @property
    def leads(self) -> bool:
        return self.process == 0

    @property
    def several(self) -> bool:
        return self.processes > 1


ALONE = Cluster()


def announced(environment: Mapping[str, str]) -> tuple[str, int, int] | None:
    """The coordinator (empty: JAX finds it), how many processes there are and which this is, where the
    environment says that there are several. Raises RuntimeFailure where it says only half of it.

    JAX's own variables go before those of SLURM, whose job steps (`srun`) say how many tasks they have; a
    script that `sbatch` runs, or a shell that `salloc` opens, is one process.
    """
    said = [name for name in (COORDINATOR, PROCESSES, PROCESS) if environment.get(name)]
    tasks = environment.get("SLURM_STEP_NUM_TASKS", "1")
    if PROCESSES in said or PROCESS in said or (said and tasks == "1"):
        if missing := [name for name in (COORDINATOR, PROCESSES, PROCESS) if name not in said]:
            these = f"{' and '.join(said)} {'is' if len(said) == 1 else 'are'} set"
            raise RuntimeFailure(f"{these}, but not {' and '.join(missing)}: set all three or none")
        for name in (PROCESSES, PROCESS):
            if not environment[name].isdecimal():
                raise RuntimeFailure(f"{name} is '{environment[name]}', which is no whole number")
        number, which = (int(environment[name]) for name in (PROCESSES, PROCESS))
        if number < 1:
            raise RuntimeFailure(f"{PROCESSES} is '0': there is at least this one")
        if which >= number:
            raise RuntimeFailure(
                f"{PROCESS} is '{which}' of {number}: they count from 0, so the last is {number - 1}"
            )
        return (environment[COORDINATOR], number, which) if number > 1 else None
    if tasks.isdecimal() and int(tasks) > 1 and environment.get("SLURM_PROCID", "").isdecimal():
        return environment.get(COORDINATOR, ""), int(tasks), int(environment["SLURM_PROCID"])
    return None


@cache
def join() -> Cluster:
    """Find the other processes of this run, if there are any, once. Raises EnvironmentFailure where they do
    not come."""
    found = announced(os.environ)
    if found is None:
        return ALONE
    address, processes, process = found
    choose(device_kind())
    import jax
    import numpy as np
    from jax.experimental import multihost_utils

    try:
        jax.distributed.initialize(address or None, processes, process)
        own = np.frombuffer(os.urandom(8), np.uint32)
        name = np.asarray(multihost_utils.broadcast_one_to_all(own)).tobytes().hex()
    except (RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or ["no reason is given"])[0]
        where = address or "the first node of the job"
        raise EnvironmentFailure(
            f"process {process} of {processes} does not find the others at {where}: {reason}"
        ) from error
    return Cluster(process, processes, name)


def leave(status: int) -> int:
    """The status of a process that could not do its work. One of several ends here and now: JAX would have it
    wait for the others, which wait for it. They end when JAX misses it."""
    if not join.cache_info().currsize or not join().several:
        return status
    if join().leads:
        time.sleep(_GRACE_S)  # that those which fail for the same reason can say so
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class SharedStore(Store):
    """The build folder of several processes: one makes an entry, the others wait for it. To one that is made
    `together` all come in, and when the first one commits it, it is there for all."""

    def __init__(
        self,
        root: Path,
        cluster: Cluster,
        warn: Callable[[str], None] = warnings.warn,
        shared: Path | None = None,
    ) -> None:
        super().__init__(root, warn, shared=shared if cluster.leads else None)
        self.cluster = cluster
        self.check: Callable[[], None] = lambda: None
        """Raises where a process that waits was asked to stop."""
        self._meeting = root / "processes" / cluster.name

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
        final = self.path(kind, key)
        if self.cluster.leads:
            with super().entry(kind, key, resume=resume, waiting=waiting) as entry:
                if together and not entry.ready:
                    self._tell(key)
                yield entry
            return
        while not self.has(kind, key):
            if together and self._told(key):
                yield _Awaited(final, final.with_name(f"{key}.partial"), ready=False, wait=self._wait)
                return
            self._pause()
        yield Entry(final, final, ready=True)

    @contextmanager
    def first(self, what: str) -> Iterator[bool]:
        """A block that the first process goes through before the others. Whether this is it."""
        if not self.cluster.leads:
            self._wait(lambda: self._told(what))
        yield self.cluster.leads
        if self.cluster.leads:
            self._tell(what)

    def close(self) -> None:
        """Take away what the processes told each other, when all is done."""
        if self.cluster.leads:
            shutil.rmtree(self._meeting, ignore_errors=True)

    def _tell(self, what: str) -> None:
        mark(self._meeting.parent)
        self._meeting.mkdir(exist_ok=True)
        (self._meeting / what).touch()

    def _told(self, what: str) -> bool:
        return (self._meeting / what).exists()

    def _wait(self, ready: Callable[[], bool]) -> None:
        while not ready():
            self._pause()

    def _pause(self) -> None:
        self.check()
        time.sleep(_LOOK_EVERY_S)


class _Awaited(Entry):
    """An entry that this process works on, and another one commits."""

    def __init__(
        self, path: Path, scratch: Path, *, ready: bool, wait: Callable[[Callable[[], bool]], None]
    ) -> None:
        super().__init__(path, scratch, ready)
        self._wait = wait

    def commit(self) -> None:
        self._wait(self.path.is_dir)
        self.ready = True
