"""Cost: floating-point operations by count, not by clock.

A forward pass costs 2 operations a parameter and token, plus attention: 4 * layers * width for each pair of a
token and one it attends to (a product for the score, one for the mixture). A training step costs three
forward passes, one forward and two backward. Kaplan et al., arXiv 2001.08361, section 2.1; with causal pairs
counted exactly. Looking a token up is free, so a matrix of embeddings counts once, where it is the
unembedding; norms, rotary positions and softmax are left out, being below one percent. No JAX here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wug.compiler.lora import Lora
from wug.compiler.plan import Model
from wug.compiler.shape import matrices, shape_of
from wug.runtime.corpus import World

Lengths = npt.NDArray[np.integer]


def forward_flops(model: Model, parameters: int, tokens: Lengths, before: Lengths | int = 0) -> int:
    """Operations of a pass over rows of `tokens` tokens each that attend to `before` cached ones as well."""
    shape = shape_of(model)
    if not shape.tied:
        parameters -= shape.vocabulary * shape.width
    return _product_flops(parameters, tokens) + _attention_flops(model, tokens, before)


def _product_flops(parameters: int, tokens: Lengths) -> int:
    return int(2 * parameters * np.asarray(tokens, np.int64).sum())


def _attention_flops(model: Model, tokens: Lengths, before: Lengths | int = 0) -> int:
    tokens = np.asarray(tokens, np.int64)
    pairs = tokens * (tokens + 1) // 2 + tokens * np.asarray(before, np.int64)
    return int(pair_flops(model) * pairs.sum())


def pair_flops(model: Model) -> int:
    """Operations of attention for a token and one that it attends to, in all layers."""
    shape = shape_of(model)
    return 4 * shape.layers * shape.heads * shape.channels


def _layer_flops(model: Model, tokens: Lengths) -> int:
    """A forward pass without the unembedding."""
    numbers = model.layers * sum(read * out for read, out in matrices(model).values())
    return _product_flops(numbers, tokens) + _attention_flops(model, tokens)


def train_flops(model: Model, parameters: int, tokens: Lengths, lora: Lora | None = None) -> int:
    """Operations of training on rows of `tokens` tokens each: three forward passes, and with `remat` one more
    of the layers. (Logits that are made in chunks are made twice, which is not counted.)

    Where an adapter is trained, the weights beside it have no gradients: they take a pass forward and one
    back, to what they read. Attention and the adapter take three.
    """
    forward = forward_flops(model, parameters, tokens)
    again = _layer_flops(model, tokens) if model.remat else 0
    if lora is None:
        return 3 * forward + again
    adapter = _product_flops(adapter_parameters(model, lora), tokens)
    return again + 2 * forward + _attention_flops(model, tokens) + 3 * adapter


def adapter_parameters(model: Model, lora: Lora) -> int:
    """How many numbers the adapter of a model has."""
    sizes = matrices(model)
    return model.layers * lora.rank * sum(sum(sizes[target]) for target in lora.targets)


@dataclass(frozen=True)
class QuestionCost:
    """What one question costs on average, all its choices scored."""

    flops: float  # each choice a row of its own: context, cue and choice
    flops_reused: float  # a context that questions share is read already, and each cue once for its choices
    tokens: float
    tokens_reused: float
    prefix_flops: float  # reading, once, what questions share
    prefix_tokens: float
    input_tokens: float  # context and cue
    output_tokens: float  # the right answer


def question_cost(model: Model, parameters: int, world: World, arm: str) -> QuestionCost:
    """The mean cost of a question of this world as this arm asks it."""
    view, questions = world.views[arm], world.questions
    count = len(world.items.item_id_N)
    context_C = np.array([len(world.context_tokens(arm, c)) for c in range(len(view.contexts))], np.int64)
    before_N = np.where(view.context_N >= 0, np.append(context_C, 0)[view.context_N], 0)
    whole_Q = np.array([len(tokens) for tokens in questions.tokens], np.int64)
    start_Q = questions.start_Q.astype(np.int64)
    before_Q = before_N[questions.item_Q]
    first_N = world.items.first_question_N
    # The last token of a row is only predicted, never read. Reused, the cue is read once for all choices.
    row_Q = before_Q + whole_Q - 1
    cue_N = start_Q[first_N]
    answer_Q = whole_Q - 1 - start_Q
    uses_C = np.bincount(view.context_N[view.context_N >= 0], minlength=len(context_C))
    shared, own = context_C[uses_C > 1], context_C[uses_C == 1]
    reused = (
        forward_flops(model, parameters, own)
        + forward_flops(model, parameters, cue_N, before_N)
        + forward_flops(model, parameters, answer_Q, before_Q + start_Q)
    )
    return QuestionCost(
        flops=forward_flops(model, parameters, row_Q) / count,
        flops_reused=reused / count,
        tokens=float(row_Q.sum() / count),
        tokens_reused=float((own.sum() + cue_N.sum() + answer_Q.sum()) / count),
        prefix_flops=float(forward_flops(model, parameters, shared)),
        prefix_tokens=float(shared.sum()),
        input_tokens=float((before_N + cue_N).sum() / count),
        output_tokens=float((whole_Q - start_Q)[first_N + world.items.answer_N].sum() / count),
    )
