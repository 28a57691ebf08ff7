"""Values have one canonical text, an order, and one table for all worlds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wug.compiler.data.typed import ORDERED, canonical_text, key_of, written
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import world_seeds
from wug.compiler.language.source import Source, Span
from wug.compiler.populating.fresh import fresh_values
from wug.compiler.populating.values import column_of, tabulate, texts_of

KEYS = {
    "integer": st.integers(-(10**18) + 1, 10**18 - 1),
    "number": st.integers(-(10**18) + 1, 10**18 - 1),
    "money": st.integers(-(10**14) + 1, 10**14 - 1),
    "date": st.integers(1, date.max.toordinal()),
}
NOWHERE = Span(Source(Path(), "nowhere", ""), 0, 0)


@pytest.mark.parametrize("type", ORDERED)
@given(data=st.data())
def test_a_text_and_its_key_are_one_value(type: str, data: st.DataObject) -> None:
    key = data.draw(KEYS[type])
    assert key_of(type, written(type, key)) == key


@pytest.mark.parametrize(
    ("type", "text", "canonical"),
    [
        ("integer", "007", "7"),
        ("integer", "-3", "-3"),
        ("integer", "1.0", None),
        ("integer", "1,000", None),
        ("number", "2.50", "2.5"),
        ("number", "3.000", "3"),
        ("number", "-0.5", "-0.5"),
        ("number", "0.1234567", None),
        ("number", "1e3", None),
        ("money", "12.5", "12.50"),
        ("money", "12", "12.00"),
        ("money", "12.505", None),
        ("date", "2026-11-24", "2026-11-24"),
        ("date", "2026-02-30", None),
        ("date", "24.11.2026", None),
        ("text", "007", "007"),
    ],
)
def test_canonical_texts(type: str, text: str, canonical: str | None) -> None:
    assert canonical_text(type, text) == canonical


@given(st.lists(st.lists(st.integers(-50, 50), min_size=1), min_size=1, max_size=4))
def test_a_table_is_in_order_and_gives_the_columns_back(columns: list[list[int]]) -> None:
    arrays = [np.array(column) for column in columns]
    values = tabulate("integer", arrays)
    numbers = [values.numbers(array) for array in arrays]
    assert (np.diff(values.keys) > 0).all()
    for array, number in zip(arrays, numbers, strict=True):
        assert (values.texts[number] == texts_of("integer", array)).all()


def test_constants_have_a_place_whether_or_not_they_are_there() -> None:
    values = tabulate("money", [column_of("money", ["9.50", "100.00", "12.00"])])
    assert values.texts.tolist() == ["9.50", "12.00", "100.00"]
    assert (values.index("12"), values.below("12")) == (1, 1)
    assert (values.index("50.00"), values.below("50.00")) == (-1, 2)
    with pytest.raises(ValueError, match="no money"):
        values.index("dear")


@pytest.mark.parametrize(
    ("type", "real"),
    [
        ("integer", ["12", "47", "80"]),
        ("number", ["0.5", "1.5"]),
        ("money", ["9.99", "10.99"]),
        ("date", ["2026-11-24", "2026-11-25"]),
    ],
)
def test_fresh_values_are_others_of_the_same_type(type: str, real: list[str]) -> None:
    made = fresh_values(type, real, world_seeds(20), "r/n", 8, NOWHERE, Report())
    texts = texts_of(type, made)
    assert not np.isin(texts, real).any()
    assert all(len(set(row)) == 8 for row in texts.tolist())
    assert all(canonical_text(type, text) == text for text in texts.reshape(-1).tolist())
