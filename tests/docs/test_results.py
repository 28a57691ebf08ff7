"""docs/study.md and docs/real.md say what came out: every expectation, its verdict and what was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.compiler.conftest import checked
from tests.real import with_tiny_model
from wug import specs
from wug.compiler.experiment import Experiment
from wug.runtime.report import claim, effect

EVERY = specs() / "experiments"
STUDY = {"supported": "reproduced", "refuted": "refuted", "undecided": "undecided"}
REAL = {verdict: verdict for verdict in STUDY}
PAGES = {"study": STUDY, "real": REAL}
"""What a page, which is called like the folder of its experiments, calls the verdicts."""
NAMES = [
    pytest.param(page, path.stem, id=f"{page}/{path.stem}")
    for page in PAGES
    for path in sorted((EVERY / page).glob("*.experiment"))
]


@pytest.mark.parametrize(("page", "name"), NAMES)
def test_the_page_says_what_came_out(root: Path, page: str, name: str, tmp_path: Path) -> None:
    path = EVERY / page / f"{name}.experiment"
    experiment = checked(path if page == "study" else with_tiny_model(path, tmp_path))
    assert isinstance(experiment, Experiment)
    lines = (root / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    document = json.loads((path.parent / "results" / f"{name}.json").read_bytes())
    assert [each["text"] for each in document["expectations"]] == [e.text for e in experiment.expectations]
    assert max(row["seeds"] for row in document["pooled"]) == experiment.seeds
    rows = {f"{row['arm']}.{row['split']}": row for row in document["pooled"]}
    worlds = f"{experiment.seeds} world{'s' * (experiment.seeds > 1)}"
    for each in document["expectations"]:
        told = [row[2:] for row in cells if len(row) == 4 and row[:2] == [each["text"], f"`{claim(each)}`"]]
        found = f"{effect(each)}, n {rows[each['left']]['n']}, {worlds}"
        assert [PAGES[page][each["verdict"]], found] in told
