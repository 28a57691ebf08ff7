"""Nonsense names, made of syllables.

The forty syllables are pairwise at least two edits apart, none is among the 20,000 commonest English words,
and no name of two or three of them is an English word, is one edit from one of the 20,000 commonest, or
holds one of four or more letters. That was established once, with the word lists of the package
`wordfreq` 3, and frozen here: the compiler needs no word list. Any two names of equal length are at least two
edits apart.

A quarter of all names is reserved for worlds that are trained and tested; pretraining episodes use the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wug.compiler.draw import draw, path_word

SYLLABLES = tuple(
    "bap bof daf diz duk faz fis fov fup jex jid jop juv kez kiv kod kub lak lix mek "  # noqa: SIM905
    "mif moz mul nad nem nol nuf pab pev reb sag sut ven vir vog zar zeg zib zos zum".split()
)

RESERVED_SHARE = 4
"""One word in so many is for worlds."""

_EXCLUDED = {"zarnoldaf", "zarnoldiz", "zarnolduk"}  # they hold "arnold"


def spell(words: NDArray[np.int64], syllables: int) -> list[str]:
    """The names with these numbers, each of so many syllables."""
    digits = syllable_digits(words, syllables)
    spelled = np.array(SYLLABLES)[digits].reshape(-1, syllables)
    return np.ascontiguousarray(spelled).view(f"<U{3 * syllables}")[:, 0].tolist()


def syllable_digits(words: NDArray[np.int64], syllables: int) -> NDArray[np.int64]:
    """Words [...] as syllable numbers [..., syllables]."""
    base = len(SYLLABLES)
    places = base ** np.arange(syllables - 1, -1, -1, dtype=np.int64)
    return (words[..., None] // places) % base


def _number(name: str) -> int:
    places = [SYLLABLES.index(name[i : i + 3]) for i in range(0, len(name), 3)]
    return sum(place * len(SYLLABLES) ** i for i, place in enumerate(reversed(places)))


def syllable_lexicon(syllables: int, reserved: bool) -> NDArray[np.int64]:
    """The numbers of all names for worlds (`reserved`) or for pretraining; the two never share one."""
    every = np.arange(len(SYLLABLES) ** syllables, dtype=np.int64)
    if syllables == 3:
        every = every[~np.isin(every, [_number(name) for name in _EXCLUDED])]
    quarter = draw(path_word("lexicon"), f"syllables/{syllables}", every) % np.uint64(RESERVED_SHARE) == 0
    return every[quarter == reserved]
