"""The experiments with a real model: well, laid out, and drawn; a tiny model stands in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.conftest import checked
from tests.real import with_tiny_model
from wug import specs
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.emitting.emit import emit_seed
from wug.compiler.experiment import Experiment
from wug.format import format_specs

NAMES = sorted(path.stem for path in (specs() / "experiments" / "real").glob("*.experiment"))


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_with_a_real_model(name: str, tmp_path: Path) -> None:
    path = specs() / "experiments" / "real" / f"{name}.experiment"
    assert not format_specs([path], True, Report())
    experiment = checked(with_tiny_model(path, tmp_path))
    assert isinstance(experiment, Experiment)
    assert experiment.name == name
    report = Report()
    emit_seed(draft(experiment, report, seeds=1), 0, tmp_path)
    assert not report.failed
    finetunes = [arm.finetune for arm in experiment.arms if arm.finetune is not None]
    assert {finetune.lora is None for finetune in finetunes} == {True, False}, "both ways to train"
