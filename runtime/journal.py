"""The journal of one training: its log, its clock and its checkpoints, kept in step with each other.

The log lives in the checkpoint and is written out from it, so that a resumed training ends with the same
log. Wall time is kept apart, in timing.json: it is no part of a result.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import jax

from wug.runtime.checkpoint import Checkpoints, Tree, save_parameters
from wug.runtime.files import write_json
from wug.runtime.host import description
from wug.runtime.interruption import Interruption
from wug.runtime.mesh import agreed, layout

_CHECKPOINTS = "checkpoints"


class Journal:
    """Use as a context manager around a training loop that calls `keep` between its dispatches."""

    def __init__(self, folder: Path, interruption: Interruption, every_s: float) -> None:
        self._folder, self._interruption, self._every_s = folder, interruption, every_s
        self._checkpoints = Checkpoints(folder / _CHECKPOINTS)
        self._begun = self._saved = time.monotonic()
        self._seconds_before = 0.0
        self.log: list[dict[str, Any]] = []

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checkpoints.__exit__(kind, error, trace)

    @property
    def seconds(self) -> float:
        """Time at work on this training so far, over all attempts that were kept."""
        return self._seconds_before + time.monotonic() - self._begun

    def resume(self, state: Tree, warn: Callable[[str], None]) -> tuple[int, Tree]:
        """The step and state to go on from: the last good checkpoint's, else 0 and `state` itself."""
        found = self._checkpoints.restore(state, warn)
        if found is None:
            return 0, state
        step, state, facts = found
        self.log, self._seconds_before = facts["log"], facts["seconds"]
        return step, state

    def keep(self, step: int, state: Tree) -> None:
        """Save where a checkpoint is due, and where somebody asked to stop: then save, wait and raise. Of
        several processes one that is asked stops them all, between the same two steps."""
        passed = time.monotonic() - self._saved
        due, stop = agreed(int(passed >= self._every_s), self._interruption.signal or 0)
        if due or stop:
            self._checkpoints.save(step, state, {"log": self.log, "seconds": self.seconds})
            self._saved = time.monotonic()
        if stop:
            self._interruption.signal = stop
            self._checkpoints.wait()
            self._interruption.check()

    def finish(self, parameters: Tree, outcome: dict[str, Any], timing: dict[str, Any]) -> None:
        """Write what the entry keeps: weights, log, outcome and timing; the checkpoints go."""
        self._checkpoints.wait()
        save_parameters(self._folder / "parameters", parameters)
        if jax.process_index():
            return
        lines = [json.dumps(record, sort_keys=True) + "\n" for record in self.log]
        (self._folder / "log.jsonl").write_text("".join(lines))
        write_json(self._folder / "outcome.json", outcome)
        write_json(
            self._folder / "timing.json",
            {"seconds": round(self.seconds, 3), **timing, **description(), **layout()},
        )
        shutil.rmtree(self._folder / _CHECKPOINTS)
