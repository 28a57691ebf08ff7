"""Sampling: how a model goes on with prompts, many at once, each as if it were alone.

A text depends on the weights, the settings, its context and prompt and its sample number: not on how many
prompts there are, in which order, or what stands beside it. Two things see to that.

Draws are keyed. The random key of a token is made of (seed, prompt text, sample, position) by BLAKE2b and
`fold_in`; there is no generator whose state another row could move. The context is not part of it: two arms
that read the same prompt draw alike, and differ by what they know.

Numbers are a row's own. Rounding depends on the shapes of a program, and those of a row follow from the row
itself: its context is read alone, in a width that its length gives, and the rest in batches of a number of
rows that the model gives (padding, for lack of prompts) and of widths that the lengths of context and prompt
give. Within a program no operation mixes rows, and a product of matrices sums the terms of an element in the
same order in every row, which the tests look at bit by bit. That a text has ended changes nothing for those
beside it.

Letters in names: B rows, T tokens, V vocabulary.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
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

_ROWS, _SLOTS = 256, 2**16  # rows of a batch; fewer where they would have more slots of memory together
_FEWEST, _WORK = 16, 2**28  # a CPU halves them down to so few while a step takes more products than this
_TOKENS = 32  # that a program goes on by before it is seen whether they hold a text to stop before


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
    at_once: int = 0,
) -> list[Generation]:
    """How the model goes on with each prompt.

    Each context, given as tokens, is read once. A text is cut off where the model's context is full. `done`
    is told how many prompts are through. Texts are `kept` by their prompt's number in this `part` of it, and
    those that are kept already are not written again. Raises ValueError for a prompt that leaves no room for
    a token. `at_once` are the rows of a batch, where it is not for the model to say.
    """
    graph, shapes = structure(model, tokenizer.get_vocab_size())
    marks = shape_of(model).marks
    rows = [_Row(prompt, tokenizer, sampling, model.context, contexts, marks) for prompt in prompts]
    names = {id(row): f"{part}/{number}" for number, row in enumerate(rows)}
    if kept is not None:
        for row in rows:
            if (known := kept.get(names[id(row)])) is not None:
                row.recall(*known)
    at_once = at_once or rows_of(sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes)))
    batches = _batches([row for row in rows if not row.finish], sampling, at_once)
    last = {row.prompt.context: number for number, batch in enumerate(batches) for row in batch.rows}
    layers, through = unrolled(model, parameters), sum(bool(row.finish) for row in rows)
    ends_V = _ends(tokenizer, sampling.stop, marks)
    held: dict[int, Memory] = {}
    for number, batch in enumerate(batches):
        for row in batch.rows:
            if row.prompt.context not in held:
                held[row.prompt.context] = encoded(graph, model, parameters, layers, row.context)
        memory = branched([held[row.prompt.context] for row in batch.filled], batch.slots)
        _go_on(graph, parameters, layers, memory, batch, sampling, marks.padding, ends_V)
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

    def take(self, tokens: list[int]) -> None:
        """Go on by tokens, as far as the text goes."""
        if self.finish:
            return
        before, told = len(self.told), (self.told + tokens)[: self.most]
        ends = [place for place, token in enumerate(told) if token in self.ends]
        told = told[: ends[0] + 1] if ends else told
        self.text = self._said(told)
        if self._stops():
            counts = range(before + 1, len(told) + 1)
            first = bisect_left(counts, True, key=lambda count: bool(self._stops(self._said(told[:count]))))
            told = told[: counts[first]]
            self.text = self._said(told)
        self.told, stops = told, self._stops()
        if stops or told[-1] in self.ends:
            self.text, self.finish = self.text[: min(stops, default=None)], "stop"
        elif len(told) == self.most:
            self.finish = "length"

    def _stops(self, text: str | None = None) -> list[int]:
        """Where in a text, its own if none is given, something stands that ends it."""
        text = self.text if text is None else text
        return [place for stop in self.sampling.stop if (place := text.find(stop)) >= 0]

    def _said(self, told: list[int]) -> str:
        return self._decoded([each for each in told if each not in self.ends])[self.before :]

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


def rows_of(parameters: int) -> int:
    """How many rows a batch of a model of this size has: those of padding cost a small one little."""
    count = _ROWS
    while jax.default_backend() == "cpu" and count > _FEWEST and count * parameters > _WORK:
        count //= 2
    return count


def _ends(tokenizer: Tokenizer, stops: Sequence[str], marks: Marks) -> npt.NDArray[np.bool_]:
    """Which tokens end a text, as far as a token by itself tells [V]."""
    ends_V = np.zeros(tokenizer.get_vocab_size(), np.bool_)
    if stops:
        said = tokenizer.decode_batch([[token] for token in range(len(ends_V))], skip_special_tokens=False)
        ends_V[:] = [any(stop in text for stop in stops) for text in said]
    ends_V[[marks.opening, marks.closing]] = True
    return ends_V


def _batches(rows: Sequence[_Row], sampling: Sampling, at_once: int) -> list[_Batch]:
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
        count = at_once
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
    ends_V: npt.NDArray[np.bool_],
) -> None:
    """Take tokens until every row of a batch has ended."""
    filled = batch.filled
    tokens_BT = np.full((batch.count, batch.width), PAD, np.int32)
    for place, row in enumerate(filled):
        tokens_BT[place, : len(row.prompt.tokens)] = row.prompt.tokens
    first_B = np.array([len(row.context) for row in filled], np.int32)
    length_B = np.array([len(row.prompt.tokens) for row in filled], np.int32)
    key_B2 = np.stack([row.key() for row in filled])
    how = (sampling.temperature, sampling.top_k, sampling.top_p, padding)
    token_B, memory = _begin(graph, how, parameters, layers, memory, tokens_BT, first_B, length_B, key_B2)
    told_NB, count = np.asarray(token_B)[None], 1
    position, first_B = 1, first_B + length_B
    while True:
        for row, tokens in zip(batch.rows, told_NB[:count].T.tolist(), strict=False):
            row.take(tokens)
        left = [row.most - len(row.told) for row in batch.rows if not row.finish]
        if not left:
            return
        # rows that have ended, and padding, are not waited for
        ended_B = np.array(
            [bool(row.finish) for row in batch.rows] + [True] * (batch.count - len(batch.rows))
        )
        told_NB, count, memory = _more(
            graph,
            how,
            parameters,
            layers,
            memory,
            np.asarray(told_NB[count - 1]),
            first_B,
            key_B2,
            np.uint32(position),
            ended_B,
            np.int32(min(_TOKENS, max(left))),
            ends_V,
        )
        told_NB, count = np.asarray(told_NB), int(count)
        position, first_B = position + count, first_B + np.int32(count)


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=4)
def _begin(
    graph: nnx.GraphDef[Decoder],
    how: tuple[float, int, float, int],
    parameters: Tree,
    layers: list[Any],
    memory: Memory,
    tokens_BT: jax.Array,
    first_B: jax.Array,
    length_B: jax.Array,
    key_B2: jax.Array,
) -> tuple[jax.Array, Memory]:
    """Read prompts and choose the first token of each row [B]. The memory is donated."""
    logits_BV, memory = read(graph, parameters, layers, memory, tokens_BT, first_B, length_B)
    return chosen(logits_BV, *how, key_B2, jnp.uint32(0)), memory


@partial(jax.jit, static_argnums=(0, 1), donate_argnums=4)
def _more(
    graph: nnx.GraphDef[Decoder],
    how: tuple[float, int, float, int],
    parameters: Tree,
    layers: list[Any],
    memory: Memory,
    token_B: jax.Array,
    first_B: jax.Array,
    key_B2: jax.Array,
    position: jax.Array,
    ended_B: jax.Array,
    most: jax.Array,
    ends_V: jax.Array,
) -> tuple[jax.Array, jax.Array, Memory]:
    """Go on by up to `most` tokens, until all rows have ended, as one program. The memory is donated.

    Returns the tokens [N, B], how many of these N there are, and the memory.
    """
    one_B = jnp.ones_like(token_B)

    def step(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        count, token_B, ended_B, memory, told_NB = carry
        read_B1, place_B = token_B[:, None], first_B + count
        logits_BV, memory = read(graph, parameters, layers, memory, read_B1, place_B, one_B)
        token_B = chosen(logits_BV, *how, key_B2, position + count.astype(jnp.uint32))
        told_NB = told_NB.at[count].set(token_B)
        return count + 1, token_B, ended_B | ends_V[token_B], memory, told_NB

    told_NB = jnp.zeros((_TOKENS, len(token_B)), jnp.int32)
    carry = (jnp.int32(0), token_B, ended_B, memory, told_NB)
    carry = jax.lax.while_loop(lambda now: (now[0] < most) & ~jnp.all(now[2]), step, carry)
    count, _, _, memory, told_NB = carry
    return told_NB, count, memory


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
