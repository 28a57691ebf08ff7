"""`wug plan` of a sweep: shared pieces once, what is done, and a thousand variants in no time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.wug.test_lock import told
from tests.wug.test_sweep import NAME, SWEEP
from wug.cli import main
from wug.compiler.checking.check import check
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.compiler.sweeping.compilations import Compilations
from wug.progress import Silent


def test_what_is_left_of_a_sweep(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / NAME).write_text(SWEEP)
    out = told(capsys, "plan", NAME)
    assert "4 variants, 0 of them run, 4 not compiled" in out
    assert "not compiled: test trained count 3, seeds 2\n" in out
    assert not (project / "build" / "small").exists(), "nothing is compiled for it"
    assert len(told(capsys, "compile", NAME).splitlines()) >= 4
    assert stages(capsys) == [("pretraining", "speck", 1, 0), ("scoring", "pretrained", 4, 0)]
    told(capsys, "run", NAME, "--shard", "1/2")
    assert "4 variants, 2 of them run, 0 not compiled" in told(capsys, "plan", NAME)
    assert stages(capsys) == [("pretraining", "speck", 1, 1), ("scoring", "pretrained", 4, 2)]
    told(capsys, "run", NAME)
    assert "all of it was run" in told(capsys, "plan", NAME)


def stages(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, int, int]]:
    assert main(["plan", NAME, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    return [(each["kind"], each["name"], each["count"], each["done"]) for each in document["stages"]]


def test_a_thousand_variants_are_planned_in_less_than_two_seconds(
    project: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (root / "specs" / "experiments" / "hello.experiment").read_text().rstrip().removesuffix("}")
    sweep = """  sweep {
    vary arm finetune  learning_rate 1e-4..1e-1 log 20
    vary arm finetune  steps 10..500 linear 50
  }
}
"""
    (project / NAME).write_text(text.replace("../worlds/", "") + sweep)
    begun = time.process_time()
    assert "1,000 variants, 0 of them run, 1,000 not compiled" in told(capsys, "plan", NAME)
    assert time.process_time() - begun < 2
    told(capsys, "compile", NAME)
    begun = time.process_time()
    found = {(kind, name): (count, done) for kind, name, count, done in stages(capsys)}
    assert time.process_time() - begun < 2
    assert found == {
        ("pretraining", "speck"): (1, 0),
        ("scoring", "pretrained"): (1, 0),
        ("scoring", "icl"): (1, 0),
        ("fine-tuning", "finetune"): (1000, 0),
        ("scoring", "finetune"): (1000, 0),
        ("fine-tuning", "augmented"): (1000, 0),
        ("scoring", "augmented"): (1000, 0),
    }


def test_what_is_found_compiled_is_what_compiling_makes(project: Path) -> None:
    (project / NAME).write_text(SWEEP)
    spec, store = check(Path(NAME), NAME, Report()), Store(project / "build")
    assert isinstance(spec, Experiment)
    first, second = spec.variants[0].experiment, spec.variants[1].experiment
    assert Compilations(store).of(first) is None
    made = compile_experiment(first, store, Silent(), Report())
    found = Compilations(store).of(first)
    assert found is not None
    assert (found.plan, found.path) == (made.plan, made.path)
    assert Compilations(store).of(second) is None
