"""Matching: how many steps make one arm's training as long, in tokens, as another's.

More documents need more steps, and more steps alone teach more. An arm that matches an augmented one gets
as many tokens of the plain documents, so that what is left between the two is what the documents say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from wug.compiler.plan import Arm, Finetuning
from wug.runtime.corpus import World
from wug.runtime.schedule import step_tokens


def matched(arms: Sequence[Arm], worlds: Sequence[World]) -> tuple[Arm, ...]:
    """The arms, those that match another with the steps that come closest to its tokens, over all worlds."""
    by_name = {arm.name: arm for arm in arms}

    def settled(arm: Arm) -> Arm:
        setting = arm.finetune
        if setting is None or not setting.match:
            return arm
        other = settled(by_name[setting.match])
        if other.finetune is None:
            raise ValueError(f"arm {arm.name} matches {other.name}, which is not fine-tuned")
        wanted = int(tokens_by_step(worlds, other.name, other.finetune)[-1])
        steps = _steps(worlds, arm.name, setting, wanted)
        return replace(arm, finetune=replace(setting, steps=steps, match=""))

    return tuple(settled(arm) for arm in arms)


def tokens_by_step(worlds: Sequence[World], arm: str, setting: Finetuning) -> npt.NDArray[np.int64]:
    """How many tokens all worlds together have been trained on after each step [steps]."""
    return np.cumsum(sum(step_tokens(world, arm, setting) for world in worlds))


def _steps(worlds: Sequence[World], arm: str, setting: Finetuning, wanted: int) -> int:
    steps = 1
    while (told := tokens_by_step(worlds, arm, replace(setting, steps=steps)))[-1] < wanted:
        steps = max(2 * steps, int(1.1 * steps * wanted / told[-1]))
    return int(np.abs(told - wanted).argmin()) + 1
