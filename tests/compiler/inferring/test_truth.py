"""What is false, where there is too much to look through at once."""

from __future__ import annotations

import numpy as np
import pytest

from tests.compiler.inferring.test_infer import drawn
from wug.compiler.inferring import runs
from wug.compiler.inferring.truth import is_false


def test_halves_are_looked_through_where_all_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    made, populated, closures = drawn("""
      entity person { count 6 }
      relation likes(a: person, b: person) { asymmetric  populate pairs { count 5 } }
      relation avoids(a: person, b: person) { }
      rule avoids(a, b) if likes(a, b), likes(b, a)
      never likes(a, b), avoids(a, c)
    """)
    arguments = np.stack(np.divmod(np.arange(36), 6), axis=1).astype(np.int32)
    asked = made.relations["avoids"], closures, np.zeros(36, np.int32), arguments
    false = is_false(made, populated, *asked)
    likes = set(closures["likes"].facts.arguments[:, 0].tolist())
    assert false.tolist() == [first in likes for first in arguments[:, 0].tolist()]
    most = np.bincount(closures["likes"].facts.arguments[:, 0]).max()
    monkeypatch.setattr(runs, "MOST_PAIRS", int(most))
    assert is_false(made, populated, *asked).tolist() == false.tolist()
    monkeypatch.setattr(runs, "MOST_PAIRS", 0)
    assert not is_false(made, populated, *asked).any(), "what is not looked through is unknown"


def test_a_fact_may_meet_what_is_never_so_by_itself() -> None:
    made, populated, closures = drawn("""
      entity person { count 5 }
      relation likes(a: person, b: person) { populate chain }
      never likes(a, b), likes(b, a)
    """)
    arguments = np.stack(np.divmod(np.arange(25), 5), axis=1).astype(np.int32)
    false = is_false(made, populated, made.relations["likes"], closures, np.zeros(25, np.int32), arguments)
    told = set(map(tuple, closures["likes"].facts.arguments.tolist()))
    assert false.tolist() == [a == b or (b, a) in told for a, b in arguments.tolist()]
