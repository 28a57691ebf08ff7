"""Scoring: the summed log-likelihood of each whole choice, given what the arm is shown and the cue.

In context, all documents are concatenated: <doc> d1 <doc> d2 ... <doc> cue choice. No choice is ever shown.
The first part of this file needs no JAX.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as parquet

from wug.compiler.plan import Model, Plan
from wug.runtime.corpus import Corpus, Ints, Items, World
from wug.runtime.failure import ContextOverflow, Damaged
from wug.runtime.free import Said, free_splits
from wug.runtime.kept import Kept
from wug.runtime.layout import Asked, best, work_of
from wug.runtime.measures import Bare, bare

if TYPE_CHECKING:
    from wug.runtime.learn import Tree

Floats = npt.NDArray[np.float64]

# Log-likelihoods closer than this (nats) are the same: rounding differs from one batch shape to another.
TIE = 1e-5


def lengths_of(world: World, arm: str) -> tuple[Ints, Ints]:
    """How many tokens the model reads for each question, and how many of them before the choice [Q]."""
    view, questions = world.views[arm], world.questions
    context_C = [len(world.context_tokens(arm, context)) for context in range(len(view.contexts))] + [0]
    before_Q = np.array(context_C, np.int32)[view.context_N[questions.item_Q]]
    own_Q = np.array([len(tokens) for tokens in questions.tokens], np.int32)
    return before_Q + own_Q, before_Q + questions.start_Q


def asked_of(world: World, arm: str, alone: Bare) -> Asked:
    """What the model reads for each question, context, cue and choice, with each context once; then each set
    of choices without context and cue, as an item more."""
    view, questions = world.views[arm], world.questions
    items = len(view.context_N)
    return Asked(
        tuple(world.context_tokens(arm, context) for context in range(len(view.contexts))),
        np.append(view.context_N, np.full(len(set(alone.set_U.tolist())), -1)).astype(np.int32),
        np.append(questions.item_Q, items + alone.set_U).astype(np.int32),
        (*questions.tokens, *alone.tokens),
        np.append(questions.start_Q, np.ones(len(alone.tokens))).astype(np.int32),
    )


@dataclass(frozen=True)
class Scores:
    """Log-likelihoods, in nats, of all choices of a world [Q]: with context and cue, and without."""

    told_Q: npt.NDArray[np.float32]
    bare_Q: npt.NDArray[np.float32]

    @property
    def finite(self) -> bool:
        """Whether they are numbers: of others none can be preferred."""
        return bool(np.isfinite(self.told_Q).all() and np.isfinite(self.bare_Q).all())


def check_fits(plan: Plan, corpus: Corpus) -> None:
    """Raise ContextOverflow where a document or a question of some arm is longer than its model's context."""
    for arm in plan.arms:
        available = plan.learner(arm).model.context
        for world in corpus.worlds:
            if arm.name not in world.views:
                raise Damaged(f"{corpus.path} does not say what arm {arm.name} is shown: compile again")
            length_Q, cue_Q = lengths_of(world, arm.name)
            needed = int(length_Q.max(initial=0))
            for split in free_splits(plan):
                said = split.sampling.max_tokens if split.sampling else 0
                cues = cue_Q[world.items.first_question_N[world.items.of(split.name)]]
                needed = max(needed, int(cues.max(initial=0)) + said)
            if needed > available:
                shown = int(world.views[arm.name].context_docs_N.max())
                what = f"a question with its {shown:,} documents" if shown else "a question"
                way_out = f"give the model a context of {needed:,} tokens or more"
                if shown:
                    way_out += ", or show fewer documents: fewer facts or articles, oracle(k) or bm25(k)"
                raise ContextOverflow(arm.name, needed, available, what, way_out)
            if arm.finetune is not None:
                longest = int(world.documents.length_D[world.documents.seen_by(arm.name)].max(initial=0))
                if longest > available:
                    way_out = f"give the model a context of {longest:,} tokens or more"
                    raise ContextOverflow(arm.name, longest, available, "a training document", way_out)


def score(
    model: Model,
    vocabulary: int,
    parameters: Tree,
    world: World,
    arm: str,
    done: Callable[[int], None] = lambda rows: None,
    kept: Kept | None = None,
) -> Scores:
    """The log-likelihood of the choice of each question of this world, read in the way that costs least.

    `done` is told how many questions are through; what batches tell is `kept`. Needs JAX."""
    from jax.tree import leaves

    from wug.runtime.learn import structure
    from wug.runtime.prefix import log_likelihoods

    graph, shapes = structure(model, vocabulary)
    layers = sum(math.prod(leaf.shape) for leaf in leaves(shapes["layers"]))
    alone, count = bare(world), len(world.questions.tokens)
    asked = asked_of(world, arm, alone)
    layout = best(work_of(model, layers, vocabulary), asked)
    told_T = log_likelihoods(
        graph,
        model,
        parameters,
        asked,
        layout,
        lambda texts: done(min(texts, count)),
        kept,
        str(world.seed),
    )
    return Scores(told_T[:count], told_T[count:][alone.place_Q])


@dataclass(frozen=True)
class Answers:
    """What a model answered in one world. N items."""

    credit_N: Floats  # 1 where a right choice is preferred, the share of right ones among ties, else 0
    share_Q: Floats  # how much of its item's answer each choice is: 1/k for each of k tied at the top
    margin_N: Floats  # log-likelihood of the best right choice less that of the best wrong one, nats
    other_N: Mapping[str, Floats] = field(default_factory=dict)  # the credit by each other measure


def answers(
    items: Items,
    told_Q: npt.NDArray[Any],
    said: Sequence[Said] = (),
    others: Mapping[str, npt.NDArray[Any]] = MappingProxyType({}),
) -> Answers:
    """Which choices the model prefers, ties as fractions; which it would by other measures, what each choice
    has by name; and which of its free answers are right.

    A free answer has no margin, and is none of the choices.
    """
    right = {each.item_id: each.right for each in said}
    told_Q = np.asarray(told_Q, np.float64)
    share_Q, credit_N = _preferred(items, told_Q)
    margin_N = np.zeros(len(items.item_id_N))
    for item, (first, choices) in enumerate(zip(items.first_question_N, items.choices_N, strict=True)):
        if items.accepted[item]:
            credit_N[item] = right[items.item_id_N[item].item()]
            continue
        right_K = items.accept_Q[first : first + choices]
        told_K = told_Q[first : first + choices]
        margin_N[item] = told_K[right_K].max() - told_K[~right_K].max()
    other_N = {name: _preferred(items, value_Q)[1] for name, value_Q in others.items()}
    return Answers(credit_N, share_Q, margin_N, other_N)


def _preferred(items: Items, value_Q: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """How much of its item's answer each choice is [Q], and how much of that is right [N]; of items that are
    answered freely nothing."""
    share_Q, credit_N = np.zeros(len(value_Q)), np.zeros(len(items.item_id_N))
    for item, (first, choices) in enumerate(zip(items.first_question_N, items.choices_N, strict=True)):
        if not items.accepted[item]:
            value_K = np.asarray(value_Q[first : first + choices], np.float64)
            top_K = value_K >= value_K.max() - TIE
            share_Q[first : first + choices] = top_K / top_K.sum()
            credit_N[item] = share_Q[first : first + choices] @ items.accept_Q[first : first + choices]
    return share_Q, credit_N


def write_scores(path: Path, worlds: Sequence[World], scores: Sequence[Scores]) -> None:
    """Every choice's log-likelihoods, one row each: seed, split, item, choice, whether right, nats, and nats
    without context and cue."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("seed", "split", "item_id", "choice", "right", "log_likelihood", "bare")
    }
    for world, own in zip(worlds, scores, strict=True):
        items, questions = world.items, world.questions
        item_Q = questions.item_Q
        columns["seed"].append(np.full(len(item_Q), world.seed, np.int32))
        columns["split"].append(items.split_N[item_Q])
        columns["item_id"].append(items.item_id_N[item_Q])
        columns["choice"].append(questions.choice_Q)
        columns["right"].append(items.accept_Q)
        columns["log_likelihood"].append(np.asarray(own.told_Q, np.float32))
        columns["bare"].append(np.asarray(own.bare_Q, np.float32))
    parquet.write_table(pa.table({name: np.concatenate(parts) for name, parts in columns.items()}), path)


def read_scores(path: Path) -> dict[int, Scores]:
    """Log-likelihoods by seed, in the order of that world's questions."""
    table = parquet.read_table(path, columns=["seed", "log_likelihood", "bare"])
    seed_R, told_R, bare_R = (column.to_numpy() for column in table.columns)
    return {int(seed): Scores(told_R[seed_R == seed], bare_R[seed_R == seed]) for seed in np.unique(seed_R)}
