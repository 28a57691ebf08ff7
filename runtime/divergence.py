"""Divergence: when a training is given up.

A loss that is no number is past help. One that has exploded stays a number, and would end as an accuracy at
chance that looks like a finding. Two measures tell it that need no tuning: what the model cost before its
first step, and ln V nats a token, what it costs to know nothing. A training that in most steps of a chunk is
twice as bad as the worse of the two has lost what it began with. The median lets a single spike pass: from
those many trainings recover.

Letters in names: S seeds, C steps of a chunk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

WORSE = 2.0

Floats = npt.NDArray[np.floating]


def first_losses(log: Sequence[dict[str, Any]], loss_SC: Floats) -> Floats:
    """The losses before the first step [S]: what a log begins with, or where there is none yet, this chunk. A
    log that an earlier version began tells those of its first chunk."""
    return np.atleast_1d(log[0].get("first", log[0]["loss"])) if log else loss_SC[:, 0]


def came_apart(loss_SC: Floats, first_S: Floats, vocabulary: int) -> npt.NDArray[np.bool_]:
    """Which seeds are to be given up after a chunk [S]; `first` are the losses before the first step."""
    worst_S = WORSE * np.maximum(first_S, math.log(vocabulary))
    return ~np.isfinite(loss_SC.mean(axis=1)) | (np.median(loss_SC, axis=1) > worst_S)


def reason(loss_SC: Floats, first_S: Floats, apart_S: npt.NDArray[np.bool_]) -> str:
    """What is wrong with the worst of the seeds that came apart."""
    if not np.all(np.isfinite(loss_SC.mean(axis=1))):
        return "the loss is no number"
    typical_S = np.where(apart_S, np.median(loss_SC, axis=1), -np.inf)
    worst = int(typical_S.argmax())
    return f"the loss rose from {first_S[worst]:,.1f} to {typical_S[worst]:,.1f}"
