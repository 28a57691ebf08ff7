"""The teacher `endpoint` and a server that others wrote: llama.cpp's, with SmolLM2-135M, on the processor."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.runtime.llama import SECRET
from wug.compiler.plan import Endpoint, Sampling
from wug.progress import Silent
from wug.runtime.chat import KEY, most_prompt_tokens
from wug.runtime.endpoint import EndpointTeacher
from wug.runtime.failure import RuntimeFailure
from wug.runtime.interruption import Interruption
from wug.runtime.teacher import Request

pytestmark = pytest.mark.slow

CONTEXT = "Zumbof are taller than kezlix. Kezlix are louder than pirdan. Pirdan are brighter than zumbof."


@pytest.fixture
def endpoint(llama: str, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    monkeypatch.setenv(KEY, SECRET)
    return Endpoint(llama, "smollm2", requests=20, tokens=20_000, concurrency=2, timeout_s=120)


def teacher(endpoint: Endpoint, sampling: Sampling, ledger: Path) -> EndpointTeacher:
    return EndpointTeacher(endpoint, sampling, ledger, Interruption())


def test_it_answers_within_what_was_booked(endpoint: Endpoint, tmp_path: Path) -> None:
    asked = [
        Request("local", "Zumbof are taller than kezlix.", "Say this in other words.", samples=2),
        Request("global", CONTEXT, "What follows from these statements?", samples=2),
    ]
    sampling = Sampling(temperature=1.0, top_p=0.95, max_tokens=24, stop=("\n",), seed=1)
    ledger = tmp_path / "ledger.jsonl"
    estimate = teacher(endpoint, sampling, ledger).estimate(asked)
    print(teacher(endpoint, sampling, ledger).summary(estimate))
    got = teacher(endpoint, sampling, ledger).answer(asked, Silent())
    for each in got:
        print(each)
    assert [(each.request, each.sample) for each in got] == [
        *(("local", 0), ("local", 1), ("global", 0), ("global", 1))
    ]
    for each in got:
        request = next(request for request in asked if request.id == each.request)
        assert each.finish in ("stop", "length")
        assert each.text
        assert "\n" not in each.text
        assert 0 < each.tokens <= 24
        assert 0 < each.prompt_tokens <= most_prompt_tokens(f"{request.context}\n\n{request.prompt}")
    assert got[0].text != got[1].text
    after = teacher(endpoint, sampling, ledger).estimate(asked)
    assert after.tokens_spent == sum(each.prompt_tokens + each.tokens for each in got)
    assert after.requests_spent == 4
    assert 0.7 < estimate.prompt_tokens / sum(each.prompt_tokens for each in got) < 1.4
    nowhere = dataclasses.replace(endpoint, timeout_s=0.001)  # all is in the ledger: nothing is sent
    assert teacher(nowhere, sampling, ledger).answer(asked, Silent()) == got
    assert SECRET not in ledger.read_text()


def test_without_a_draw_it_says_the_same_again(endpoint: Endpoint, tmp_path: Path) -> None:
    asked = [Request("a", "", "What is the capital of France?")]
    sampling = Sampling(max_tokens=12)
    texts = [
        teacher(endpoint, sampling, tmp_path / name).answer(asked, Silent())[0].text
        for name in ("one.jsonl", "two.jsonl")
    ]
    assert texts[0]
    assert texts[0] == texts[1]


def test_a_context_that_it_cannot_hold_fails_alone(endpoint: Endpoint, tmp_path: Path) -> None:
    asked = [Request("long", CONTEXT * 100, "What follows?"), Request("short", CONTEXT, "What follows?")]
    got = teacher(endpoint, Sampling(max_tokens=4), tmp_path / "ledger.jsonl").answer(asked, Silent())
    assert [each.finish for each in got] == ["error", "length"]


def test_a_wrong_key_is_told(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "sk-another-0123456789")
    with pytest.raises(RuntimeFailure, match=f"HTTP 401: Invalid API Key: is {KEY} set and right"):
        teacher(endpoint, Sampling(), tmp_path / "ledger.jsonl").answer([Request("a", "", "b")], Silent())
