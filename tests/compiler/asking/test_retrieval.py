"""Retrieval: BM25 against its formula, levels, and what an arm that searches is shown."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest

from tests.compiler.asking.test_choices import KIN, KIN_TRAINS, drafted
from tests.compiler.conftest import Write
from wug.compiler.asking.retrieval import Ranking

SEED = np.uint64(7)
TEXTS = ["ash are taller than elm.", "elm are louder than ash, ash, ash.", "oak are taller than fir.", "fir"]


def bm25(question: str, texts: list[str]) -> list[float]:
    """Robertson and Zaragoza's formula, with an idf that is never negative."""
    words = [text.replace(".", " ").replace(",", " ").split() for text in texts]
    average = sum(map(len, words)) / len(words)

    def score(word: str, own: list[str]) -> float:
        holding = sum(word in each for each in words)
        rarity = math.log(1 + (len(words) - holding + 0.5) / (holding + 0.5))
        many = own.count(word)
        return rarity * many / (many + 1.5 * (1 - 0.75 + 0.75 * len(own) / average))

    return [sum(score(word, own) for word in question.lower().split()) for own in words]


@pytest.mark.parametrize("question", ["Ash are", "taller than", "fir", "ash ash oak"])
def test_the_ranking_is_that_of_the_formula(question: str) -> None:
    wanted = bm25(question, TEXTS)
    ranked = Ranking(TEXTS).first(question, 4, SEED, "here")
    assert sorted(ranked) == [0, 1, 2, 3]
    found = [wanted[place] for place in ranked]
    assert all(above > below - 1e-6 for above, below in itertools.pairwise(found))
    assert found[0] > 0


def test_what_is_level_goes_by_the_draw_and_not_by_place() -> None:
    ranking = Ranking(["the same"] * 40 + ["another"])
    orders = {tuple(ranking.first("same", 3, SEED, f"item {n}")) for n in range(20)}
    assert len(orders) == 20
    assert all(place < 40 for order in orders for place in order)
    assert ranking.first("nothing of it", 41, SEED, "x") == ranking.first("?", 41, SEED, "x")
    assert Ranking(["?", "!"]).first("?", 1, SEED, "x") in ([0], [1])


def test_the_order_does_not_hang_on_the_process() -> None:
    code = (
        "import sys, numpy as np; from wug.compiler.asking.retrieval import Ranking;"
        f"ranking = Ranking({TEXTS!r} * 9); assert 'jax' not in sys.modules;"
        "print([ranking.first(q, 9, np.uint64(1), q) for q in ('ash', 'taller than ash', 'fir')])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert told != {""}


def test_a_search_finds_what_is_said_and_not_what_follows(write: Write) -> None:
    """The facts behind an answer three steps away share no word with its question but the first name."""
    drawn = drafted(
        write,
        KIN,
        KIN_TRAINS
        + "  test near { parent in down  choices others(1) }\n"
        + "  test far { ancestor in down  depth 3..4  choices others(1) }\n",
        "  arm found { context bm25(2) }\n  arm all { context bm25(10000) }\n",
    )
    near, far = drawn.world_tests(0)
    found, everything = drawn.view(2, 0), drawn.view(3, 0)
    documents = drawn.world_documents(0)
    assert all(len(found.contexts[place]) == 2 for place in found.context)
    for item, place in enumerate(found.context[: len(near)]):
        first = str(near.cue[item]).split()[0]
        assert any(first in documents.text[row] for row in found.contexts[place])
    assert sum(found.answerable[: len(near)]) > 0.6 * len(near)
    assert len(far)
    assert not any(found.answerable[len(near) :])
    assert all(everything.answerable)
