"""`wug run` of a folder: every experiment in it, one that fails among them, and one table of verdicts."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from wug import specs
from wug.cli import main
from wug.runtime.verdicts import print_verdicts

EXPERIMENT = """wug 1
experiment NAME {
  world "hello.world"
  seeds 2
  train exceeds in forward { articles 1 }
  test trained { exceeds in forward  choices contradiction }
  model speck { layers 1  width 16  heads 2  context 128  pretrain { facts 2  steps 2  batch 2 } }
  arm pretrained { }
  expect "CLAIM" pretrained.trained BOUND
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three experiments, of which the first is wrong."""
    (tmp_path / "wug.lock").touch()
    (tmp_path / "hello.world").write_text((specs() / "worlds" / "hello.world").read_text())
    for name, claim, bound in (("b", "at times", "> 0"), ("c", "always", "> 1.5")):
        text = EXPERIMENT.replace("NAME", name).replace("CLAIM", claim).replace("BOUND", bound)
        (tmp_path / f"{name}.experiment").write_text(text)
    (tmp_path / "a.experiment").write_text("wug 1\nexperiment a { }\n")
    return tmp_path


def test_all_are_run_and_the_worst_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert "error W0501" in err
    assert err.index("a.experiment") < err.index("b.experiment") < err.index("c.experiment")
    assert "at times" in out
    first, second = (line.split() for line in out.splitlines() if "did not" in line or "compile" in line)
    assert first == ["a", "did", "not", "✗", "failed", "–", "–", "–"]
    assert second == ["compile"]
    assert "✗ refuted" in out
    assert "2 expectations: 1 supported, 1 refuted, 0 undecided" in out
    assert "b: pretraining 0 fell short" in out
    assert main(["run", str(folder), "--json"]) == 1
    documents = json.loads(capsys.readouterr().out)
    assert [document["name"] for document in documents] == ["b", "c"]
    for name in ("a", "c"):
        (folder / f"{name}.experiment").unlink()
    assert main(["run", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "1 expectations: 1 supported" in out
    assert "did not" not in out


def test_a_folder_without_experiments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(tmp_path)]) == 2
    assert "there is no .experiment in" in capsys.readouterr().err


def test_the_table_says_how_many_questions_seeds_and_pretrainings() -> None:
    stream = io.StringIO()
    row = {"arm": "icl", "split": "reversal", "n": 1280, "seeds": 8}
    found = {"measured": "difference", "effect": 0.31, "low": 0.2, "high": 0.42, "reason": ""}
    said = {
        "text": "context reverses",
        "op": ">",
        "margin": 0.0,
        "left": "icl.reversal",
        "verdict": "supported",
    }
    failed = {
        **said,
        "left": "lost.reversal",
        "verdict": "undecided",
        "effect": None,
        "reason": "it came apart",
    }
    turned = {**said, "left": "0.5", "op": "<", "right": "icl.reversal +0.1"}
    document = {
        "name": "small",
        "pooled": [row],
        "arms": {"icl": {"model": "small"}, "lost": {"model": "small"}},
        "pretraining": [
            {"model": "small", "seed": 0, "reached": True},
            {"model": "small", "seed": 1, "reached": False},
        ],
        "expectations": [
            {"right": "0.5", **found, **said},
            {"right": "0.5", **found, **failed},
            {**found, **turned},
        ],
    }
    print_verdicts([document], Console(file=stream, width=140))
    large = {**row, "arm": "above"}
    document["pooled"].append(large)
    document["arms"]["above"] = {"model": "large"}
    document["pretraining"].append({"model": "large", "seed": 0, "reached": False})
    document["expectations"] = [{**found, **said, "right": "above.reversal"}]
    print_verdicts([document], Console(file=stream, width=140))
    lines = stream.getvalue().splitlines()
    assert sum(line.split()[-3:] == ["1,280", "8", "2"] for line in lines) == 2
    assert any("it came apart" in line and line.split()[-3:] == ["–", "–", "2"] for line in lines)
    assert "+0.31 [+0.20, +0.42]" in stream.getvalue()
    assert "3 expectations: 2 supported, 0 refuted, 1 undecided" in stream.getvalue()
    assert "small: pretraining 1 fell short of what was asked for" in stream.getvalue()
    assert any(line.split()[-3:] == ["1,280", "8", "1"] for line in lines), "the fewer of two models"
    assert "small: pretrainings small 1, large 0 fell short of what was asked for" in stream.getvalue()
