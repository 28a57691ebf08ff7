"""The worlds that arms are tuned on, apart from those of the experiment, and what is asked of them.

Their seeds are drawn under a name of their own, so no world of the experiment is among them. What is asked
there is what the training documents state, in the form that is asked for; and what reads as an item of a test
of the experiment, in whatever world of it, is left out. So nothing that is asked of an arm in earnest has a
part in how it is tuned.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from wug.compiler.asking.questions import Items
from wug.compiler.asking.tuned import tuned_on
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft, draft
from wug.compiler.emitting.files import read_rows
from wug.compiler.experiment import Experiment

SEEDS = "tuning"
"""What the seeds of these worlds are drawn under."""


def tuning_draft(experiment: Experiment, corpus: Path, report: Report) -> Draft:
    """The worlds that the arms of an experiment are tuned on; `corpus` is where it is compiled. Raises
    SpecError, W0511 where a world has nothing to tune on."""
    drawn = draft(tuned_on(experiment), report, kind=SEEDS)
    asked = _asked(corpus, experiment.seeds)
    said = _trained(drawn)
    stated, tests = 0, []
    for items in drawn.tests:
        pairs = zip(items.world.tolist(), drawn.statements(items).tolist(), strict=True)
        trained = np.array([pair in said for pair in pairs], bool)
        apart = np.array([text not in asked for text in items.statement().tolist()], bool)
        stated += int(trained.sum())
        tests.append(items.take(np.flatnonzero(trained & apart)))
    _check_some(drawn, tests, stated, report)
    return dataclasses.replace(drawn, tests=tuple(items for items in tests if len(items)))


def _asked(corpus: Path, seeds: int) -> frozenset[str]:
    """Every question of the experiment with its right answer, as it reads."""
    return frozenset(
        row["cue"] + row["choices"][row["answer"]]
        for seed in range(seeds)
        for row in read_rows(corpus / f"seed-{seed}" / "items.parquet")
    )


def _trained(drawn: Draft) -> frozenset[tuple[int, str]]:
    """What the training documents of each world state: world, statement."""
    said, documents = drawn.documents.sentences, drawn.documents
    of, sets = documents.world[said.document], documents.set[said.document]
    rows = zip(of.tolist(), said.statement.tolist(), sets.tolist(), strict=True)
    return frozenset((world, statement) for world, statement, name in rows if name == "train")


def _check_some(drawn: Draft, tests: list[Items], stated: int, report: Report) -> None:
    """Every world must have something to tune on; `stated` is of how many questions training states all."""
    there = np.concatenate([items.world for items in tests])
    if np.all(np.bincount(there, minlength=len(drawn.seeds)) > 0):
        return
    arm = next(arm for arm in drawn.experiment.arms if arm.tune is not None)
    message = f"arm '{arm.name}' has nothing to be tuned on: no test asks for what training states"
    help = "ask for trained facts in the form that is trained"
    if stated:
        message = (
            f"arm '{arm.name}' has too little to be tuned on: of {stated:,} questions about what is trained "
            f"in other worlds {stated - len(there):,} read as questions of the tests"
        )
        help = "give the form a wording that is 'held', and let no test ask in it"
    report.fail("W0511", message, arm.span, help=help)
