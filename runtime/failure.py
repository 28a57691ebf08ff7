"""What can go wrong in a run without being our mistake, each with a message that a person can act on."""

from __future__ import annotations


class RuntimeFailure(Exception):
    """The experiment cannot be carried out as it is written (exit status 1)."""


class ContextOverflow(RuntimeFailure):
    """An arm must show a model more tokens than it can see at once."""

    def __init__(self, arm: str, needed: int, available: int, what: str, way_out: str) -> None:
        self.arm, self.needed, self.available = arm, needed, available
        super().__init__(
            f"arm {arm}: {what} takes {needed:,} tokens, but the model sees at most {available:,}: {way_out}"
        )


class Diverged(RuntimeFailure):
    """A loss that is no longer a number."""


class Damaged(RuntimeFailure):
    """A compiled file is missing, or is not the file that the manifest was written for."""


class Spent(RuntimeFailure):
    """A limit of requests or tokens is reached; what was answered is kept for a run with a higher one."""


class Stopped(KeyboardInterrupt):
    """SIGTERM came; everything done so far is safe and the next run goes on from there (exit status 75)."""
