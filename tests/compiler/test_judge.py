"""An independent reading of specs agrees with all that the compiler writes: facts, proofs, keys, views."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.compiler.conftest import checked
from tests.compiler.judge.case import Case
from tests.compiler.judge.updates import judge_update
from tests.compiler.random_experiments import experiments
from wug import specs
from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import draft, world_seeds
from wug.compiler.emitting.emit import emit_seed
from wug.compiler.emitting.updates import emit_updated
from wug.compiler.experiment import Experiment

SHIPPED = sorted(path.stem for path in (specs() / "experiments").glob("*.experiment"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_spec(name: str, tmp_path: Path) -> None:
    path = specs() / "experiments" / f"{name}.experiment"
    experiment = checked(path)
    assert isinstance(experiment, Experiment)
    drawn = draft(experiment, Report())
    world_path = path.parent / re.findall(r'\bworld\s+"([^"]*)"', path.read_text())[0]
    updated = re.findall(r'\bupdate\s+from\s+"([^"]*)"', path.read_text())
    for of in range(experiment.seeds):
        folder = tmp_path / str(of)
        folder.mkdir()
        emit_seed(drawn, of, folder)
        emit_updated(drawn, of, folder)
        given = path.read_text(), preambles(experiment)
        old = [Case(folder / "before", whole(path.parent / name), *given) for name in updated]
        case = Case(folder, whole(world_path), *given, *old)
        case.all_is_right()
        if old:
            judge_update(case, folder)


def whole(path: Path) -> str:
    """A world with what it imports behind it."""
    text = path.read_text()
    return text + "".join(whole(path.parent / name) for name in re.findall(r'^import "([^"]*)"', text, re.M))


def preambles(experiment: Experiment) -> set[str]:
    return {text for train in experiment.trains for text in train.preambles}


REFUSED = {"W0401", "W0408", "W0501", "W0503"}
"""What may be wrong with a random experiment: contradictions, no items, no false choices."""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(experiments())
def test_random_experiment(tmp_path_factory: pytest.TempPathFactory, both: tuple[str, str]) -> None:
    judge_random_experiment(tmp_path_factory, both)


@pytest.mark.slow
@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(experiments())
def test_many_random_experiments(tmp_path_factory: pytest.TempPathFactory, both: tuple[str, str]) -> None:
    judge_random_experiment(tmp_path_factory, both)


def judge_random_experiment(tmp_path_factory: pytest.TempPathFactory, both: tuple[str, str]) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "drawn.world").write_text(both[0])
    (folder / "drawn.experiment").write_text(both[1])
    report = Report()
    try:
        experiment = check(folder / "drawn.experiment", "drawn.experiment", report)
        report.stop_if_failed()
        assert isinstance(experiment, Experiment)
        drawn = draft(experiment, report)
    except SpecError as error:
        codes = {item.code for item in error.report.items if item.severity == "error"}
        event(f"refused {codes}")
        assert codes <= REFUSED, codes
        return
    event("judged")
    event("paragraphs" if "train about" in both[1] else "sentences")
    event("free answers" if "generate" in both[1] else "choices alone")
    for of in range(experiment.seeds):
        seed = folder / str(of)
        seed.mkdir()
        emit_seed(drawn, of, seed)
        Case(seed, *both, preambles(experiment)).all_is_right()
    assert np.array_equal(drawn.seeds, world_seeds(2))
