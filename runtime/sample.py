"""Sampling: how a model goes on with prompts, many at once, each as if it were alone.

A text depends on the weights, the settings, its context and prompt and its sample number: not on how many
prompts there are, in which order, or what stands beside it. Two things see to that.

Draws are keyed. The random key of a token is made of (seed, prompt text, sample, position) by BLAKE2b and
`fold_in`; there is no generator whose state another row could move. The context is not part of it: two arms
that read the same prompt draw alike, and differ by what they know.

Numbers are a row's own. Rounding depends on the shapes of a program, and those of a row follow from the row
itself: its context is read alone, in a width that its length gives, and the rest in batches of a fixed number
of rows (padding, for lack of prompts) whose widths the lengths of context and prompt give. Within a program
no operation mixes rows, and a product of matrices sums the terms of an element in the same order in every
row, which the tests look at bit by bit. That a text has ended changes nothing for those beside it.

Letters in names: B rows, T tokens, V vocabulary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from tokenizers import Tokenizer

from wug.compiler.emitting.turns import Begun, CutTurns
from wug.compiler.plan import Model, Sampling
from wug.compiler.shape import MARKS, Marks, shape_of
from wug.runtime.corpus import PAD, Ints
from wug.runtime.kept import Kept
from wug.runtime.learn import Tree, structure
from wug.runtime.memory import Memory, branched, encoded, read, unrolled
from wug.runtime.model import Decoder
from wug.runtime.widths import padded

_ROWS, _SLOTS = 16, 2**16  # rows of a batch; fewer where they would have more slots of memory together


@dataclass(frozen=True)
class Prompt:
    """A text to go on with, and its tokens, <doc> in front of a new document.

    `context` says which of the contexts stands before it, -1 for none. `sample` counts the texts that are
    wanted of one prompt.
    """

    text: str
    tokens: Ints
    context: int = -1
    sample: int = 0


@dataclass(frozen=True)
class Generation:
    """What a model said: the text before the stop, how many tokens it took, that which ended it included, and
    whether it came to an end by itself ("stop") or was cut off ("length")."""

    text: str
    tokens: int
    finish: str


def prompt_of(
    text: str,
    tokenizer: Tokenizer,
    context: int = -1,
    sample: int = 0,
    marks: Marks = MARKS,
    chat: CutTurns | None = None,
) -> Prompt:
    """The prompt of a document that begins with this text, or of a turn in a chat that does."""
    begun = chat.after if chat is not None else Begun((marks.opening,), "")
    (tokens,) = begun.encoded(tokenizer, [text])
    return Prompt(text, np.array(tokens, np.int32), context, sample)


def sample(
    model: Model,
    parameters: Tree,
    tokenizer: Tokenizer,
    prompts: Sequence[Prompt],
    sampling: Sampling,
    contexts: Sequence[Ints] = (),
    done: Callable[[int], None] = lambda prompts: None,
    kept: Kept | None = None,
    part: str = "",
) -> list[Generation]:
    """How the model goes on with each prompt.

    Each context, given as tokens, is read once. A text is cut off where the model's context is full. `done`
    is told how many prompts are through. Raises ValueError for a prompt that leaves no room for a token.
    """
    graph, _ = structure(model, tokenizer.get_vocab_size())
    marks = shape_of(model).marks
    rows = [_Row(prompt, tokenizer, sampling, model.context, contexts, marks) for prompt in prompts]
    names = {id(row): f"{part}/{number}" for number, row in enumerate(rows)}
    if kept is not None:
        for row in rows:
            if (known := kept.get(names[id(row)])) is not None:
                row.recall(*known)
    batches = _batches([row for row in rows if not row.finish], sampling)
    last = {row.prompt.context: number for number, batch in enumerate(batches) for row in batch.rows}
    layers, through = unrolled(parameters), sum(bool(row.finish) for row in rows)
    held: dict[int, Memory] = {}
    for number, batch in enumerate(batches):
        for row in batch.rows:
            if row.prompt.context not in held:
                held[row.prompt.context] = encoded(graph, model, parameters, layers, row.context)
        memory = branched([held[row.prompt.context] for row in batch.filled], batch.slots)
        _go_on(graph, parameters, layers, memory, batch, sampling, marks.padding)
        held = {context: kept for context, kept in held.items() if last[context] > number}
        if kept is not None:
            kept.put({names[id(row)]: [row.text, row.told, row.finish] for row in batch.rows})
        through += len(batch.rows)
        done(through)
    return [row.generation for row in rows]


@dataclass
class _Row:
    """A prompt on its way to a text: `told` are the tokens so far, `finish` is empty until it has ended."""

    prompt: Prompt
    tokenizer: Tokenizer
    sampling: Sampling
    room: int
    contexts: Sequence[Ints]
    marks: Marks
    told: list[int] = field(default_factory=list)
    text: str = ""
    finish: str = ""

    def __post_init__(self) -> None:
        prompt = self.prompt
        self.context = self.contexts[prompt.context] if prompt.context >= 0 else np.empty(0, np.int32)
        self.most = min(self.sampling.max_tokens, self.room - len(self.context) - len(prompt.tokens))
        if self.most < 1:
            raise ValueError(
                f"the prompt '{prompt.text}' leaves no room in a context of {self.room:,} tokens"
            )
        self.ends = (self.marks.opening, self.marks.closing)
        self.begun = [token for token in prompt.tokens.tolist() if token != self.marks.opening]
        self.before = len(self._decoded([]))

    @property
    def generation(self) -> Generation:
        return Generation(self.text, len(self.told), self.finish)

    def key(self) -> Ints:
        """The random key of this row: two words of 32 bits."""
        named = f"{self.sampling.seed}/{self.prompt.sample}/{self.prompt.text}"
        return np.frombuffer(hashlib.blake2b(named.encode(), digest_size=8).digest(), "<u4").astype(np.uint32)

    def recall(self, text: str, told: list[int], finish: str) -> None:
        """Be at the end of a text that was written before."""
        self.text, self.told, self.finish = text, told, finish

    def take(self, token: int) -> None:
        """Go on by a token, if the text has not ended."""
        if self.finish:
            return
        self.told.append(token)
        self.text = self._decoded([each for each in self.told if each not in self.ends])[self.before :]
        ends = [place for stop in self.sampling.stop if (place := self.text.find(stop)) >= 0]
        if ends or token in self.ends:
            self.text, self.finish = self.text[: min(ends, default=None)], "stop"
        elif len(self.told) == self.most:
            self.finish = "length"

    def _decoded(self, told: list[int]) -> str:
        return str(self.tokenizer.decode([*self.begun, *told], skip_special_tokens=False))


@dataclass(frozen=True)
class _Batch:
    """Rows of one shape, `count` with padding: prompts of `width` tokens, and memories of `slots`."""

    rows: tuple[_Row, ...]
    width: int
    slots: int
    count: int

    @property
    def filled(self) -> list[_Row]:
        """The rows, and in the places that are left the first of them again."""
        return [*self.rows, *[self.rows[0]] * (self.count - len(self.rows))]


def _batches(rows: Sequence[_Row], sampling: Sampling) -> list[_Batch]:
    """All rows, those of one context beside each other. A row's shape is its own, whoever else is there."""
    if not rows:
        return []
    width_R = padded(np.array([len(row.prompt.tokens) for row in rows], np.int64))
    slots_R = padded(np.array([len(row.context) for row in rows], np.int64) + width_R + sampling.max_tokens)
    shapes: dict[tuple[int, int], list[_Row]] = {}
    for row, width, slots in zip(rows, width_R.tolist(), slots_R.tolist(), strict=True):
        shapes.setdefault((width, slots), []).append(row)
    found = []
    for (width, slots), alike in shapes.items():
        alike.sort(key=lambda row: row.prompt.context)
        count = _ROWS
        while count > 1 and count * slots > _SLOTS:
            count //= 2
        found += [
            _Batch(tuple(alike[first : first + count]), width, slots, count)
            for first in range(0, len(alike), count)
        ]
    return found


def _go_on(
    graph: nnx.GraphDef[Decoder],
    parameters: Tree,
    layers: list[Any],
    memory: Memory,
    batch: _Batch,
    sampling: Sampling,
    padding: int,
) -> None:
    """Take tokens until every row of a batch has ended."""
    filled = batch.filled
    tokens_BT = np.full((batch.count, batch.width), PAD, np.int32)
    for place, row in enumerate(filled):
        tokens_BT[place, : len(row.prompt.tokens)] = row.prompt.tokens
    first_B = np.array([len(row.context) for row in filled], np.int32)
    length_B = np.array([len(row.prompt.tokens) for row in filled], np.int32)
    key_B2 = np.stack([row.key() for row in filled])
    position = 0
    while not all(row.finish for row in batch.rows):
        chosen_B, memory = _step(
            graph,
            (sampling.temperature, sampling.top_k, sampling.top_p, padding),
            parameters,
            layers,
            memory,
            tokens_BT,
            first_B,
            length_B,
            key_B2,
            np.uint32(position),
        )
        tokens_BT = np.asarray(chosen_B)[:, None]
        for row, token in zip(batch.rows, tokens_BT[:, 0].tolist(), strict=False):
            row.take(token)
        first_B, length_B, position = first_B + length_B, np.ones_like(length_B), position + 1


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=4)
def _step(
    graph: nnx.GraphDef[Decoder],
    how: tuple[float, int, float, int],
    parameters: Tree,
    layers: list[Any],
    memory: Memory,
    tokens_BT: jax.Array,
    first_B: jax.Array,
    length_B: jax.Array,
    key_B2: jax.Array,
    position: jax.Array,
) -> tuple[jax.Array, Memory]:
    """Read tokens and choose the next one of each row [B]. The memory is donated."""
    logits_BV, memory = read(graph, parameters, layers, memory, tokens_BT, first_B, length_B)
    return chosen(logits_BV, *how, key_B2, position), memory


def chosen(
    logits_BV: jax.Array,
    temperature: float,
    top_k: int,
    top_p: float,
    padding: int,
    key_B2: jax.Array,
    position: jax.Array,
) -> jax.Array:
    """The next token of each row [B]: the most probable one or, at a temperature, one that is drawn.

    A draw takes the token whose logit and Gumbel noise together are greatest. Tokens that are as probable as
    the last one that `top_k` or `top_p` lets in come in with it. Padding is never said, if it is a token.
    """
    if padding >= 0:
        logits_BV = logits_BV.at[:, padding].set(-jnp.inf)
    if temperature == 0:
        return jnp.argmax(logits_BV, axis=-1).astype(jnp.int32)
    logits_BV = logits_BV / temperature
    vocabulary = logits_BV.shape[1]
    if 0 < top_k < vocabulary:
        logits_BV = _at_least(logits_BV, jax.lax.top_k(logits_BV, top_k)[0][:, -1:])
    if top_p < 1:
        sorted_BV = -jnp.sort(-logits_BV, axis=-1)
        share_BV = jax.nn.softmax(sorted_BV, axis=-1)
        let_in_BV = jnp.cumsum(share_BV, axis=-1) - share_BV < top_p
        logits_BV = _at_least(
            logits_BV, jnp.min(jnp.where(let_in_BV, sorted_BV, jnp.inf), axis=-1, keepdims=True)
        )

    def noise(key_2: jax.Array) -> jax.Array:
        key = jax.random.fold_in(jax.random.wrap_key_data(key_2, impl="threefry2x32"), position)
        return jax.random.gumbel(key, (vocabulary,))

    return jnp.argmax(logits_BV + jax.vmap(noise)(key_B2), axis=-1).astype(jnp.int32)


def _at_least(logits_BV: jax.Array, least_B1: jax.Array) -> jax.Array:
    return jnp.where(logits_BV >= least_B1, logits_BV, -jnp.inf)
