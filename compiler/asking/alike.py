"""Texts that say the same in nearly the same words: half of their words, or more, are shared."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")


def groups(texts: Sequence[str]) -> list[int]:
    """The number of each text's group, that of the first text it is alike to, directly or through others."""
    first: dict[str, int] = {}
    for text in texts:
        first.setdefault(text, len(first))
    distinct = list(first)
    words = [frozenset(_WORD.findall(text.casefold())) or frozenset([text]) for text in distinct]
    holding: dict[str, list[int]] = {}
    head = list(range(len(distinct)))

    def top(number: int) -> int:
        while head[number] != number:
            number = head[number]
        return number

    for number, own in enumerate(words):
        shared: dict[int, int] = {}
        for word in sorted(own):
            for other in holding.setdefault(word, []):
                shared[other] = shared.get(other, 0) + 1
            holding[word].append(number)
        for other, count in shared.items():
            if 2 * count >= len(own | words[other]):
                one, two = sorted((top(number), top(other)))
                head[two] = one
    return [top(first[text]) for text in texts]
