"""`wug run` with an arm that a real server writes for, a model that is told what to do, or shown it.

The server is llama.cpp's, with a small real model, and the run is killed in the middle. Between the two
stands a server of our own that passes everything on and remembers it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wug
from tests.runtime.completions import Call, Server, serving
from tests.runtime.llama import SECRET
from wug import specs
from wug.runtime.chat import KEY

pytestmark = pytest.mark.slow

_LISTED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_HELD = 4  # the request in the midst of which the run is killed


class Relay:
    """Passes requests on to a real server, and keeps what it says. Request number `hold` gets no answer."""

    def __init__(self, base: str) -> None:
        self.base, self.hold = base, 0
        self.held, self.let_go = threading.Event(), threading.Event()
        self.replies: list[dict[str, Any]] = []

    def __call__(self, call: Call) -> None:
        body = json.dumps(call.body).encode()
        headers = {"Content-Type": "application/json", "Authorization": call.key or ""}
        address = self.base + call.path.removeprefix("/v1")
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=200) as reply:
            said = reply.read()
        self.hold -= 1
        if not self.hold:
            self.held.set()
            self.let_go.wait(60)
            return
        self.replies.append(json.loads(said))
        call.send(said)


@pytest.fixture
def relay(llama: str) -> Iterator[tuple[Relay, Server]]:
    passing = Relay(llama)
    with serving(passing) as server:
        yield passing, server


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, KEY: SECRET, "PYTHONPATH": str(Path(wug.__file__).parent.parent)}
    command = [sys.executable, "-m", "wug", *arguments]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=900)
    assert process.returncode == 0, err
    return out, err


def experiment(folder: Path, server: str, style: str) -> None:
    """Hello, whose arm `told` is augmented by the server, too."""
    shutil.copytree(specs() / "worlds", folder / "worlds")
    (folder / "wug.lock").touch()
    text = (specs() / "experiments" / "hello.experiment").read_text()
    text = text[: text.index("  expect")].replace("../worlds", "worlds").replace("seeds 2", "seeds 1")
    settings = (
        f"requests 40  tokens 80000  concurrency 1  timeout_s 300  context 1024  max_tokens 48  style {style}"
    )
    told = f'augment local global by endpoint "{server}" "smollm2" {{ {settings} }}'
    (folder / "hello.experiment").write_text(f"{text}  arm told {{ like finetune  {told} }}\n}}\n")


@pytest.mark.parametrize("style", ["instruct", "base"])
def test_a_run_that_a_real_server_writes_for(style: str, relay: tuple[Relay, Server], tmp_path: Path) -> None:
    passing, server = relay
    experiment(tmp_path, server.base, style)
    (planned,) = json.loads(finish(start(tmp_path, "requests", "hello.experiment", "--json"))[0])
    assert planned["requests"] == planned["texts"] == 8

    passing.hold = _HELD
    killed = start(tmp_path, "run", "hello.experiment", "--json")
    assert passing.held.wait(600), "the run did not come so far"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    passing.let_go.set()
    assert len(server.calls) == _HELD
    under_way = server.texts[-1]

    out, err = finish(start(tmp_path, "run", "hello.experiment", "--json"))
    assert f"{planned['texts'] - _HELD + 1} requests to send, {_HELD - 1} answered already" in err
    once = sorted([*set(server.texts), under_way])
    assert sorted(server.texts) == once, "nothing but what was under way is asked again"
    assert len(set(server.texts)) == planned["texts"]
    ways = {"instruct": "/v1/chat/completions", "base": "/v1/completions"}
    assert {call.path for call in server.calls} == {ways[style]}
    if style == "base":
        shown = [example["text"] for example in planned["examples"]]
        assert set(shown) <= set(server.texts)

    document = json.loads(out)
    audit = document["augmentation"]["told"]
    print(f"{style}: {json.dumps(audit)}")
    usage = [reply["usage"] for reply in passing.replies]
    assert len(usage) == planned["texts"]
    assert audit["prompt_tokens"] == sum(each["prompt_tokens"] for each in usage)
    assert audit["tokens"] == sum(each["completion_tokens"] for each in usage)
    lines = [_LISTED.sub("", line) for reply in passing.replies for line in text_of(reply).splitlines()]
    said = [line for line in lines if line.strip()]
    for text in said:
        print(f"  | {text}")
    assert len(said) == audit["texts"] > 0
    assert sum(audit["verdicts"].values()) == audit["texts"] == audit["kept"]
    assert (
        sum(audit["kinds"].values())
        == audit["verdicts"]["entailed_new"] + audit["verdicts"]["entailed_stated"]
    )
    assert sum(each["admissible"] for each in audit["by_kind"].values()) == audit["admissible"]
    assert document["arms"]["told"]["augment_tokens"] == audit["tokens"]

    asked = len(server.calls)
    assert finish(start(tmp_path, "run", "hello.experiment", "--json"))[0] == out
    assert len(server.calls) == asked, "a second run asks nothing"
    written = [path.read_bytes() for path in (tmp_path / "build").rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in each for each in [*written, out.encode(), err.encode()])


def text_of(reply: dict[str, Any]) -> str:
    choice = reply["choices"][0]
    text: str = choice["text"] if "text" in choice else choice["message"]["content"]
    return text
