"""What one arm answered: what results are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wug.compiler.plan import Arm
from wug.runtime.free import Said
from wug.runtime.price import Augmenting
from wug.runtime.score import Answers


@dataclass(frozen=True)
class ArmResult:
    """One arm's answers in every world, or why there are none."""

    arm: Arm
    answers: Sequence[Answers]
    failed: str | None
    augmenting: Augmenting = field(default_factory=Augmenting)
    said: Sequence[Said] = ()
    stopped: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # runtime/stopping.py
