"""Sampling: what a text depends on, and what it does not."""

from __future__ import annotations

import dataclasses
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from tokenizers import Tokenizer

import wug.runtime.sample
from wug.compiler.emitting.tokenizer import piece_model
from wug.compiler.plan import Model, Sampling
from wug.compiler.shape import Marks, Shape
from wug.runtime.kept import Kept
from wug.runtime.learn import initial_parameters, structure
from wug.runtime.sample import Generation, Prompt, chosen, prompt_of, rows_of, sample

MODEL = Model("tiny", layers=1, width=32, heads=2, kv_heads=1, hidden=32, convolution=3, context=160)
DOC, PAD = Marks().opening, Marks().padding
WORDS = [
    f"{first}{second}" for first in ("zu", "ke", "bi", "mo") for second in ("x", "d", "t", "p", "g", "l")
]
TOKENIZER: Tokenizer = piece_model([*(f"\u2581{word}" for word in WORDS), *WORDS, ".", ","])
WEIGHTS = initial_parameters(MODEL, TOKENIZER.get_vocab_size(), 1)
# Drawn weights tell tokens hardly apart: seen as if they were sure of themselves.
WEIGHTS["norm"]["scale"] = WEIGHTS["norm"]["scale"] * 6.0
GREEDY = Sampling(max_tokens=8)
DRAWN = Sampling(temperature=4.0, top_k=20, top_p=0.95, max_tokens=8, seed=7)


def prompts(count: int, contexts: int = 0) -> list[Prompt]:
    """Prompts of 1 to 24 words, on one of some contexts or none."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        text = " ".join(random.choice(WORDS, random.integers(1, 25)))
        made.append(prompt_of(text, TOKENIZER, number % (contexts + 1) - 1, number % 3))
    return made


def contexts(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(1)
    return [np.array([DOC, *random.integers(3, 40, 20 + 37 * number)], np.int32) for number in range(count)]


def texts(asked: list[Prompt], sampling: Sampling, shown: list[np.ndarray] | None = None) -> list[Generation]:
    return sample(MODEL, WEIGHTS, TOKENIZER, asked, sampling, shown or [], at_once=16)


@pytest.mark.parametrize("sampling", [GREEDY, DRAWN], ids=["greedy", "drawn"])
def test_neither_batch_nor_order_nor_neighbours_change_a_text(sampling: Sampling) -> None:
    """Hundreds of prompts, all at once, by threes, turned round, and one by one."""
    asked, shown = prompts(240, contexts=2), contexts(2)
    whole = texts(asked, sampling, shown)
    assert len(set(whole)) > 60, "they are different texts"
    for size, some in ((16, asked), (3, asked[:90]), (1, asked[:60])):
        parts = [texts(some[first : first + size], sampling, shown) for first in range(0, len(some), size)]
        assert [each for part in parts for each in part] == whole[: len(some)]
    assert texts(asked[::-1], sampling, shown) == whole[::-1]


def test_greedy_texts_are_those_of_a_plain_loop() -> None:
    graph, _ = structure(MODEL, TOKENIZER.get_vocab_size())
    model = jax.jit(lambda tokens_BT: nnx.merge(graph, WEIGHTS)(tokens_BT))
    asked, shown = prompts(12, contexts=2), contexts(2)
    for prompt, found in zip(asked, texts(asked, GREEDY, shown), strict=True):
        before = shown[prompt.context].tolist() if prompt.context >= 0 else []
        ids = [*before, *prompt.tokens.tolist()]
        told: list[int] = []
        for _ in range(8):
            row = np.zeros((1, 160), np.int32)
            row[0, : len(ids)] = ids
            logits_V = np.array(model(row))[0, len(ids) - 1]
            logits_V[PAD] = -np.inf
            told.append(int(logits_V.argmax()))
            ids.append(told[-1])
            if told[-1] == DOC:
                break
        said = [each for each in told if each != DOC]
        ids = [*prompt.tokens.tolist()[1:], *said]
        expected = TOKENIZER.decode(ids, skip_special_tokens=False)[len(prompt.text) :]
        assert found == Generation(expected, len(told), "stop" if DOC in told else "length")


def test_a_draw_is_of_its_seed_prompt_sample_and_position() -> None:
    (prompt,) = prompts(1)
    several = [dataclasses.replace(prompt, sample=number) for number in range(6)]
    found = texts(several, DRAWN)
    assert len(set(found)) > 3, "samples of one prompt differ"
    assert texts(several, DRAWN) == found
    assert texts(several, dataclasses.replace(DRAWN, seed=8)) != found
    longer = texts(several, dataclasses.replace(DRAWN, max_tokens=20))
    assert all(long.text.startswith(short.text) for long, short in zip(longer, found, strict=True))


def test_a_text_ends_before_the_first_stop() -> None:
    asked = prompts(40)
    for free, stopped in zip(
        texts(asked, DRAWN), texts(asked, dataclasses.replace(DRAWN, stop=("x", " bi"))), strict=True
    ):
        ends = [place for stop in ("x", " bi") if (place := free.text.find(stop)) >= 0]
        if ends:
            assert (stopped.text, stopped.finish) == (free.text[: min(ends)], "stop")
            assert stopped.tokens <= free.tokens
        else:
            assert stopped == free


def test_the_end_of_the_context_ends_a_text() -> None:
    long = Prompt("x", np.array([DOC, *[5] * 155], np.int32))
    (found,) = texts([long], GREEDY)
    assert found.finish in ("length", "stop")
    assert found.tokens <= 160 - 156
    with pytest.raises(ValueError, match="leaves no room"):
        texts([Prompt("x", np.full(160, 5, np.int32))], GREEDY)


def test_texts_that_were_kept_are_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends after any batch leaves its texts to the next one, which ends with the same."""
    asked, shown = prompts(40, contexts=1), contexts(1)
    whole, batches, begun = texts(asked, DRAWN, shown), [], wug.runtime.sample._begin

    def counted(*given: Any) -> Any:
        batches.append(given)
        return begun(*given)

    def stop(prompts: int) -> None:
        if len(batches) == 2:
            batches.clear()
            raise KeyboardInterrupt

    monkeypatch.setattr(wug.runtime.sample, "_begin", counted)
    found, lives = None, 0
    while found is None:
        lives += 1
        with suppress(KeyboardInterrupt), Kept(tmp_path / "kept") as kept:
            before = len(kept)
            found = sample(MODEL, WEIGHTS, TOKENIZER, asked, DRAWN, shown, stop, kept, "part", at_once=4)
        assert found is not None or len(kept) > before
    assert lives > 3
    assert found == sample(MODEL, WEIGHTS, TOKENIZER, asked, DRAWN, shown, at_once=4)
    assert [each.text for each in found] == [each.text for each in whole]


def test_one_row_at_once_and_hundreds() -> None:
    """One reads a context that another one reads after it; hundreds are a single batch."""
    asked, shown = prompts(260, contexts=1), contexts(1)
    whole = [each.text for each in sample(MODEL, WEIGHTS, TOKENIZER, asked, GREEDY, shown)]
    alone = sample(MODEL, WEIGHTS, TOKENIZER, asked[:6], GREEDY, shown, at_once=1)
    assert [each.text for each in alone] == whole[:6]


def test_a_batch_has_more_rows_the_smaller_the_model() -> None:
    assert [rows_of(size) for size in (10**5, 10**6, 3 * 10**6, 10**7, 10**9)] == [256, 256, 64, 16, 16]


def test_a_text_is_as_long_whatever_a_program_goes_on_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a stop is seen late, what was said after it counts nothing."""
    asked = prompts(30)
    long = dataclasses.replace(DRAWN, max_tokens=40, stop=("xke", " bid"))
    found = texts(asked, long)
    assert {each.finish for each in found} == {"stop", "length"}
    monkeypatch.setattr(wug.runtime.sample, "_TOKENS", 1)
    jax.clear_caches()
    assert texts(asked, long) == found


def test_progress_counts_prompts() -> None:
    told: list[int] = []
    sample(MODEL, WEIGHTS, TOKENIZER, prompts(40), GREEDY, done=told.append)
    assert told[-1] == 40
    assert told == sorted(told)
    assert sample(MODEL, WEIGHTS, TOKENIZER, [], GREEDY) == []


def draws(probabilities: list[float], count: int = 4000, **how: float) -> np.ndarray:
    """How often each token is drawn; the first is padding."""
    logits_BV = jnp.tile(jnp.log(jnp.array([0.5, *probabilities])), (count, 1))
    key_B2 = jnp.stack([jnp.arange(count), jnp.arange(count) * 7 + 1], axis=1).astype(jnp.uint32)
    settings = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, **how}
    names = ("temperature", "top_k", "top_p")
    found = chosen(logits_BV, *(settings[name] for name in names), PAD, key_B2, np.uint32(0))
    return np.bincount(np.asarray(found), minlength=len(probabilities) + 1) / count


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, [0.4, 0.3, 0.2, 0.1]),
        ({"temperature": 0.0}, [1, 0, 0, 0]),
        ({"temperature": 0.5}, [16 / 30, 9 / 30, 4 / 30, 1 / 30]),
        ({"top_k": 2}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.6}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.75, "top_k": 2}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.01}, [1, 0, 0, 0]),
        ({"top_k": 9}, [0.4, 0.3, 0.2, 0.1]),
    ],
)
def test_tokens_are_drawn_as_often_as_they_are_probable(how: dict, expected: list[float]) -> None:
    found = draws([0.4, 0.3, 0.2, 0.1], **how)
    np.testing.assert_allclose(found, [0, *expected], atol=0.03)
    assert (found[1:][np.array(expected) == 0] == 0).all()


def test_settings_survive_json_and_nonsense_is_refused() -> None:
    sampling = Sampling(0.7, 5, 0.9, (".", "\n"), 20, 3)
    assert Sampling.from_json(json.loads(json.dumps(sampling.to_json()))) == sampling
    for wrong in ({"temperature": -1}, {"top_p": 0}, {"top_k": -1}, {"max_tokens": 0}, {"stop": ("",)}):
        with pytest.raises(ValueError, match=r"no such|empty"):
            dataclasses.replace(sampling, **wrong)


def test_only_a_token_that_is_padding_is_never_said() -> None:
    """Of a checkpoint every token can be."""
    logits_BV = jnp.array([[3.0, 1.0, 2.0]])
    rest = np.zeros((1, 2), np.uint32), np.uint32(0)
    assert [chosen(logits_BV, 0, 0, 1.0, padding, *rest).tolist() for padding in (-1, 0)] == [[0], [2]]


def test_a_text_ends_at_either_mark() -> None:
    """Documents of some models are opened by one token and closed by another."""
    for marks in (Marks(4, 5, -1), Marks(5, 4, -1)):
        prompt = prompt_of("zux", TOKENIZER, marks=marks)
        assert prompt.tokens[0] == marks.opening
        model = Shape(**vars(MODEL), marks=marks)
        (told,) = sample(model, WEIGHTS, TOKENIZER, [prompt], dataclasses.replace(DRAWN, max_tokens=60))
        ids = TOKENIZER.encode(told.text).ids
        assert not {4, 5} & set(ids)
        assert (told.finish, told.tokens < 60) in {("stop", True), ("length", False)}
