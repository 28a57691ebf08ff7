"""The experiments of the study, re-run: well, laid out, and compiled with one world each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.conftest import checked
from wug import specs
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.emitting.emit import emit_seed
from wug.compiler.experiment import Experiment
from wug.format import format_specs

STUDY = sorted((specs() / "experiments" / "study").glob("*.experiment"))


@pytest.mark.parametrize("path", STUDY, ids=lambda path: path.stem)
def test_an_experiment_of_the_study(path: Path, tmp_path: Path) -> None:
    experiment = checked(path)
    assert isinstance(experiment, Experiment)
    assert experiment.name == path.stem
    assert experiment.seeds >= (4 if path.stem == "semantic" else 8)
    report = Report()
    assert not format_specs([path], True, report)
    emit_seed(draft(experiment, report, seeds=1), 0, tmp_path)
    assert not report.failed
    asked = {each.name for each in experiment.tests}
    assert {
        term.split for each in experiment.expectations for term in (each.left, each.right) if term.arm
    } <= asked
    assert {"pretrained", "finetune", "augmented", "hybrid"} <= {arm.name for arm in experiment.arms}
