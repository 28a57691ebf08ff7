"""Columns that grow, and lists of one length and of many."""

import numpy as np
import pytest

from wug.compiler.inferring.lists import Column, Lists


def test_a_column_grows_behind_what_it_was_given_first() -> None:
    column, first = Column(np.int32), np.arange(20, dtype=np.int32)
    for values in (first[:0], first, np.arange(3, dtype=np.int32)):
        column.append(values)
    assert column.values.tolist() == [*range(20), 0, 1, 2]


def test_a_column_never_writes_into_what_may_not_be_written() -> None:
    given = np.broadcast_to(np.int32(7), 4)
    column = Column(np.int32)
    column.append(given)
    column.values[0] = 1
    assert (column.values.tolist(), given.tolist()) == ([1, 7, 7, 7], [7, 7, 7, 7])


@pytest.mark.parametrize("width", [0, 1, 2, 3])
def test_lists_of_one_length_are_taken_as_lists_of_any_are(width: int) -> None:
    columns = [np.arange(5, dtype=np.int64) * 10 + place for place in range(width)]
    none = Lists(np.empty(0, np.int32), np.zeros(5, np.int64), np.zeros(5, np.int32))
    whole = Lists.of(columns) if width else none
    rows = np.array([4, 0, 0, 3])
    taken = whole.take(rows)
    assert [taken[row] for row in range(4)] == [whole[row] for row in rows.tolist()]
    ragged = Lists(np.append(whole.flat, np.int32(-1)), np.append(whole.start, 0), np.append(whole.many, 0))
    assert [ragged.take(rows)[row] for row in range(4)] == [taken[row] for row in range(4)]
