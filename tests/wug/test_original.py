"""The published reversal-curse data as it is. It is not shipped: WUG_DATA names a folder that holds
`celebrities`, or it lies in ../shared/data beside the project; elsewhere what needs it is skipped."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.compiler.conftest import checked, findings
from wug import specs
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.audit import audit
from wug.compiler.experiment import Experiment
from wug.compiler.language.parse import read_source
from wug.compiler.layout.formatter import formatted
from wug.compiler.store import Store
from wug.progress import Silent

SPECS = sorted((specs() / "original").iterdir())
EXPERIMENT = "celebrities_original.experiment"
DATA = Path(os.environ.get("WUG_DATA", specs().resolve().parent.parent / "shared" / "data")) / "celebrities"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The specs, as a user copies them."""
    (tmp_path / "wug.lock").touch()
    for path in SPECS:
        shutil.copy(path, tmp_path)
    return tmp_path


def test_without_the_data_the_check_says_which_file_is_missing(folder: Path) -> None:
    items = findings(folder / EXPERIMENT, EXPERIMENT, folder / "build")
    assert {item.code for item in items} == {"W0403"}
    assert "all_prompts_train.jsonl" in items[0].message


@pytest.mark.skipif(not DATA.is_dir(), reason="the data of arXiv 2309.12288 is not here")
def test_the_published_data_compiles_as_it_is(folder: Path) -> None:
    shutil.copytree(DATA, folder / "data" / "celebrities")
    experiment = checked(folder / EXPERIMENT)
    assert isinstance(experiment, Experiment)
    store = Store(folder / "build")
    compiled = compile_experiment(experiment, store, Silent(), Report())
    episodes = store.path(f"{experiment.name}/episodes", compiled.plan.models[0].pretraining_key)
    assert not audit(experiment, compiled.path, [episodes], Report()).faults
    seed = compiled.path / "seed-0"
    documents = [json.loads(line)["text"] for line in (seed / "documents.jsonl").open(encoding="utf-8")]
    lines = [
        json.loads(line)
        for line in (DATA / "all_prompts_train.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert documents == [line["prompt"] + line["completion"] for line in lines]
    items = [json.loads(line) for line in (seed / "items.jsonl").open(encoding="utf-8")]
    assert len(items) == 4 * 300
    assert all(len(set(item["choices"])) == 4 for item in items)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_the_specs_are_laid_out(path: Path) -> None:
    source = read_source(path, path.name, Report())
    assert source is not None
    assert formatted(source, Report()) == source.text
