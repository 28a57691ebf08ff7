"""Given texts in the runtime: with `loss answer` the completion is the target, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.compiler.conftest import checked
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.tokenizer import read_tokenizer
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.progress import Silent
from wug.runtime.corpus import load

LINES = [("Ann Ash, they say,", " is a pilot."), ("Bob Birch is", " a baker."), ("Cy Cedar", " mines.")]
WORLD = 'wug 1\nworld jobs {\n  given lines from "lines.jsonl"\n}\n'
EXPERIMENT = """wug 1
experiment jobs {
  world "jobs.world"
  train lines
  test who { lines  choices others(1) }
  model speck { layers 1  width 32  heads 2 }
  arm answers { finetune { steps 1  loss answer } }
}
"""


def test_the_completion_is_the_answer(tmp_path: Path) -> None:
    (tmp_path / "wug.lock").touch()
    rows = [json.dumps({"prompt": prompt, "completion": answer}) + "\n" for prompt, answer in LINES]
    (tmp_path / "lines.jsonl").write_text("".join(rows))
    (tmp_path / "jobs.world").write_text(WORLD)
    (tmp_path / "jobs.experiment").write_text(EXPERIMENT)
    experiment = checked(tmp_path / "jobs.experiment")
    assert isinstance(experiment, Experiment)
    compiled = compile_experiment(experiment, Store(tmp_path / "build"), Silent(), Report())
    tokenizer = read_tokenizer((compiled.path / "tokenizer.json").read_text(encoding="utf-8"))
    documents = load(compiled.path, [0]).worlds[0].documents
    assert documents.text_D == tuple(prompt + answer for prompt, answer in LINES)
    for row, (prompt, answer) in enumerate(LINES):
        targets = documents.answer_DT[row]
        assert tokenizer.decode(documents.tokens_DT[row][targets].tolist()) == answer.strip()
        others = documents.tokens_DT[row, 1 : documents.length_D[row] - 1][
            ~targets[1 : documents.length_D[row] - 1]
        ]
        assert tokenizer.decode(others.tolist()) == prompt
    assert np.count_nonzero(documents.answer_DT[:, 0]) == 0
