"""What the manifest says of pretraining: that it has read nothing that is asked, and how that is proved."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from tokenizers import Tokenizer

from tests.compiler.conftest import checked
from tests.compiler.emitting.test_audit import Corpus
from wug import specs
from wug.audit import print_audit
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import draft
from wug.compiler.emitting.disjoint import disjoint
from wug.compiler.experiment import Experiment


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("disjoint"))


def test_the_manifest_says_how_it_is_proved(corpus: Corpus) -> None:
    said = json.loads((corpus.path / "manifest.json").read_bytes())["disjoint"]
    assert [each["seed"] for each in said] == [0, 1]
    for each in said:
        assert each["names"] == {
            "person": {"proof": "reserved", "names": 14, "against": 1185},
            "job": {"proof": "reserved", "names": 5, "against": 1185},
        }
        proofs = {name: test["proof"] for name, test in each["tests"].items()}
        assert proofs == {test: "names" for test in proofs if test != "own"} | {"own": "none"}
        assert each["tests"]["own"]["items"] == 3


def test_it_is_so(corpus: Corpus) -> None:
    """Not one word of an episode is a name of a world, read back as text."""
    tokenizer = Tokenizer.from_file(str(corpus.path / "tokenizer.json"))
    rows = np.load(corpus.episodes / "episodes.npy").tolist()
    words = {word.strip(".,?") for text in tokenizer.decode_batch(rows) for word in text.split()}
    assert len(words) > 40
    for of in range(2):
        proofs = (corpus.path / f"seed-{of}" / "proofs.jsonl").read_text().splitlines()
        names = {name for row in map(json.loads, proofs) for name in row["arguments"]}
        assert len(names) == 19
        assert not names & words


@pytest.mark.parametrize("change", ["more", "proof", "missing", "seed"])
def test_the_audit_proves_it_again(change: str, corpus: Corpus, tmp_path: Path) -> None:
    shutil.copytree(corpus.path, tmp_path / "copy")
    path = tmp_path / "copy" / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    if change == "more":
        manifest["disjoint"][1]["names"]["job"]["against"] += 1
    elif change == "proof":
        manifest["disjoint"][1]["tests"]["own"]["proof"] = "names"
    elif change == "missing":
        del manifest["disjoint"][1]
    else:
        manifest["disjoint"].append({**manifest["disjoint"][0], "seed": 2})
    path.write_text(json.dumps(manifest))
    (fault,) = corpus.audit(tmp_path / "copy").faults
    assert (fault.kind, fault.seed) == ("pretraining", 2 if change == "seed" else 1)


def test_the_audit_says_it(corpus: Corpus) -> None:
    out = io.StringIO()
    print_audit(corpus.audit(), Console(file=out, width=200))
    assert "pretraining invents names of 1,185 other words" in out.getvalue()
    assert "nothing proves that pretraining read no question of own" in out.getvalue()


@pytest.mark.parametrize(
    ("name", "proofs"),
    [
        ("elements", {"element": "redrawn"}),
        ("syllogisms", {"syllogism": "numbered", "kind": "reserved"}),
        ("codebooks", {"message": "composed", "word": "reserved"}),
    ],
)
def test_other_names(name: str, proofs: dict[str, str]) -> None:
    experiment = checked(specs() / "experiments" / f"{name}.experiment")
    assert isinstance(experiment, Experiment)
    (said,) = disjoint(draft(experiment, Report(), seeds=1), Report())
    assert {type: said["names"][type]["proof"] for type in proofs} == proofs
    assert {test["proof"] for test in said["tests"].values()} == {"names"}
