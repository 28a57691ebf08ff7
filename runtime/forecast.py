"""A forecast: which stages of a run lie in the store already, and what the others will take.

Nothing is computed for it, and JAX is not imported. Tokens are counted as they will be read. A stage whose
inputs do not exist yet (an arm whose teacher has not written, or that is still to be tuned) is told as one to
do, with the least that is known of it. Operations are those of runtime/cost.py. Memory is that of weights,
gradients, moments and the activations of one batch: what a training needs at once, roughly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from wug.compiler.plan import Arm, Learner, Model, Plan
from wug.compiler.shape import matrices, shape_of
from wug.compiler.store import Entry, Store
from wug.progress import Silent
from wug.runtime import corpus as corpora
from wug.runtime import episodes
from wug.runtime.augment import augment
from wug.runtime.corpus import Corpus, World
from wug.runtime.cost import adapter_parameters, question_cost, train_flops
from wug.runtime.failure import RuntimeFailure
from wug.runtime.files import read_json
from wug.runtime.free import free_splits
from wug.runtime.interruption import Interruption
from wug.runtime.matching import matched
from wug.runtime.run import Run
from wug.runtime.schedule import CHECKPOINT_EVERY_S, read_lengths
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


@dataclass(frozen=True)
class Load:
    """What an entry takes: tokens and operations, and bytes at once."""

    tokens: int = 0
    flops: int = 0
    memory: int = 0


NOTHING = Load()


@dataclass(frozen=True)
class Piece:
    """One entry of a stage: `identity` tells it from those that other runs have of that stage, `weigh` counts
    what it takes, where it is still to be made."""

    kind: str
    name: str
    identity: str
    done: bool
    bound: str = ""
    weigh: Callable[[], Load] = lambda: NOTHING


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
    return stages(pieces(plan, compiled, Present(root)))


def stages(every: Iterable[Piece]) -> list[Stage]:
    """The stages of these pieces, each piece once, in the order in which they come."""
    seen: set[tuple[str, str, str]] = set()
    found: dict[tuple[str, str], Stage] = {}
    for piece in every:
        whole = (piece.kind, piece.name, piece.identity)
        if whole in seen:
            continue
        seen.add(whole)
        load = NOTHING if piece.done else piece.weigh()
        so_far = found.get(whole[:2]) or Stage(*whole[:2], 0, 0, 0, 0)
        found[whole[:2]] = Stage(
            *whole[:2],
            so_far.count + 1,
            so_far.done + piece.done,
            so_far.tokens + load.tokens,
            so_far.flops + load.flops,
            max(so_far.memory, load.memory),
            piece.bound or so_far.bound,
        )
    return list(found.values())


class Shared:
    """What runs over one compiled directory need of it, read and counted once."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus, self._loads = corpus, dict[tuple[object, ...], Load]()

    def load(self, of: tuple[object, ...], worlds: Sequence[World], count: Callable[[], Load]) -> Load:
        """The load of an entry about these worlds that depends on nothing else but what it is `of`."""
        whole = (*of, *(world.seed for world in worlds))
        if not all(any(world is own for own in self.corpus.worlds) for world in worlds):
            return count()  # a teacher has written for it
        if whole not in self._loads:
            self._loads[whole] = count()
        return self._loads[whole]


def pieces(plan: Plan, compiled: Path, store: Present, shared: Shared | None = None) -> Iterator[Piece]:
    """All entries of a run. Several over one compiled directory may have what they need of it `shared`."""
    if shared is None:
        shared = Shared(corpora.load(compiled, plan.seeds))
    run = Run(
        plan,
        compiled,
        store,
        Silent(),
        Interruption(),
        None,
        CHECKPOINT_EVERY_S,
        corpus=shared.corpus,
    )
    tuned, written = plan.tuning is None, True
    arms = plan.arms
    with suppress(_Missing):
        arms = settled(plan, tune(run, None))
        tuned = True
    with suppress(_Missing):
        written = False
        augment(run)
        written = True
    for learner in plan.models:
        if learner.checkpoint is None:
            yield from _pretraining(run, learner)
    for arm in matched(arms, run.corpus.worlds):
        own = plan.tuning.of(arm.name) if plan.tuning is not None else None
        if own is not None and not tuned:
            yield Piece("tuning", arm.name, f"{plan.key} {own}", False, "least")
        sampled = arm.augment is not None and arm.augment.sampled
        for number in range(len(run.blocks()) if sampled else 0):
            identity = f"{plan.key} {arm.augment} {arm.writer} {number}"
            yield Piece("augmentation", arm.name, identity, written, "" if written else "least")
        yield from _of_arm(run, arm, (written or not sampled) and (tuned or own is None), shared)


def _pretraining(run: Run, learner: Learner) -> Iterator[Piece]:
    setting = learner.pretraining

    @cache
    def load() -> Load:
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
        held = parameters * TRAINED
        return Load(tokens, flops, _memory(learner.model, held, batch * longest, read.vocabulary))

    bound = "most" if setting.steps else ""  # it ends once the probe is answered
    for seed in sorted({learner.pretraining_seed(seed) for seed in run.plan.seeds}):
        name = run.pretrained_key(learner, seed)
        yield Piece(
            "pretraining", learner.name, name, run.store.has(f"{run.plan.name}/pretrained", name), bound, load
        )


def _of_arm(run: Run, arm: Arm, known: bool, shared: Shared) -> Iterator[Piece]:
    """The pieces of an arm; where not all that it is trained on is `known`, none of them is done."""
    blocks, name, bound = run.blocks(), run.plan.name, "" if known else "least"
    weights = [run.weights_key(arm, worlds) for worlds in blocks]
    if arm.finetune is not None:
        for worlds, made in zip(blocks, map(str, weights), strict=True):
            done = known and run.store.has(f"{name}/trained", made)
            yield Piece(
                "fine-tuning", arm.name, made, done, bound, partial(_training, run, arm, worlds, shared)
            )
    for worlds, of in zip(blocks, weights, strict=True):
        kind, made = run.scores_place(arm, worlds, of)
        done = known and run.store.has(kind, made)
        yield Piece("scoring", arm.name, made, done, "", partial(_scoring, run, arm, worlds, shared))
    for worlds in blocks if free_splits(run.plan) else ():
        kind, made = run.answers_place(arm, worlds)
        yield Piece("answering", arm.name, made, known and run.store.has(kind, made), "least")


def _training(run: Run, arm: Arm, worlds: Sequence[World], shared: Shared) -> Load:
    setting, model, vocabulary = arm.finetune, run.plan.learner(arm).model, run.corpus.vocabulary
    assert setting is not None

    def count() -> Load:
        parameters = parameters_of(model, vocabulary)
        lengths = [read_lengths(world, arm.name, setting) for world in worlds]
        moving = parameters if setting.lora is None else adapter_parameters(model, setting.lora)
        rows = setting.batch * max((int(each.max(initial=0)) for each in lengths), default=0)
        held = len(worlds) * (moving * TRAINED) + (parameters if setting.lora is not None else 0)
        return Load(
            sum(int(each.sum()) for each in lengths),
            sum(train_flops(model, parameters, each, setting.lora) for each in lengths),
            _memory(model, held, len(worlds) * rows, vocabulary),
        )

    of = "training", arm.name, model, setting.steps, setting.batch, setting.lora, setting.replay
    return shared.load(of, worlds, count)


def _scoring(run: Run, arm: Arm, worlds: Sequence[World], shared: Shared) -> Load:
    model = run.plan.learner(arm).model

    def count() -> Load:
        parameters = parameters_of(model, run.corpus.vocabulary)
        tokens = flops = 0.0
        for world in worlds:
            cost, items = question_cost(model, parameters, world, arm.name), len(world.items.item_id_N)
            tokens += cost.prefix_tokens + cost.tokens_reused * items
            flops += cost.prefix_flops + cost.flops_reused * items
        return Load(round(tokens), round(flops))

    return shared.load(("scoring", arm.name, model), worlds, count)


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
