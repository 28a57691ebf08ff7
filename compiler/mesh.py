"""The mesh: by how many devices the work of a run is divided, and along what. No JAX here.

Along `data` and `fsdp` the rows of a batch are shared out, along `fsdp` and `tensor` the weights and what the
optimiser keeps of them: fsdp divides matrices by the width of the model, tensor by heads and hidden channels
(Rajbhandari et al., arXiv 1910.02054; Shoeybi et al., arXiv 1909.08053). It is how a run is laid out, and no
part of what an experiment is: results are equal to rounding, and no key holds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wug.compiler.record import Record

if TYPE_CHECKING:
    from wug.compiler.experiment import Arm, Learner

AXES = ("data", "fsdp", "tensor")
MOST = 100_000
"""Devices along an axis; more are a slip of the pen."""
NONE = "none"


class Mesh(Record):
    """How many devices there are along each axis."""

    data: int = 1
    fsdp: int = 1
    tensor: int = 1

    @property
    def sizes(self) -> dict[str, int]:
        return {axis: getattr(self, axis) for axis in AXES}

    @property
    def devices(self) -> int:
        """How many there are in all."""
        return self.data * self.fsdp * self.tensor

    @property
    def shares(self) -> int:
        """Into how many shares the rows of a batch go."""
        return self.data * self.fsdp

    def __str__(self) -> str:
        return ",".join(f"{axis}={size}" for axis, size in self.sizes.items() if size > 1) or NONE


def parse(text: str) -> Mesh:
    """The mesh that "data=4,fsdp=2" says; axes that it leaves out have one device, and "none" is one device
    in all. Raises ValueError, whose message is for people."""
    found: dict[str, int] = {}
    for part in text.split(",") if text != NONE else ():
        axis, _, size = (each.strip() for each in part.partition("="))
        if axis not in AXES:
            raise ValueError(f"'{axis}' is no axis of a mesh: {', '.join(AXES)}, as in data=4,fsdp=2")
        if axis in found:
            raise ValueError(f"'{axis}' is said twice")
        if not (size.isascii() and size.isdecimal() and 1 <= int(size) <= MOST):
            raise ValueError(f"'{axis}' takes a number of devices from 1 to {MOST:,}, as in {axis}=2")
        found[axis] = int(size)
    return Mesh(**found)


def misfit(mesh: Mesh, models: Sequence[Learner], arms: Sequence[Arm]) -> tuple[str, str] | None:
    """What of an experiment's models and arms the mesh cannot share out evenly, and the way out; none where
    all of it can be."""
    for learner in models:
        if (found := _of_shape(mesh, learner)) is not None:
            return found
        accumulate = learner.pretraining.accumulate
        for batch in {phase.batch for phase in learner.episodes.phases}:
            what = f"the pretraining of model '{learner.name}' reads {batch:,} episodes a step"
            if (found := _of_rows(mesh, what, batch, accumulate)) is not None:
                return found
    for arm in arms:
        if arm.finetune is not None:
            batch, accumulate = arm.finetune.batch, arm.finetune.accumulate
            what = f"arm '{arm.name}' reads {batch:,} documents a step"
            if (found := _of_rows(mesh, what, batch, accumulate)) is not None:
                return found
    return None


def _of_shape(mesh: Mesh, learner: Learner) -> tuple[str, str] | None:
    model = learner.model
    tensor = {"heads": model.heads, "key-value heads": model.kv_heads, "hidden channels": model.hidden}
    for axis, sizes in (("tensor", tensor), ("fsdp", {"channels of its width": model.width})):
        among = mesh.sizes[axis]
        for what, size in sizes.items():
            if size % among:
                message = (
                    f"model '{learner.name}' has {size:,} {what}, which {axis} {among:,} does not divide"
                )
                return message, f"{axis} may be {_either(_divisors(math.gcd(*sizes.values())))}"
    return None


def _of_rows(mesh: Mesh, what: str, batch: int, accumulate: int) -> tuple[str, str] | None:
    rows = -(-batch // accumulate)
    if rows % mesh.shares == 0:
        return None
    parts = f" in {accumulate:,} parts of {rows:,}" if accumulate > 1 else ""
    message = f"{what}{parts}, which data {mesh.data:,} times fsdp {mesh.fsdp:,} does not divide"
    around = {rows // mesh.shares * mesh.shares, -(-rows // mesh.shares) * mesh.shares}
    better = [each * accumulate for each in around if each]
    fewer = _either(_divisors(rows))
    return message, f"take a batch of {_either(sorted(better))}, or data times fsdp may be {fewer}"


def _divisors(number: int) -> list[int]:
    return [each for each in range(1, number + 1) if number % each == 0]


def _either(numbers: list[int]) -> str:
    *first, last = (f"{number:,}" for number in numbers)
    return f"{', '.join(first)} or {last}" if first else last
