"""The checkpoint that a plan names, and what is told in the place of its pretraining. No JAX here."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.checkpoint import Checkpoint, open_checkpoint
from wug.compiler.checkpoints.names import tensors_of
from wug.compiler.plan import Learner, Source
from wug.compiler.shape import shape_of


def opened(source: Source) -> Checkpoint:
    """The checkpoint, if it is the one that was compiled for. Raises BadCheckpoint."""
    checkpoint = open_checkpoint(Path(source.path))
    if checkpoint.digest() != source.digest:
        raise BadCheckpoint(f"{source.path} has changed since it was compiled for: run 'wug run' again")
    return checkpoint


def outcome_of(learner: Learner, seed: int) -> dict[str, Any]:
    """What is told of a pretraining that others did: nothing of it is known but how large the model is."""
    return {
        "reached": True,
        "steps": 0,
        "accuracy": {},
        "loss": None,
        "tokens": 0,
        "parameters": sum(map(prod, tensors_of(shape_of(learner.model)).values())),
        "train_flops": 0,
        "seed": seed,
    }
