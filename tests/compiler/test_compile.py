"""What a spec's identity is: keys, bytes, and what a change elsewhere leaves as it was."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.conftest import Write, checked
from tests.compiler.small import EXPERIMENT, WORLD, read
from wug import specs
from wug.compiler.canonical import digest
from wug.compiler.compile import compile_experiment, compile_world
from wug.compiler.diagnosis.diagnostics import Report, SpecError
from wug.compiler.draft import draft
from wug.compiler.emitting.emit import emit_seed, write_manifest
from wug.compiler.emitting.episodes import compile_probe
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.experiment import Experiment, probed_tests
from wug.compiler.populating.sheets import characters, read_data
from wug.compiler.store import Store
from wug.compiler.versions import CORPUS_VERSION
from wug.progress import Silent

SHIPPED = sorted(path.stem for path in (specs() / "experiments").glob("*.experiment"))


def corpus(experiment: Experiment, folder: Path) -> str:
    """The hash of all JSON lines, as the manifest has it."""
    drawn = draft(experiment, Report())
    for of in range(experiment.seeds):
        seed = folder / f"seed-{of}"
        seed.mkdir(parents=True)
        emit_seed(drawn, of, seed)
    write_manifest(folder, {})
    return str(json.loads((folder / "manifest.json").read_bytes())["corpus"])


# The shipped specs


def test_golden_corpora(golden: Callable[[str, str], None], tmp_path: Path) -> None:
    """A corpus that changes for the same spec needs a higher CORPUS_VERSION: else old ones pass for new."""
    lines = [f"CORPUS_VERSION {CORPUS_VERSION}"]
    for name in SHIPPED:
        experiment = checked(specs() / "experiments" / f"{name}.experiment")
        assert isinstance(experiment, Experiment)
        lines.append(f"{name} {corpus(experiment, tmp_path / name)}")
    golden("corpora.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_test_of_a_shipped_spec_is_probed(name: str) -> None:
    """A fresh world is small: some facts in it have no other value beside theirs, and are not asked."""
    experiment = checked(specs() / "experiments" / f"{name}.experiment")
    assert isinstance(experiment, Experiment)
    report = Report()
    table = characters(read_data(experiment.world, report))
    learner = experiment.models[0]
    probe = compile_probe(experiment, learner, build_tokenizer(experiment.world, table), report)
    assert not report.items
    wanted = probed_tests(experiment.world, experiment.tests, experiment.trains, learner.episodes)
    assert set(probe.kinds) == {f"{test.relation}.{test.form}" for test in wanted}
    assert np.bincount(probe.kind, minlength=len(probe.kinds)).min() >= 50
    assert (probe.choices[:, 0] != probe.choices[:, 1]).any(axis=1).all()


def test_other_hash_seeds_give_the_same_bytes(write: Write, tmp_path: Path, small: Experiment) -> None:
    """Two processes that order their sets and dicts otherwise write the same files, the binary ones too."""
    found = []
    for seed in ("1", "4242"):
        build = tmp_path / f"build-{seed}"
        command = [
            sys.executable,
            "-m",
            "wug",
            "compile",
            str(tmp_path / "small.experiment"),
            "--build",
            str(build),
        ]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        files = [path for path in build.rglob("*") if path.is_file() and path.suffix != ".lock"]
        found.append({str(path.relative_to(build)): digest(path.read_bytes()) for path in files})
    assert found[0] == found[1]
    names = {Path(name).name for name in found[0]}
    assert {"documents.parquet", "items.jsonl", "episodes.npy", "tokenizer.json", "manifest.json"} <= names


def test_a_model_with_less_context_is_refused_although_the_corpus_is_there(
    small: Experiment, write: Write, tmp_path: Path
) -> None:
    store = Store(tmp_path / "build")
    compile_experiment(small, store, Silent(), Report())
    changed = read(write, WORLD, EXPERIMENT.replace("context 200", "context 64"))
    with pytest.raises(SpecError) as caught:
        compile_experiment(changed, store, Silent(), Report())
    assert {item.code for item in caught.value.report.items} == {"W0502"}


def test_a_second_compile_writes_nothing(small: Experiment, tmp_path: Path) -> None:
    store = Store(tmp_path / "build")
    first = compile_experiment(small, store, Silent(), Report())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")}
    assert compile_experiment(small, store, Silent(), Report()) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")} == before
    assert compile_world(small.world, store, Silent(), Report()).is_dir()


def test_the_manifest_hashes_every_file(small: Experiment, tmp_path: Path) -> None:
    folder = compile_experiment(small, Store(tmp_path / "build"), Silent(), Report()).path
    manifest = json.loads((folder / "manifest.json").read_bytes())
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == files - {"manifest.json"}
    for name, value in manifest["files"].items():
        assert digest((folder / name).read_bytes()) == value
    assert manifest["counts"]["items"] == {"trained": 8, "reversal": 8}
    assert manifest["seeds"] == [0, 1]
    card = (folder / "README.md").read_text()
    assert "## Test items" in card
    assert "chance 0.50, best constant answer 0.50" in card
    reworded = dataclasses.replace(small, doc="Another comment.")
    other = compile_experiment(reworded, Store(tmp_path / "other"), Silent(), Report()).path
    assert (other.name, (other / "README.md").read_text()) == (folder.name, card), "the card is never stale"
