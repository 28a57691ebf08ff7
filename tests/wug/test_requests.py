"""What teachers would be asked is shown before anybody is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.runtime.completions import serving
from wug import specs

ADDRESS = '"http://localhost:9/v1" "small" { requests 50  tokens 5000 }'


def asked(folder: Path, augment: str, *more: str, spoken: str = "", steps: str = "steps 60") -> str:
    shutil.copytree(specs() / "worlds", folder / "worlds", dirs_exist_ok=True)
    (folder / "wug.lock").touch()
    text = (specs() / "experiments" / "hello.experiment").read_text().replace("local by oracle", augment)
    text = text.replace("  arm ", f"{spoken}  arm ", 1)
    text = text.replace("finetune { steps 60", f"finetune {{ {steps}")
    (folder / "hello.experiment").write_text(text.replace("../worlds", "worlds"))
    command = [sys.executable, "-m", "wug", "requests", "hello.experiment", *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_server_is_sent_what_is_shown(tmp_path: Path) -> None:
    told = asked(tmp_path, f"local global by endpoint {ADDRESS}")
    assert "model small, 4 at a time" in told
    assert "limits: 50 requests and 5,000 tokens, of which 0 and 0 are spent" in told
    (each,) = json.loads(asked(tmp_path, f"local global by endpoint {ADDRESS}", "--json"))
    local, all = each["examples"]
    assert (local["scope"], local["context"]) == ("local", [])
    assert all["context"], "the others stand before it"
    assert local["shown"] in local["prompts"][0]
    assert each["texts"] == each["requests"]


def test_a_model_of_the_experiment_is_named(tmp_path: Path) -> None:
    model = "  model dot { layers 1  width 16  heads 2  pretrain { facts 1..2  steps 4  batch 4 } }\n"
    told = asked(tmp_path, "local by model dot", spoken=model)
    assert "augmented: local by model dot, 8 requests" in told


def test_a_base_model_is_sent_what_is_shown(tmp_path: Path) -> None:
    with serving(lambda call: call.say("Nothing.")) as server:
        address = f'"{server.base}" "small" {{ requests 50  tokens 90000  concurrency 1  style base }}'
        (each,) = json.loads(asked(tmp_path, f"local global by endpoint {address}", "--json"))
        told = asked(tmp_path, f"local global by endpoint {address}")
        assert server.calls == []
        command = [sys.executable, "-m", "wug", "run", "hello.experiment"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
        assert done.returncode in (0, 1), done.stderr
    local, all = (example["text"] for example in each["examples"])
    assert local == server.texts[0]
    assert all == server.texts[4], "hello has four documents a world"
    for text in (local, all):
        assert "\n".join(f"  > {line}".rstrip() for line in text.split("\n")) in told
    assert "model small (base: goes on with a text), 1 at a time" in told
    assert each["texts"] == len(server.calls) == 16


def test_the_worlds_that_an_arm_is_tuned_on_are_shown_by_themselves(tmp_path: Path) -> None:
    tune = "tune { steps 10 20  worlds 1 }"
    real, tuning = json.loads(asked(tmp_path, "local by self", "--json", steps=tune))
    assert [(each["arm"], each["tuning"], each["worlds"]) for each in (real, tuning)] == [
        ("augmented", False, 2),
        ("augmented", True, 1),
    ]
    assert real["requests"] == 2 * tuning["requests"] > 0
    assert real["examples"][0]["shown"] != tuning["examples"][0]["shown"]


def test_a_limit_is_for_the_worlds_that_an_arm_is_tuned_on_too(tmp_path: Path) -> None:
    """What will be sent is said for all of them together, and once it is answered nothing is to be sent."""
    with serving(lambda call: call.say("Nothing.")) as server:
        by = f'local by endpoint "{server.base}" "small" {{ requests 11  tokens 90000 }}'
        tune = "tune { steps 10 20  worlds 1 }"
        told = json.loads(asked(tmp_path, by, "--json", steps=tune))
        assert [each["requests"] for each in told] == [8, 4]
        assert "  12 requests to send, 0 answered already" in told[0]["server"]
        assert "the limits may not suffice" in told[0]["server"]
        assert told[1]["server"] == ""
        command = [sys.executable, "-m", "wug", "run", "hello.experiment"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
        assert done.returncode == 1
        assert "the limit of 11 requests is reached; 11 answers are kept" in done.stderr
        assert "  12 requests to send, 0 answered already" in done.stderr
        assert len(server.calls) == 11
        told = json.loads(asked(tmp_path, by, "--json", steps=tune))
        assert "  1 requests to send, 11 answered already" in told[0]["server"]
        assert "of which 11 and" in told[0]["server"]


def test_the_oracle_is_not_asked(tmp_path: Path) -> None:
    assert "no arm of this experiment" in asked(tmp_path, "local by oracle")
