"""What is wrong with a checkpoint."""

from __future__ import annotations


class BadCheckpoint(Exception):
    """A checkpoint that cannot be used; its text says why."""
