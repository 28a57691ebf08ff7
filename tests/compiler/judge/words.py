"""What an invented word must be, checked word by word with nothing clever."""

from __future__ import annotations

import gzip
import re
import string
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_LIST = Path(__file__).parents[3] / "compiler" / "words" / "wordlists" / "english.txt.gz"


@cache
def english() -> tuple[frozenset[str], frozenset[str]]:
    """All English words of the list, and the common ones."""
    common, others = gzip.decompress(_LIST.read_bytes()).decode().split("\n\n")
    return frozenset(common.split()) | frozenset(others.split()), frozenset(common.split())


def edits(first: str, second: str) -> int:
    """Levenshtein's distance, by the book."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def one_edit(word: str) -> set[str]:
    """All strings of letters that are one edit from a word."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    gone = {a + b[1:] for a, b in cuts if b}
    changed = {a + letter + b[1:] for a, b in cuts if b for letter in string.ascii_lowercase}
    put_in = {a + letter + b for a, b in cuts for letter in string.ascii_lowercase}
    return (gone | changed | put_in) - {word}


def faults_of_word(word: str) -> list[str]:
    """What is wrong with one word by itself."""
    every, common = english()
    faults = []
    if word in every:
        faults.append("English")
    if near := one_edit(word) & common:
        faults.append(f"one edit from {min(near)}")
    parts = {word[i:j] for i in range(len(word)) for j in range(i + 4, len(word) + 1)}
    if held := parts & every:
        faults.append(f"holds {min(held)}")
    if re.search("(s|ed|er|est|ing|ly)$", word):
        faults.append("looks inflected")
    return [f"{word}: {fault}" for fault in faults]


def forms(word: str) -> set[str]:
    """A word and what it may become."""
    if re.search("(s|x|z|ch|sh)$", word):
        plural = word + "es"
    else:
        plural = word[:-1] + "ies" if re.search("[^aeiou]y$", word) else word + "s"
    groups = re.findall("[aeiouy]+", word)
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and len(groups) > 1
    syllables = len(groups) - silent
    light = bool(re.search("[^aeiou]y$", word)) and len(word) > 2
    if syllables > 2 or (syllables == 2 and not light and not word.endswith("le")):
        stem = "more " + word + "-"
    elif light:
        stem = word[:-1] + "i"
    elif word.endswith("e"):
        stem = word[:-1]
    elif syllables == 1 and re.search("[^aeiou][aeiouy][^aeiouwxy]$", word):
        stem = word + word[-1]
    else:
        stem = word
    return {word, plural, stem + "er", stem + "est", word + "'s"}


def faults_between(words: Iterable[str]) -> list[str]:
    """What is wrong between words: too near one another, or one form for two."""
    found: dict[str, str] = {}
    faults: list[str] = []
    known = set(words)
    for word in sorted(known):
        faults += [f"{word}: one edit from {other}" for other in sorted(one_edit(word) & known)]
        for form in sorted(forms(word)):
            other = found.setdefault(form, word)
            if other != word:
                faults.append(f"{form} is of {other} and of {word}")
            if form != word and form in english()[0]:
                faults.append(f"{form}, of {word}, is English")
    return faults
