"""Pools: the words that the members of each type may be called, those for worlds and those for pretraining.

A keyed quarter of every lexicon is reserved for worlds that are trained and tested; pretraining uses the
rest. Types that name from one lexicon share its words, told apart by their numbers. Lexicons of a world keep
apart from one another: declared ones choose in the order of their declaration, nonce after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from wug.compiler.canonical import file_digest
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draw import Words, below, draw, path_word, permute
from wug.compiler.emitting.tokenizer import name_pieces, piece_model
from wug.compiler.entities import NONCE, Lexicon, Naming, TokenFile
from wug.compiler.facts import Rows
from wug.compiler.words.english import LETTER, unpack
from wug.compiler.words.inflect import inflect
from wug.compiler.words.lexicon import up_to, words_of
from wug.compiler.words.words import RESERVED_SHARE, SYLLABLES, spell, syllable_lexicon
from wug.compiler.world import World


@dataclass(frozen=True)
class Endings:
    """An order of a pool's words in which every stretch has each last letter in its share.

    Place p is the `rank[p]`-th word of the class `kind[p]`; the words of a class stand together in the pool,
    `size` of them from `start` on.
    """

    kind: Rows
    rank: Rows
    start: Rows
    size: Rows


@dataclass(frozen=True)
class Pool:
    """Words of one `group`, which is a lexicon; `numbers` [words] tell them apart within it, up to `bound`.

    `tokens` says of how many words the tokenizer made how many tokens, before all but the commonest count
    went; it is empty where no count is asked for.
    """

    group: str
    bound: int
    numbers: Rows
    texts: NDArray[np.str_]
    endings: Endings | None
    tokens: tuple[tuple[int, int], ...]

    def draw(self, seeds: Words, path: str, count: int) -> Rows:
        """Distinct words for each world, as places in the pool [worlds, count]; the first do not depend on
        the count. `count` is at most the number of words."""
        index = np.arange(count, dtype=np.int64)[None, :]
        seed = seeds[:, None]
        if self.endings is None:
            return permute(seed, path, index, len(self.numbers))
        first = below(draw(seed, f"{path}/first", 0), len(self.numbers))
        place = (first + index) % len(self.numbers)
        kind = self.endings.kind[place]
        inside = permute(seed, path, self.endings.rank[place], self.endings.size[kind])
        return self.endings.start[kind] + inside


def pool_of(world: World, naming: Naming, reserved: bool, report: Report) -> Pool:
    """The words for worlds (`reserved`) or for pretraining that a naming may use."""
    pieces = name_pieces(world)
    if naming.tokens is None:
        return _pool(naming, *_lexicons(world, naming), reserved, pieces, "")
    try:
        digest = file_digest(naming.tokens.path)
        return _pool(naming, *_lexicons(world, naming), reserved, pieces, digest)
    except (OSError, ValueError) as error:
        message = f"'{naming.tokens.written}' does not read as a tokenizer: {error}"
        return report.fail("W0403", message, naming.tokens.span, help="it takes a tokenizer.json")


def token_histograms(world: World, report: Report) -> dict[str, dict[str, int]]:
    """Of how many words another model's tokenizer made how many tokens, for each type that asks for it."""
    found: dict[str, dict[str, int]] = {}
    for entity in world.entities.values():
        if entity.naming is not None and entity.naming.tokens is not None:
            pool = pool_of(world, entity.naming, True, report)
            found[entity.name] = {str(tokens): words for tokens, words in pool.tokens}
    return found


def token_lines(histograms: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Histograms as a person reads them."""
    lines = []
    for name, histogram in histograms.items():
        counts = ", ".join(f"{words:,} of {tokens}" for tokens, words in histogram.items())
        kept = max(histogram, key=lambda tokens: (histogram[tokens], -int(tokens)))
        lines.append(f"{name}: {counts} tokens; those of {kept} are used")
    return lines


def _lexicons(world: World, naming: Naming) -> tuple[Lexicon | None, tuple[Lexicon, ...]]:
    """The spelled lexicon of a naming, none where it is one of syllables, and those that chose before it."""
    used = [each for entity in world.entities.values() if (each := entity.naming) is not None]
    names = {each.lexicon for each in used}
    declared = tuple(lexicon for name, lexicon in world.lexicons.items() if name in names)
    if naming.lexicon in world.lexicons:
        lexicon = world.lexicons[naming.lexicon]
        return lexicon, declared[: declared.index(lexicon)]
    longest = max(
        (each.letters[1] for each in used if each.lexicon == NONCE.name and each.letters), default=0
    )
    return (up_to(NONCE, longest), declared) if naming.letters else (None, ())


@cache
def _pool(
    naming: Naming,
    lexicon: Lexicon | None,
    apart: tuple[Lexicon, ...],
    reserved: bool,
    pieces: tuple[str, ...],
    digest: str,
) -> Pool:
    """`pieces` are what the world's tokenizer cuts names into; `digest` is that of the other tokenizer's
    file, because another file is another pool."""
    if lexicon is None:
        numbers, bound = _syllable_words(naming.syllables)
        texts = np.array(spell(numbers, naming.syllables))
        quarter = np.isin(numbers, syllable_lexicon(naming.syllables, True))
        kind = None
    else:
        every = words_of(lexicon, apart).numbers
        low, high = naming.letters or lexicon.letters
        place = np.flatnonzero((every >= LETTER ** (low - 1)) & (every < LETTER**high))
        numbers, bound, texts = place, len(every), unpack(every[place])
        quarter = draw(path_word("lexicon"), "spelled", every[place]) % np.uint64(RESERVED_SHARE) == 0
        kind = every[place] % LETTER
    texts = inflect(texts, "capital") if naming.capital else texts
    usable = np.ones(len(texts), bool)
    histogram: tuple[tuple[int, int], ...] = ()
    if naming.tokens is not None:
        tokens = token_counts(texts, naming.tokens)
        histogram = tuple(sorted(Counter(tokens.tolist()).items()))
        commonest = max(histogram, key=lambda each: (each[1], -each[0]), default=(0, 0))[0]
        usable = tokens == commonest
    mine = usable & (quarter == reserved)
    if reserved and lexicon is not None:
        seen = usable & ~quarter
        mine &= _made_of_seen(texts, seen, pieces)
    if kind is None:
        return Pool(str(naming.syllables), bound, numbers[mine], texts[mine], None, histogram)
    order = np.argsort(kind[mine], kind="stable")
    endings = _by_ending(kind[mine][order])
    return Pool(naming.lexicon, bound, numbers[mine][order], texts[mine][order], endings, histogram)


def _made_of_seen(
    texts: NDArray[np.str_], seen: NDArray[np.bool_], pieces: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Which words are made of pieces that words of pretraining are made of, too."""
    encoded = [each.ids for each in piece_model(pieces).encode_batch_fast(texts.tolist())]
    known = {piece for row, is_seen in zip(encoded, seen.tolist(), strict=True) if is_seen for piece in row}
    return np.array([known.issuperset(row) for row in encoded], bool)


def _syllable_words(syllables: int) -> tuple[Rows, int]:
    """All names of so many syllables, and how many numbers there are."""
    parts = [syllable_lexicon(syllables, reserved) for reserved in (True, False)]
    return np.sort(np.concatenate(parts)), len(SYLLABLES) ** syllables


def _by_ending(kind: Rows) -> Endings:
    """The classes mixed in proportion: the word of rank r among n stands at about (r + an offset) / n."""
    classes, start, size = np.unique(kind, return_index=True, return_counts=True)
    number = np.repeat(np.arange(len(classes)), size)
    rank = np.arange(len(kind)) - start[number]
    offset = draw(path_word("lexicon"), "endings", classes)[number] >> np.uint64(32)
    at = ((rank.astype(np.uint64) << np.uint64(32)) + offset) // size[number].astype(np.uint64)
    order = np.argsort(at, kind="stable")
    return Endings(number[order], rank[order], start, size)


def token_counts(texts: NDArray[np.str_], tokens: TokenFile) -> Rows:
    """How many tokens each text is, inside a sentence. Raises ValueError where the file is no tokenizer."""
    try:
        tokenizer = Tokenizer.from_file(str(tokens.path))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(str(error)) from error
    lead = len(tokenizer.encode("a", add_special_tokens=False).ids)
    encoded = tokenizer.encode_batch_fast([f"a {text}" for text in texts.tolist()], add_special_tokens=False)
    return np.array([len(each.ids) - lead for each in encoded], np.int64)
