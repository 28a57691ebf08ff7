"""Small random worlds: facts, proofs and contradictions that the compiler finds are those of the judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import event, given, settings

from tests.compiler.judge import __main__ as command
from tests.compiler.judged_worlds import judge_random_world
from tests.compiler.random_worlds import worlds


@settings(max_examples=100)
@given(worlds())
def test_random_world(text: str) -> None:
    event(judge_random_world(text).kind)


@settings(max_examples=60)
@given(worlds(layered=True))
def test_random_world_with_layers(text: str) -> None:
    event(judge_random_world(text).kind)


@pytest.mark.slow
@settings(max_examples=2000)
@given(worlds())
def test_many_random_worlds(text: str) -> None:
    event(judge_random_world(text).kind)


@pytest.mark.slow
@settings(max_examples=3000)
@given(worlds(layered=True))
def test_many_random_worlds_with_layers(text: str) -> None:
    event(judge_random_world(text).kind)


def test_the_command_goes_on_from_its_log(tmp_path: Path) -> None:
    log = tmp_path / "judge.jsonl"
    assert command.main(["0", "4", "--block", "2", "--log", str(log)]) == 0
    first = log.read_text()
    assert command.main(["0", "6", "--block", "2", "--log", str(log)]) == 0
    assert log.read_text().startswith(first)
    blocks = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(block["from"], block["to"]) for block in blocks] == [(0, 2), (2, 4), (4, 6)]
    assert sum(block["impossible"] + block["contradictory"] + block["sound"] for block in blocks) == 6


def test_the_command_tells_of_a_disagreement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(text: str) -> None:
        raise AssertionError("the judge says otherwise")

    monkeypatch.setattr(command, "judge_random_world", wrong)
    log = tmp_path / "judge.jsonl"
    assert command.main(["7", "8", "--log", str(log)]) == 1
    assert json.loads(log.read_text())["disagreements"] == [7]
    assert "the judge says otherwise" in capsys.readouterr().out
    assert command.main(["7", "8", "--log", str(log)]) == 1, "what was found is tried again"
    monkeypatch.undo()
    assert command.main(["7", "8", "--log", str(log)]) == 0, "until it is mended"
    assert len(log.read_text().splitlines()) == 3
