"""Layout: the operations that it counts are near the least, and the way that it takes is the cheapest."""

import numpy as np
import pytest

from wug.compiler.shape import Shape
from wug.runtime.layout import Asked, Layout, Work, best, work_of
from wug.runtime.widths import TOKENS, batch_of, padded

SMOLLM = Shape(
    *("smollm", 30, 576, 9, 3, 1536, 0, 0, 8192),
    family="llama",
    vocabulary=49152,
    rotary_base=1e5,
    scaled=False,
)
SMOLLM_LAYERS = 30 * (576 * (2 * 576 + 2 * 192 + 3 * 1536) + 2 * 576)
TINY = Shape("tiny", 2, 64, 2, 2, 128, 8, 0, 256)
TINY_LAYERS = 2 * (64 * (4 * 64 + 3 * 128) + 18 * 64)


def asked_of(contexts: list[int], context_N: list[int], choices: int, cue: int, answer: int) -> Asked:
    """Items behind contexts of some lengths, with cues and choices of about so many tokens."""
    random = np.random.default_rng(0)
    texts, start, item_Q = [], [], []
    for item in range(len(context_N)):
        said = random.integers(3, 40_000, cue + random.integers(-3, 4))
        for _ in range(choices):
            length = answer + random.integers(-1, 2)
            texts.append(np.concatenate([said, random.integers(3, 40_000, length)]).astype(np.int32))
            start.append(len(said))
            item_Q.append(item)
    return Asked(
        tuple(random.integers(3, 40_000, length).astype(np.int32) for length in contexts),
        np.array(context_N, np.int32),
        np.array(item_Q, np.int32),
        tuple(texts),
        np.array(start, np.int32),
    )


def floor(work: Work, asked: Asked) -> int:
    """The least: each context and each beginning of a text once, no padding, causal pairs alone."""
    least = 0
    for context in set(asked.context_N.tolist()):
        length = len(asked.context(context))
        least += work.of(length, length * (length + 1) // 2, 0)
    for item, context in enumerate(asked.context_N):
        at = np.flatnonzero(asked.item_Q == item)
        begun = {
            tuple(asked.tokens[row][:length]) for row in at for length in range(1, len(asked.tokens[row]))
        }
        predicting = sum(len(each) >= asked.start_Q[at[0]] for each in begun)
        pairs = sum(len(asked.context(context)) + len(each) for each in begun)
        least += work.of(len(begun), pairs, predicting)
    return least


def plain_operations(work: Work, asked: Asked) -> int:
    """What it takes to read each text as a row of its own, padded as `likelihood` pads them."""
    before_Q = np.array([len(asked.context(asked.context_N[item])) for item in asked.item_Q])
    total = 0
    width_Q = padded(before_Q + [len(text) for text in asked.tokens])
    for width, rows in zip(*np.unique(width_Q, return_counts=True), strict=True):
        tokens = -(-int(rows) // batch_of(int(width))) * batch_of(int(width)) * int(width)
        total += work.of(tokens, tokens * int(width), tokens)
    return total


def counted(layout: Layout) -> tuple[int, int]:
    """How many tokens the largest batch has, padding included, and how many tries all of them have."""
    batches = list(layout.batches())
    return layout.rows * layout.width, sum(
        len(piece.tries) for _, rows in batches for row in rows for piece in row
    )


@pytest.mark.parametrize("context", [1000, 1025, 4000])
def test_many_questions_about_one_context_cost_little_more_than_the_least(context: int) -> None:
    """C + N (Q + K (A - 1)) tokens, of SmolLM2-135M's shape, every padding counted."""
    work = work_of(SMOLLM, SMOLLM_LAYERS, 0)
    asked = asked_of([context], [0] * 100, choices=4, cue=24, answer=4)
    layout = best(work, asked)
    least = floor(work, asked)
    assert least <= layout.operations <= 1.5 * least
    assert layout.operations < plain_operations(work, asked) / 60
    assert {context for context, _ in layout.batches()} == {0}
    assert counted(layout)[0] <= TOKENS
    assert counted(layout)[1] == 100


@pytest.mark.parametrize(("contexts", "of_items"), [([40] * 50, range(50)), ([], [-1] * 50)])
def test_short_contexts_stand_in_the_rows(contexts: list[int], of_items) -> None:
    """Where each question has its own context, or none, nothing is read before."""
    work = work_of(SMOLLM, SMOLLM_LAYERS, 0)
    asked = asked_of(contexts, list(of_items), choices=4, cue=24, answer=4)
    layout = best(work, asked)
    assert layout.operations <= 1.5 * floor(work, asked)
    assert {context for context, _ in layout.batches()} == {-1}
    assert counted(layout)[1] == 50


def test_batches_are_bounded_by_tokens_and_by_what_attention_takes() -> None:
    work = work_of(TINY, TINY_LAYERS, 100)
    layout = best(work, asked_of([], [-1] * 4000, choices=4, cue=12, answer=3))
    assert counted(layout) == (TOKENS, 4000)
    assert len(list(layout.batches())) <= 25
    wide = work_of(SMOLLM, SMOLLM_LAYERS, 0)
    layout = best(wide, asked_of([7000], [0] * 500, choices=4, cue=24, answer=4))
    assert 9 * layout.rows * layout.width * (7168 + layout.width) <= 2**26


def test_no_questions_are_no_batches() -> None:
    nothing = Asked((), np.empty(0, np.int32), np.empty(0, np.int32), (), np.empty(0, np.int32))
    assert list(best(work_of(TINY, TINY_LAYERS, 100), nothing).batches()) == []


def test_a_text_too_long_for_its_attention_is_read_all_the_same() -> None:
    text = Asked((), np.full(1, -1), np.zeros(1, np.int32), (np.arange(1, 5000),), np.full(1, 4990))
    assert [len(rows) for _, rows in best(work_of(SMOLLM, SMOLLM_LAYERS, 0), text).batches()] == [1]
