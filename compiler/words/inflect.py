"""Inflections: the forms of a word that a sentence may ask for, as in `{a.plural}` or `{day.long}`.

Regular English spelling rules and a short table of irregular words; an invented word is always regular. A
text of several words inflects its last one, or the one in front of "of". Each is a pure function of the
text, so a table of names is inflected once and then indexed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_MONTHS = (
    "January February March April May June July "  # noqa: SIM905
    "August September October November December".split()
)
_PLURALS = dict(
    pair.split("/")
    for pair in (  # noqa: SIM905
        "man/men woman/women child/children person/people mouse/mice louse/lice goose/geese tooth/teeth "
        "foot/feet ox/oxen sheep/sheep fish/fish deer/deer moose/moose salmon/salmon trout/trout "
        "species/species series/series aircraft/aircraft leaf/leaves wolf/wolves knife/knives life/lives "
        "wife/wives half/halves shelf/shelves thief/thieves calf/calves loaf/loaves elf/elves self/selves "
        "scarf/scarves hoof/hooves potato/potatoes tomato/tomatoes hero/heroes echo/echoes quiz/quizzes "
        "analysis/analyses crisis/crises thesis/theses axis/axes oasis/oases basis/bases "
        "diagnosis/diagnoses hypothesis/hypotheses cactus/cacti fungus/fungi nucleus/nuclei "
        "phenomenon/phenomena criterion/criteria bacterium/bacteria stomach/stomachs monarch/monarchs "
        "epoch/epochs policeman/policemen policewoman/policewomen fireman/firemen fisherman/fishermen "
        "craftsman/craftsmen salesman/salesmen chairman/chairmen grandchild/grandchildren "
        "salesperson/salespeople dormouse/dormice this/these that/those"
    ).split()
)
_GRADES = {
    "good": ("better", "best"),
    "well": ("better", "best"),
    "bad": ("worse", "worst"),
    "far": ("farther", "farthest"),
    "little": ("less", "least"),
    "much": ("more", "most"),
    "many": ("more", "most"),
}
_NEVER_GRADED = frozenset("fun real right wrong just like".split())  # noqa: SIM905
_GRADED = frozenset("clever quiet narrow shallow mellow hollow yellow".split())  # noqa: SIM905
_SPOKEN_AS_YOU = ("uni", "use", "usu", "uti", "ura", "eu", "ewe", "one-", "ubi")
_UNLIKE_THEM = ("unim", "unin", "unid")
_SILENT_H = ("hour", "honest", "honor", "honour", "heir")
_VOWELS = frozenset("aeiou")
_SPELLED_WITH_VOWEL = frozenset("AEFHILMNORSX")


def inflect(texts: NDArray[np.str_], kind: str) -> NDArray[np.str_]:
    """The texts in the inflection `kind`, one of INFLECTIONS; the shape stays.

    Raises ValueError where a text has no such form: `long` is for ISO dates, `ordinal` for integers.
    """
    one = _KINDS[kind]
    at_once = _AT_ONCE.get(kind)
    if at_once is not None and (made := at_once(texts)) is not None:
        return made
    distinct, place = np.unique(texts, return_inverse=True)
    return np.array([one(str(text)) for text in distinct], dtype=np.str_)[place].reshape(texts.shape)


def plural(text: str) -> str:
    """ "two of them": dogs, foxes, ladies, children; a piece of cake, pieces of cake."""
    for link in (" of ", "-in-"):
        head, found, rest = text.partition(link)
        if found and head:
            return plural(head) + found + rest
    first, space, last = text.rpartition(" ")
    return first + space + _plural_word(last)


def _plural_word(word: str) -> str:
    lower = word.lower()
    if lower in _PLURALS:
        return _PLURALS[lower] if word == lower else _PLURALS[lower].capitalize()
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word == lower and len(word) > 1 and word[-1] == "y" and word[-2] not in _VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def with_article(text: str) -> str:
    """A text behind "a" or "an", by how it begins when it is spoken."""
    return f"{'an' if _begins_with_vowel(text) else 'a'} {text}"


def _begins_with_vowel(text: str) -> bool:
    word = text.partition(" ")[0]
    lower = word.lower()
    if word[:1].isdigit():
        digits = word[: len(word) - len(word.lstrip("0123456789,"))].replace(",", "")
        return digits[0] == "8" or (digits[:2] in ("11", "18") and len(digits) % 3 == 2)
    if len(word) > 1 and word.isalpha() and word.isupper() and not _VOWELS & set(lower):
        return word[0] in _SPELLED_WITH_VOWEL
    if lower in ("one", "once") or lower.startswith(_SPOKEN_AS_YOU):
        return lower.startswith(_UNLIKE_THEM)
    return lower[:1] in _VOWELS if not lower.startswith(_SILENT_H) else True


def capital(text: str) -> str:
    """A text as it begins a sentence: its first letter capital, the others as they are."""
    return text[:1].upper() + text[1:]


def _letters(texts: NDArray[np.str_]) -> NDArray[np.uint32]:
    """A copy of texts as the code points of their letters [texts, longest], 0 behind the end."""
    width = texts.dtype.itemsize // 4
    return np.array(texts, order="C").reshape(-1, 1).view(np.uint32).reshape(-1, width)


def _plain_dates(texts: NDArray[np.str_]) -> NDArray[np.str_] | None:
    """All dates in words at once; none where one is no date as they are written here, YYYY-MM-DD."""
    codes = _letters(texts)
    if codes.shape[1] != 10 or bool((codes[:, [4, 7]] != ord("-")).any()):
        return None
    digits = codes[:, [0, 1, 2, 3, 5, 6, 8, 9]].astype(np.int64) - ord("0")
    if bool(((digits < 0) | (digits > 9)).any()):
        return None
    year = digits[:, :4] @ (1000, 100, 10, 1)
    month, day = digits[:, 4:6] @ (10, 1), digits[:, 6:] @ (10, 1)
    if bool(((month < 1) | (month > 12)).any()):
        return None
    days, years = (np.array([f"{number} " for number in range(100)]), np.array(range(10_000)).astype("<U4"))
    made = np.char.add(
        np.char.add(days[day], np.array([f"{name} " for name in _MONTHS])[month - 1]), years[year]
    )
    return made.reshape(texts.shape)


def _plain_capitals(texts: NDArray[np.str_]) -> NDArray[np.str_] | None:
    """All texts with a capital at once; none where one begins with a letter beyond a to z."""
    codes = _letters(texts)
    first = codes[:, :1]
    if not codes.size or bool((first >= 128).any()):
        return None
    first[(first >= ord("a")) & (first <= ord("z"))] -= ord("a") - ord("A")
    return codes.view(texts.dtype).reshape(texts.shape)


def possessive(text: str) -> str:
    """Whose: the cat's, the dogs', the boss's."""
    return text + ("'" if text.endswith("s") and not text.endswith("ss") else "'s")


def comparative(text: str) -> str:
    """Bigger, happier, more dangerous."""
    return _graded(text, 0)


def superlative(text: str) -> str:
    """Biggest, happiest, most dangerous."""
    return _graded(text, 1)


def _graded(text: str, grade: int) -> str:
    word, ending = text.lower(), ("er", "est")[grade]
    if word in _GRADES:
        return _GRADES[word][grade]
    syllables = _syllables(word)
    light = len(word) > 2 and word[-1] == "y" and word[-2] not in _VOWELS
    short = syllables == 1 or (syllables == 2 and (light or word.endswith("le") or word in _GRADED))
    if not short or " " in word or word in _NEVER_GRADED:
        return f"{('more', 'most')[grade]} {text}"
    if light:
        return text[:-1] + "i" + ending
    if word.endswith("e"):
        return text + ending[1:]
    closed = len(word) > 2 and word[-1] not in "aeiouwxy" and word[-2] in _VOWELS | {"y"}
    doubled = syllables == 1 and closed and word[-3] not in _VOWELS
    return text + (word[-1] if doubled else "") + ending


def _syllables(word: str) -> int:
    """Groups of vowels, without a silent final e; at least one."""
    sounds = "".join("a" if letter in "aeiouy" else " " for letter in word)
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and len(sounds.split()) > 1
    return max(1, len(sounds.split()) - silent)


def long_date(text: str) -> str:
    """An ISO date in words: 2026-11-24 is 24 November 2026."""
    year, month, day = text.split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {int(year)}"


def ordinal(text: str) -> str:
    """A number's place: 1st, 2nd, 3rd, 4th, 11th, 21st."""
    number = int(text)
    teen = number % 100 in (11, 12, 13)
    return f"{text}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


_AT_ONCE: dict[str, Callable[[NDArray[np.str_]], NDArray[np.str_] | None]] = {
    "capital": _plain_capitals,
    "long": _plain_dates,
}
"""Inflections of whole columns, where these hold nothing unusual."""

_KINDS: dict[str, Callable[[str], str]] = {
    "plural": plural,
    "a": with_article,
    "the": lambda text: f"the {text}",
    "capital": capital,
    "comparative": comparative,
    "superlative": superlative,
    "possessive": possessive,
    "long": long_date,
    "ordinal": ordinal,
}
INFLECTIONS = tuple(_KINDS)
