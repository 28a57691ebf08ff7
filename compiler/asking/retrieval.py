"""Retrieval: which documents BM25 ranks first for a question (Robertson and Zaragoza, The probabilistic
relevance framework: BM25 and beyond, 2009), as Lucene computes it, with k1 1.5 and b 0.75.

A ranking must be the same on every machine: scores are compared to six decimals, which no rounding of a
logarithm reaches, and what is level stands in drawn order.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import permute

_WORD = re.compile(r"\w+")


class Ranking:
    """Documents to be searched by the words of a question."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.count = len(texts)
        words = [_WORD.findall(text.casefold()) for text in texts]
        # numbered in order, since a set of texts has another order in each process
        self.number = {word: n for n, word in enumerate(dict.fromkeys(w for each in words for w in each))}
        if not self.number:
            return
        with _without_jax():
            import bm25s
        self.index = bm25s.BM25(method="lucene", k1=1.5, b=0.75, dtype="float64")
        ids = [[self.number[word] for word in each] for each in words]
        self.index.index((ids, dict(self.number)), show_progress=False)

    def first(self, question: str, count: int, seed: np.uint64, path: str) -> list[int]:
        """The places of the `count` documents that answer best to a question, the best one first."""
        drawn = permute(seed, path, np.arange(self.count), self.count)
        best = np.lexsort((drawn, -self._scores(question)))
        return [int(place) for place in best[:count]]

    def _scores(self, question: str) -> NDArray[np.float64]:
        words = _WORD.findall(question.casefold())
        known = [self.number[word] for word in words if word in self.number]
        if not known:
            return np.zeros(self.count)
        return np.round(self.index.get_scores_from_ids(known), 6)


@contextmanager
def _without_jax() -> Iterator[None]:
    """bm25s takes JAX where there is one, for a choice of the best that is not used here. The compiler never
    imports it: it takes seconds, and claims an accelerator."""
    hidden = sys.modules.get("jax")
    sys.modules["jax"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["jax"]
        if hidden is not None:
            sys.modules["jax"] = hidden
