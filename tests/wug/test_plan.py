"""`wug plan`: before anything is compiled, before a run, and after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.wug.test_lock import told
from wug.cli import main


def test_before_and_after_a_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nothing is compiled: 'wug compile small.experiment'" in told(capsys, "plan", "small.experiment")
    told(capsys, "compile", "small.experiment")
    out = told(capsys, "plan", "small.experiment")
    assert "pretraining   speck" in out
    assert "1 of 1" in out
    assert "known once something was trained here" in out
    told(capsys, "run", "small.experiment")
    out = told(capsys, "plan", "small.experiment")
    assert "nothing" in out
    assert "1 of 1" not in out
    assert "all of it was run" in out
    assert main(["plan", "small.experiment", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["run"] is True
    assert [(each["kind"], each["count"], each["done"]) for each in document["stages"]] == [
        ("pretraining", 1, 1),
        ("scoring", 1, 1),
    ]
    assert main(["plan", "hello.world"]) == 2
