"""Inflections: what English does, and that an invented word is always regular."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.words.inflect import _PLURALS, INFLECTIONS, inflect, long_date

_EXAMPLES = {
    "plural": "dog/dogs fox/foxes lady/ladies day/days child/children sheep/sheep Child/Children wolf/wolves "
    "photo/photos Kennedy/Kennedys bofjex/bofjexes wug/wugs stomach/stomachs",
    "a": "dog/a_dog owl/an_owl unit/a_unit uninvited_guest/an_uninvited_guest hour/an_hour house/a_house "
    "8/an_8 80/an_80 18/an_18 180/a_180 1,800/a_1,800 18,000/an_18,000 1/a_1 NBC/an_NBC CD/a_CD one/a_one "
    "European/a_European",
    "the": "dog/the_dog",
    "capital": "dog/Dog mcGuffin/McGuffin 3_dogs/3_dogs the_dog/The_dog",
    "comparative": "big/bigger bright/brighter happy/happier wise/wiser dangerous/more_dangerous good/better "
    "gentle/gentler clean/cleaner dry/drier grey/greyer new/newer tired/more_tired "
    "well_known/more_well_known red/redder fun/more_fun clever/cleverer",
    "superlative": "big/biggest free/freest careful/most_careful bad/worst easy/easiest",
    "possessive": "cat/cat's dogs/dogs' boss/boss's",
    "long": "2026-11-24/24_November_2026 1950-01-01/1_January_1950",
    "ordinal": "1/1st 2/2nd 3/3rd 4/4th 11/11th 12/12th 13/13th 21/21st 112/112th 1000/1000th",
}


@pytest.mark.parametrize("kind", INFLECTIONS)
def test_examples(kind: str) -> None:
    pairs = [pair.replace("_", " ").split("/") for pair in _EXAMPLES[kind].split()]
    assert inflect(np.array([before for before, _ in pairs]), kind).tolist() == [after for _, after in pairs]


def test_a_text_of_several_words_inflects_its_head() -> None:
    texts = np.array([["red fox", "piece of cake"], ["mother-in-law", "red fox"]])
    assert inflect(texts, "plural").tolist() == [
        ["red foxes", "pieces of cake"],
        ["mothers-in-law", "red foxes"],
    ]


def test_what_has_no_such_form_is_an_error() -> None:
    with pytest.raises(ValueError, match="unpack"):
        inflect(np.array(["tomorrow"]), "long")
    with pytest.raises(ValueError, match="invalid literal"):
        inflect(np.array(["third"]), "ordinal")


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4), max_size=4
    )
)
def test_capitals_of_whatever_is_written(texts: list[str]) -> None:
    given = np.array(texts, np.str_)
    assert inflect(given, "capital").tolist() == [text[:1].upper() + text[1:] for text in texts]
    assert given.tolist() == texts, "what is given stays"


@given(st.lists(st.dates().map(str) | st.sampled_from(["0033-04-03", "9999-12-31"]), max_size=5))
def test_dates_in_words(dates: list[str]) -> None:
    assert inflect(np.array(dates, np.str_), "long").tolist() == [long_date(date) for date in dates]


@pytest.mark.parametrize("date", ["12024-01-01", "2026-13-01", "2026-1-01"])
def test_a_date_that_is_none_is_judged_by_itself(date: str) -> None:
    dates = np.array(["2026-11-24", date])
    try:
        right = [long_date(text) for text in dates.tolist()]
    except IndexError:
        with pytest.raises(IndexError):
            inflect(dates, "long")
    else:
        assert inflect(dates, "long").tolist() == right


_words = st.text("bcdfgklmnprtvz", min_size=1, max_size=2).flatmap(
    lambda onset: st.tuples(
        st.just(onset), st.sampled_from("aiou"), st.sampled_from(["", "b", "n", "x", "y"])
    )
)


_regular = _words.map("".join).filter(lambda word: word not in _PLURALS)


@given(st.lists(_regular, min_size=1, max_size=20, unique=True), st.sampled_from(["plural", "a"]))
def test_no_two_short_words_share_a_form(words: list[str], kind: str) -> None:
    """A form keeps the word it is made of, so that it can be read back."""
    forms = inflect(np.array(words), kind).tolist()
    assert len(set(forms)) == len(words)
    assert all(word[:-1] in form for word, form in zip(words, forms, strict=True))
