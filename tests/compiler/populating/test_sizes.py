"""How much is told at once: the documents of one seed, and what an oracle adds in all of them."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Write
from tests.compiler.small import EXPERIMENT, WORLD, read
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import draft
from wug.compiler.populating import sizes

PLAIN = "\n".join(line for line in EXPERIMENT.splitlines() if "arm augmented" not in line)
"""Four facts in two articles each: eight sentences a seed."""


@pytest.mark.parametrize(("seeds", "most", "fits"), [(2, 8, True), (6, 8, True), (2, 7, False)])
def test_trained_sentences_are_counted_seed_by_seed(
    write: Write, monkeypatch: pytest.MonkeyPatch, seeds: int, most: int, fits: bool
) -> None:
    monkeypatch.setattr(sizes, "MOST_SENTENCES", most)
    experiment = read(write, WORLD, PLAIN.replace("seeds 2", f"seeds {seeds}"))
    if fits:
        draft(experiment, Report())
        return
    with pytest.raises(SpecError) as failed:
        draft(experiment, Report())
    (item,) = failed.value.report.items
    assert (item.code, item.help) == ("W0410", "lower 'articles' or 'copies', or the counts of facts")


@pytest.mark.parametrize(("seeds", "fits"), [(2, True), (3, False)])
def test_what_an_oracle_adds_is_counted_in_all_seeds(
    write: Write, monkeypatch: pytest.MonkeyPatch, seeds: int, fits: bool
) -> None:
    monkeypatch.setattr(sizes, "MOST_SENTENCES", 8 + 2 * 16)
    experiment = read(write, WORLD, EXPERIMENT.replace("seeds 2", f"seeds {seeds}"))
    if fits:
        draft(experiment, Report())
        return
    with pytest.raises(SpecError, match="of 56 sentences are told at once"):
        draft(experiment, Report())
