"""docs/study.md says what came out: every expectation of the study, its verdict and what was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.compiler.conftest import checked
from wug import specs
from wug.compiler.experiment import Experiment
from wug.runtime.report import claim, effect

STUDY = specs() / "experiments" / "study"
NAMES = sorted(path.stem for path in STUDY.glob("*.experiment"))
WORDS = {"supported": "reproduced", "refuted": "refuted", "undecided": "undecided"}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_what_came_out(root: Path, name: str) -> None:
    experiment = checked(STUDY / f"{name}.experiment")
    assert isinstance(experiment, Experiment)
    lines = (root / "docs" / "study.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    results = STUDY / "results" / f"{name}.json"
    if not results.exists():
        said = {row[0]: row[2] for row in cells if len(row) == 3}
        assert all(said[expected.text] == "not run" for expected in experiment.expectations)
        return
    document = json.loads(results.read_bytes())
    assert [each["text"] for each in document["expectations"]] == [e.text for e in experiment.expectations]
    assert max(row["seeds"] for row in document["pooled"]) == experiment.seeds
    rows = {f"{row['arm']}.{row['split']}": row for row in document["pooled"]}
    for each in document["expectations"]:
        told = [row[2:] for row in cells if len(row) == 4 and row[:2] == [each["text"], f"`{claim(each)}`"]]
        found = f"{effect(each)}, n {rows[each['left']]['n']}, {experiment.seeds} worlds"
        assert [WORDS[each["verdict"]], found] in told
