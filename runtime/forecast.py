"""A forecast: which stages of a run lie in the store already, and what the others will take.

Nothing is computed for it, and JAX is not imported. Tokens are counted as they will be read. A stage whose
inputs do not exist yet (an arm whose teacher has not written, or that is still to be tuned) is told as one to
do, with the least that is known of it. Operations are those of runtime/cost.py. Memory is that of weights,
gradients, moments and the activations of one batch: what a training needs at once, roughly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wug.compiler.plan import Arm, Learner, Model, Plan
from wug.compiler.shape import matrices, shape_of
from wug.compiler.store import Entry, Store
from wug.progress import Silent
from wug.runtime import episodes
from wug.runtime.augment import augment
from wug.runtime.corpus import World
from wug.runtime.cost import adapter_parameters, question_cost, train_flops
from wug.runtime.failure import RuntimeFailure
from wug.runtime.files import read_json
from wug.runtime.free import free_splits
from wug.runtime.interruption import Interruption
from wug.runtime.matching import matched
from wug.runtime.run import Run
from wug.runtime.schedule import CHECKPOINT_EVERY_S, training_lengths
from wug.runtime.tuning import settled, tune

FLOAT = 4  # bytes
TRAINED = 4  # a weight, its gradient, two moments


@dataclass(frozen=True)
class Stage:
    """`count` entries of one kind for one model or arm, `done` of which are in the store. `tokens`, `flops`
    and `memory` (bytes at once) are of the others, `bound` says whether there is at "least" or at "most" as
    much to do."""

    kind: str
    name: str
    count: int
    done: int
    tokens: int
    flops: int
    memory: int = 0
    bound: str = ""


class _Missing(Exception):
    """What would have to be computed."""


class Present(Store):
    """A store in which nothing is made."""

    @contextmanager
    def entry(self, kind: str, key: str, **how: Any) -> Iterator[Entry]:
        if not self.has(kind, key):
            raise _Missing
        yield Entry(self.path(kind, key), self.path(kind, key), ready=True)


def forecast(plan: Plan, compiled: Path, root: Path) -> list[Stage]:
    """The stages of a run over a compiled directory, in their order; `root` is where finished work lies."""
    store = Present(root)
    run = Run(plan, compiled, store, Silent(), Interruption(), None, CHECKPOINT_EVERY_S)
    tuned, written = plan.tuning is None, True
    arms = plan.arms
    with suppress(_Missing):
        arms = settled(plan, tune(run, None))
        tuned = True
    with suppress(_Missing):
        written = False
        augment(run)
        written = True
    stages = [_pretraining(run, learner) for learner in plan.models if learner.checkpoint is None]
    for arm in run.settle(matched(arms, run.corpus.worlds)):
        own = plan.tuning.of(arm.name) if plan.tuning is not None else None
        if own is not None and not tuned:
            stages.append(Stage("tuning", arm.name, 1, 0, 0, 0, bound="least"))
        sampled = arm.augment is not None and arm.augment.sampled
        if sampled:
            count = len(run.blocks())
            stages.append(
                Stage(
                    "augmentation", arm.name, count, count * written, 0, 0, bound="" if written else "least"
                )
            )
        stages += _of_arm(run, arm, (written or not sampled) and (tuned or own is None))
    return stages


def _pretraining(run: Run, learner: Learner) -> Stage:
    seeds = sorted({learner.pretraining_seed(seed) for seed in run.plan.seeds})
    done = sum(
        run.store.has(f"{run.plan.name}/pretrained", run.pretrained_key(learner, seed)) for seed in seeds
    )
    setting = learner.pretraining
    folder = run.store.path(f"{run.plan.name}/episodes", learner.pretraining_key)
    read = episodes.load(folder, run.compiled / "tokenizer.json")
    tokens = flops = 0
    parameters = parameters_of(learner.model, read.vocabulary)
    longest = batch = 0
    for phase in read.phases(setting.batch, setting.steps):
        length_E = read.length_E[phase.first : phase.first + phase.rows]
        rows = np.resize(length_E, phase.steps * phase.batch) - 1
        tokens += int(rows.sum())
        flops += train_flops(learner.model, parameters, rows)
        longest, batch = max(longest, int(length_E.max(initial=0))), max(batch, phase.batch)
    left = len(seeds) - done
    memory = _memory(learner.model, parameters * TRAINED, batch * longest, read.vocabulary) if left else 0
    bound = "most" if setting.steps else ""  # it ends once the probe is answered
    return Stage("pretraining", learner.name, len(seeds), done, left * tokens, left * flops, memory, bound)


def _of_arm(run: Run, arm: Arm, known: bool) -> Iterator[Stage]:
    """The stages of an arm; where not all that it is trained on is `known`, none of them is done."""
    blocks, learner, name = run.blocks(), run.plan.learner(arm), run.plan.name
    vocabulary = run.corpus.vocabulary
    parameters = parameters_of(learner.model, vocabulary)
    trains = arm.finetune is not None
    done = [
        known and trains and run.store.has(f"{name}/trained", run.trained_key(arm, worlds))
        for worlds in blocks
    ]
    if arm.finetune is not None:
        left = [worlds for worlds, there in zip(blocks, done, strict=True) if not there]
        lengths = [training_lengths(world, arm.name, arm.finetune) for worlds in left for world in worlds]
        lora = arm.finetune.lora
        moving = parameters if lora is None else adapter_parameters(learner.model, lora)
        rows = arm.finetune.batch * max((int(each.max(initial=0)) for each in lengths), default=0)
        seeds = max(map(len, left), default=0)
        held = seeds * (moving * TRAINED) + (parameters if lora is not None else 0)
        yield Stage(
            "fine-tuning",
            arm.name,
            len(blocks),
            sum(done),
            sum(int(each.sum()) for each in lengths),
            sum(train_flops(learner.model, parameters, each, lora) for each in lengths),
            _memory(learner.model, held, seeds * rows, vocabulary) if left else 0,
            "" if known else "least",
        )
    scored = [known and run.store.has(*run.scores_place(arm, worlds)) for worlds in blocks]
    asked = [worlds for worlds, there in zip(blocks, scored, strict=True) if not there]
    yield _scoring(run, arm, parameters, asked, len(blocks))
    if free_splits(run.plan):
        answered = [known and run.store.has(*run.answers_place(arm, worlds)) for worlds in blocks]
        yield Stage("answering", arm.name, len(blocks), sum(answered), 0, 0, bound="least")


def _scoring(run: Run, arm: Arm, parameters: int, left: Sequence[Sequence[World]], count: int) -> Stage:
    model = run.plan.learner(arm).model
    tokens = flops = 0.0
    for world in (world for worlds in left for world in worlds):
        cost, items = question_cost(model, parameters, world, arm.name), len(world.items.item_id_N)
        tokens += cost.prefix_tokens + cost.tokens_reused * items
        flops += cost.prefix_flops + cost.flops_reused * items
    return Stage("scoring", arm.name, count, count - len(left), round(tokens), round(flops))


def parameters_of(model: Model, vocabulary: int) -> int:
    """How many numbers a model has, but for norms and convolutions, which are below one percent of them."""
    shape = shape_of(model)
    rows = shape.vocabulary or vocabulary
    numbers = model.layers * sum(read * out for read, out in matrices(model).values())
    return numbers + rows * model.width * (1 if shape.tied else 2)


def _memory(model: Model, numbers: int, tokens: int, vocabulary: int) -> int:
    """Bytes for so many numbers of weights and what belongs to them, and for the activations of `tokens`."""
    shape = shape_of(model)
    widths = sum(read + out for read, out in matrices(model).values())
    return FLOAT * (numbers + tokens * (model.layers * widths + 2 * (shape.vocabulary or vocabulary)))


def speed(root: Path) -> tuple[float, int] | None:
    """Operations a second of all pretrainings of a store together, and how many there are; none without."""
    flops, seconds, count = 0.0, 0.0, 0
    for outcome in root.glob("*/pretrained/*/outcome.json"):
        try:
            told, timing = read_json(outcome), read_json(outcome.with_name("timing.json"))
        except (OSError, ValueError, RuntimeFailure):
            continue
        if timing.get("seconds") and told.get("train_flops"):
            flops, seconds, count = flops + told["train_flops"], seconds + timing["seconds"], count + 1
    return (flops / seconds, count) if count else None


def as_json(stages: Sequence[Stage], rate: float | None) -> list[dict[str, Any]]:
    return [{**vars(each), "seconds": round(each.flops / rate, 1) if rate else None} for each in stages]
