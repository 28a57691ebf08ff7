"""Interruption: Ctrl-C and SIGTERM become a question that training asks between two dispatches.

The state of a run is whole only there (inside, its buffers are donated), so that is where it is saved.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from wug.runtime.failure import Stopped


class Interruption:
    """Whether somebody asked this run to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    def check(self) -> None:
        """Raise KeyboardInterrupt (Ctrl-C) or Stopped, its subclass (SIGTERM), where asked to stop."""
        if self.signal == signal.SIGTERM:
            raise Stopped
        if self.signal is not None:
            raise KeyboardInterrupt


@contextmanager
def interruptible(note: Callable[[str], None]) -> Iterator[Interruption]:
    """Catch the first SIGINT or SIGTERM of the block; a second one stops at once.

    Outside the main thread, where Python allows no handlers, nothing is caught.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if interruption:
            raise KeyboardInterrupt
        interruption.signal = number
        note("stopping as soon as the work so far is safe (again to stop at once)")

    caught = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, handle) for number in caught]
    try:
        yield interruption
    finally:
        for number, handler in zip(caught, before, strict=True):
            signal.signal(number, handler)
