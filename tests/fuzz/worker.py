"""A process that tries specs under limits, so that one that hangs or eats all memory ends alone."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import resource
import warnings
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.fuzz.trial import CHECK_MEMORY, COMPILE_MEMORY, Mutant, Outcome, tried

MIB = 2**20
SPENT = ("slow", "memory", "unfinished", "died")
"""Ends after which a process is not what it was."""


class Worker:
    """Tries mutants one after another, by checking or compiling; begins anew after one that met a limit."""

    def __init__(self, folder: Path, compiles: bool = False) -> None:
        self.folder = folder
        self.compiles = compiles
        self.memory = COMPILE_MEMORY if compiles else CHECK_MEMORY
        self.process: Any = None

    def tried(self, mutant: Mutant) -> Outcome:
        return self.all_tried([mutant])[0]

    def all_tried(self, mutants: Sequence[Mutant]) -> list[Outcome]:
        """What came of each. They are handed over together: on a busy machine two processes that wait for one
        another wait long."""
        outcomes: list[Outcome] = []
        behind = True
        while len(outcomes) < len(mutants):
            if behind:
                if self.process is None:
                    self._start()
                self.ours.send(mutants[len(outcomes) :])
                behind = False
            try:
                outcomes.append(self.ours.recv())
            except (EOFError, ConnectionResetError):
                self.process.join()
                code = self.process.exitcode
                outcomes.append(Outcome("died", f"died with {code}", f"exit status {code}"))
            if outcomes[-1].end in SPENT:
                self.stop()
                behind = True
        return outcomes

    def stop(self) -> None:
        if self.process is not None:
            self.ours.close()
            self.process.join(5)
            if self.process.is_alive():
                self.process.kill()
                self.process.join()
            self.process = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.ours, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(theirs, self.folder, self.compiles, self.memory), daemon=True
        )
        self.process.start()
        theirs.close()


def _serve(theirs: Connection, folder: Path, compiles: bool, memory: int) -> None:
    if compiles:
        import wug.compiler.compile  # noqa: F401  (what importing takes is no part of a trial)

    warnings.simplefilter("error", RuntimeWarning)  # NumPy's only word about a number that is too large
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = size() + memory * MIB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    gc.disable()  # trees are short-lived and without cycles: a fifth of the time
    with contextlib.suppress(EOFError, ConnectionError):  # nobody waits for us any more
        while True:
            gc.collect()
            for mutant in theirs.recv():
                outcome = tried(mutant, folder, compiles)
                theirs.send(outcome)
                if outcome.end in SPENT:
                    return


def size() -> int:
    """Bytes of this process's address space."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
