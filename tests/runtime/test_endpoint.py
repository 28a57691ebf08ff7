from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.completions import Call, Server, completion, echo, serving, slow_echo
from wug.compiler.plan import Endpoint, Sampling
from wug.progress import Silent
from wug.runtime.chat import KEY, LARGEST_COUNT, LARGEST_REPLY
from wug.runtime.endpoint import EndpointTeacher
from wug.runtime.failure import RuntimeFailure, Spent, Stopped
from wug.runtime.interruption import Interruption, interruptible
from wug.runtime.teacher import Generation, Request

SECRET = "sk-a-very-secret-key-0123456789"


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    warn = note


class Desk:
    """A server, and a teacher that asks it; `waits` are the back-offs, which take no time."""

    def __init__(self, server: Server, ledger: Path) -> None:
        self.server, self.ledger = server, ledger
        self.endpoint = Endpoint(server.base, "small", requests=1000, tokens=1_000_000, concurrency=1)
        self.sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=20, stop=("\n",), seed=3)
        self.waits: list[float] = []
        self.heard = Heard()
        self.interruption = Interruption()
        self.wait: Callable[[float], Awaitable[None]] = self._wait

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    @property
    def teacher(self) -> EndpointTeacher:
        return EndpointTeacher(self.endpoint, self.sampling, self.ledger, self.interruption, self.wait)

    def summary(self, *requests: Request) -> str:
        return self.teacher.summary(self.teacher.estimate(requests))

    def change(self, **changes: Any) -> None:
        self.endpoint = dataclasses.replace(self.endpoint, **changes)

    def ask(self, *requests: Request) -> list[Generation]:
        return self.teacher.answer(requests or (Request("r", "", "Hello?"),), self.heard)


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    with serving(echo) as server:
        desk = Desk(server, tmp_path / "ledger.jsonl")
        desk.change(style=getattr(request, "param", "instruct"))
        yield desk


BOTH = pytest.mark.parametrize("desk", ["instruct", "base"], indirect=True)
"""Of a test that a model of either style must pass."""


def requests(count: int) -> list[Request]:
    return [Request(f"r{number}", "", f"Question {number}?") for number in range(count)]


def test_requests_are_answered_in_their_order_with_the_context_first(desk: Desk) -> None:
    desk.change(concurrency=3)
    got = desk.ask(Request("a", "All of it.", "What follows?", samples=2), *requests(4))
    assert [(each.request, each.sample) for each in got] == [
        *(("a", 0), ("a", 1)),
        *((f"r{number}", 0) for number in range(4)),
    ]
    assert got[1] == Generation("a", 1, "You say: All of it.\n\nWhat follows?", "stop", 7, 3)
    assert got[-1].text == "You say: Question 3?"


def test_what_is_sent_says_how_to_sample(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    desk.ask(Request("a", "", "What?"))
    (call,) = desk.server.calls
    seed = call.body.pop("seed")
    assert call.path == "/v1/chat/completions"
    assert call.key is None
    assert 0 <= seed < 2**31
    assert call.body == {
        "model": "small",
        "max_tokens": 20,
        "temperature": 0.7,
        "top_p": 0.9,
        "stop": ["\n"],
        "messages": [{"role": "user", "content": "What?"}],
    }
    desk.sampling = Sampling(top_k=40)
    desk.ask(Request("a", "", "What?"))
    assert desk.server.calls[1].body["top_k"] == 40
    assert "stop" not in desk.server.calls[1].body


@pytest.mark.parametrize("desk", ["base"], indirect=True)
def test_a_base_model_is_sent_a_text_to_go_on_with(desk: Desk) -> None:
    desk.server.behave = lambda call: call.say(" It follows.\nAnd more")
    (got,) = desk.ask(Request("a", "All of it.", "What"))
    (call,) = desk.server.calls
    assert call.path == "/v1/completions"
    assert call.body["prompt"] == "All of it.\n\nWhat"
    assert call.body["stop"] == ["\n"]
    assert "messages" not in call.body
    assert got.text == " It follows.", "a server may say what ends a text"
    assert "model small (base: goes on with a text)" in desk.summary(*requests(1))
    desk.change(style="instruct")
    assert desk.ask(Request("a", "All of it.", "What"))[0].text == " It follows.\nAnd more"


@BOTH
def test_seeds_are_keyed_by_text_and_sample(desk: Desk, tmp_path: Path) -> None:
    three = [Request("a", "", "What?", samples=2), Request("b", "", "Who?")]
    desk.ask(*three)
    seeds = [call.body["seed"] for call in desk.server.calls]
    assert len(set(seeds)) == 3
    desk.ledger = tmp_path / "again.jsonl"
    desk.ask(*reversed(three))
    assert [call.body["seed"] for call in desk.server.calls[3:]] == [seeds[2], *seeds[:2]]


@BOTH
def test_an_endpoint_goes_through_json(desk: Desk) -> None:
    assert Endpoint.from_json(json.loads(json.dumps(desk.endpoint.to_json()))) == desk.endpoint


def cut(call: Call) -> None:
    call.send(completion("half of it")[:30], length=1000)


def slow(call: Call) -> None:
    time.sleep(1)


def dripping(call: Call) -> None:
    """Never silent for long, and never done."""
    call.begin(Content_Length="1000")
    for _ in range(200):
        call.write(b" ")
        time.sleep(0.02)


def no_json(call: Call) -> None:
    call.send(b'{"choices": [{"mess')


def deep(call: Call) -> None:
    call.send(b"[" * 200_000)


def no_text(call: Call) -> None:
    call.send(b"\xff\xfe")


def no_choices(call: Call) -> None:
    call.send(b'{"choices": []}')


def a_list(call: Call) -> None:
    call.send(b"[1, 2]")


def text_of_another_kind(call: Call) -> None:
    call.send(b'{"choices": [{"message": {"content": {"a": 1}}, "text": {"a": 1}}]}')


def overloaded(call: Call) -> None:
    call.fail(503)


PASSING = [cut, slow, dripping, no_json, deep, no_text, no_choices, a_list, text_of_another_kind, overloaded]


@BOTH
@pytest.mark.parametrize("bad", PASSING, ids=lambda bad: bad.__name__)
def test_trouble_that_passes_is_asked_again(desk: Desk, bad: Callable[[Call], None]) -> None:
    desk.server.behave = lambda call: bad(call) if call.attempt <= 2 else echo(call)
    desk.change(timeout_s=0.5 if bad in (slow, dripping) else 20)
    begun = time.monotonic()
    assert desk.ask()[0].text == "You say: Hello?"
    assert len(desk.server.calls) == 3
    assert time.monotonic() - begun < 5
    first, second = desk.waits
    assert 0.5 <= first <= 1 <= second <= 2


@pytest.mark.parametrize("bad", [cut, slow, no_json, a_list, overloaded], ids=lambda bad: bad.__name__)
def test_a_request_that_keeps_failing_does_not_stop_the_rest(desk: Desk, bad: Callable[[Call], None]) -> None:
    desk.server.behave = lambda call: bad(call) if call.text == "Question 1?" else echo(call)
    desk.change(timeout_s=0.2 if bad is slow else 20)
    got = desk.ask(*requests(3))
    assert [each.finish for each in got] == ["stop", "error", "stop"]
    assert got[1] == Generation("r1", 0, "", "error", 0, 0)
    assert desk.server.texts.count("Question 1?") == 5
    assert len(desk.heard.lines) == 1
    assert desk.heard.lines[0].startswith("1 of 3 requests got no answer: ")


def test_waits_are_keyed_and_grow(desk: Desk, tmp_path: Path) -> None:
    desk.server.behave = lambda call: overloaded(call) if call.text == "Question 0?" else echo(call)
    desk.ask(*requests(2))
    assert [bool(2**power / 2 <= wait <= 2**power) for power, wait in enumerate(desk.waits)] == [True] * 4
    before, desk.waits, desk.ledger = desk.waits, [], tmp_path / "again.jsonl"
    desk.ask(*requests(2))
    assert desk.waits == before


def test_the_wait_that_the_server_asks_for_is_kept(desk: Desk) -> None:
    date = formatdate(time.time() + 100, usegmt=True)
    said = iter(["7", date, "soon"])
    desk.server.behave = lambda call: (
        call.fail(429, "slow down", Retry_After=next(said)) if call.attempt <= 3 else echo(call)
    )
    assert desk.ask()[0].finish == "stop"
    assert desk.waits[0] == 7
    assert 90 < desk.waits[1] <= 100
    assert 2 <= desk.waits[2] <= 4


def test_a_server_that_asks_for_an_hour_is_left_alone(desk: Desk) -> None:
    desk.server.behave = lambda call: call.fail(429, "quota used up", Retry_After="3600")
    with pytest.raises(RuntimeFailure, match=r"wait 3,600 s \(HTTP 429: quota used up\): run again then"):
        desk.ask(*requests(3))
    assert desk.waits == []
    assert len(desk.server.calls) == 1


def test_an_endless_text_is_cut_off_and_not_asked_for_again(desk: Desk) -> None:
    sent = []

    def endless(call: Call) -> None:
        call.begin()
        for _ in range(100_000):
            call.write(b"word " * 2000)
            sent.append(10_000)

    desk.server.behave = lambda call: endless(call) if call.text == "Question 0?" else echo(call)
    got = desk.ask(*requests(2))
    assert [each.finish for each in got] == ["error", "stop"]
    assert desk.server.texts == ["Question 0?", "Question 1?"]
    assert f"a reply of more than {LARGEST_REPLY:,} bytes" in desk.heard.lines[0]
    assert sum(sent) < 20 * LARGEST_REPLY


def test_a_compressed_reply_is_not_unpacked(desk: Desk) -> None:
    desk.server.behave = lambda call: call.send(b"", Content_Encoding="gzip")
    with pytest.raises(RuntimeFailure, match="compressed"):
        desk.ask()


@BOTH
def test_what_one_request_is_refused_for_is_not_asked_again(desk: Desk) -> None:
    desk.server.behave = lambda call: call.fail(400, "too long") if "1" in call.text else echo(call)
    assert [each.finish for each in desk.ask(*requests(3))] == ["stop", "error", "stop"]
    assert desk.server.texts == ["Question 0?", "Question 1?", "Question 2?"]
    assert desk.heard.lines == ["1 of 3 requests got no answer: HTTP 400: too long"]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, f"HTTP 401: no: is {KEY} set and right"),
        (404, "HTTP 404: no: are its base and model"),
        (402, "HTTP 402"),
    ],
)
def test_a_server_that_does_not_serve_us_is_asked_once(desk: Desk, status: int, says: str) -> None:
    desk.server.behave = lambda call: call.fail(status)
    with pytest.raises(RuntimeFailure, match=says):
        desk.ask(*requests(20))
    assert len(desk.server.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(desk: Desk, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    with serving(echo) as other:
        desk.server.behave = lambda call: call.fail(status, Location=f"{other.base}/x?{SECRET}")
        with pytest.raises(RuntimeFailure, match=r"sends us on to 'http:.*/x.\[key\]'"):
            desk.ask(*requests(3))
        assert other.calls == []
    assert len(desk.server.calls) == 1


@pytest.mark.parametrize("bad", [overloaded, lambda call: call.fail(400)])
def test_a_server_that_answers_nothing_is_given_up(desk: Desk, bad: Callable[[Call], None]) -> None:
    desk.server.behave = bad
    desk.change(concurrency=4)
    with pytest.raises(RuntimeFailure, match="left 8 requests in a row without an answer: HTTP"):
        desk.ask(*requests(100))
    assert len(set(desk.server.texts)) < 8 + 4
    with pytest.raises(RuntimeFailure, match="answered nothing: HTTP"):
        desk.ask(*requests(3))


def test_a_server_that_breaks_down_is_given_up_and_its_answers_kept(desk: Desk) -> None:
    desk.server.behave = lambda call: echo(call) if int(call.text[9:-1]) < 5 else overloaded(call)
    with pytest.raises(RuntimeFailure, match=r"left 8 requests in a row .*; 5 answers are kept"):
        desk.ask(*requests(50))
    desk.server.behave = echo
    assert all(each.finish == "stop" for each in desk.ask(*requests(50)))
    assert desk.server.texts.count("Question 0?") == 1


def test_nobody_listens(desk: Desk) -> None:
    desk.server.server_close()
    with pytest.raises(RuntimeFailure, match="answered nothing: no connection"):
        desk.ask()
    assert len(desk.waits) == 4


def test_no_proxy_is_asked_the_way_to_this_machine(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert desk.ask()[0].finish == "stop"


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("http://example.org/v1", "http is for servers on this machine"),
        ("http://10.0.0.1/v1", "http is for servers on this machine"),
        ("http://localhost.example.org/v1", "http is for servers on this machine"),
        ("ftp://localhost/v1", "begins with http"),
        ("localhost:8000/v1", "begins with http"),
        ("https://user:word@example.org/v1", "no user and no password"),
        ("https://example.org/v1?key=1", "no '\\?'"),
        ("https://example.org:99999/v1", "not an address"),
        ("https://exa mple.org/v1", "no spaces"),
        ("https://[::1/v1", "not an address"),
    ],
)
def test_an_address_that_nothing_is_sent_to(desk: Desk, base: str, says: str) -> None:
    desk.change(base=base)
    with pytest.raises(RuntimeFailure, match=says):
        desk.ask()


@BOTH
def test_an_answer_of_an_odd_kind(desk: Desk) -> None:
    made = functools.partial(completion, chats=desk.endpoint.style == "instruct")
    said = iter(
        [
            made("cut", finish="length"),
            made("", finish="content_filter"),
            made(None),
            made("no usage").replace(b'"usage"', b'"other"'),
            made("lies", prompt=-5, tokens=True).replace(b'"Hello"', b"0"),
            made("x").replace(b'"x"', b'"half \\ud800 of a pair"'),
        ]
    )
    desk.server.behave = lambda call: call.send(next(said))
    got = desk.ask(*requests(6))
    worst = len("Question 0?") + 64
    assert [(each.text, each.finish, each.prompt_tokens, each.tokens) for each in got] == [
        ("cut", "length", 7, 3),
        ("", "error", 7, 3),
        ("", "stop", 7, 3),
        ("no usage", "stop", worst, 20),
        ("lies", "stop", worst, 20),
        ("half ? of a pair", "stop", 7, 3),
    ]
    desk.ask(*requests(6))
    assert len(desk.server.calls) == 6


@pytest.mark.parametrize("lie", [10**400, LARGEST_COUNT + 1])
def test_a_number_of_tokens_that_cannot_be_is_not_believed(desk: Desk, lie: int) -> None:
    desk.server.behave = lambda call: call.say("x", 7, lie)
    (got,) = desk.ask()
    assert (got.text, got.prompt_tokens, got.tokens) == ("x", 7, 20)
    assert desk.teacher.estimate([Request("r", "", "Hello?")]).tokens_spent == 27
    (warned,) = desk.heard.lines
    assert warned.startswith("small reports more than 10,000,000 tokens of a request (1 times)")


@BOTH
def test_the_key_is_sent_and_nowhere_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(KEY, f" {SECRET}\n")
    caplog.set_level(logging.DEBUG)

    def gossip(call: Call) -> None:
        """Say the key in every place where a server can say something."""
        if call.text == "Question 0?":
            call.fail(400, f"bad key {SECRET}")
        elif call.text == "Question 1?":
            said = completion("x", chats=call.chats)
            call.send(said.replace(b'"x"', f'"Bearer \\u0073{SECRET[1:]}!"'.encode()))
        elif call.text == "Question 2?":
            call.fail(401, f"bad key {SECRET}")

    desk.server.behave = gossip
    assert [each.text for each in desk.ask(*requests(2))] == ["", "Bearer [key]!"]
    with pytest.raises(RuntimeFailure) as failure:
        desk.ask(*requests(3))
    assert {call.key for call in desk.server.calls} == {f"Bearer {SECRET}"}
    told = [desk.summary(*requests(3)), str(failure.value), *desk.heard.lines, caplog.text]
    assert "bad key [key]" in told[1]
    assert f"key: from {KEY}" in told[0]
    assert SECRET not in "\n".join([*told, desk.ledger.read_text(), repr(failure.value.__context__)])


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_not_said(desk: Desk, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(KEY, key)
    with pytest.raises(RuntimeFailure, match="a letter that no key has") as failure:
        desk.ask()
    assert key not in str(failure.value)
    assert desk.server.calls == []


@BOTH
def test_the_limit_of_requests(desk: Desk) -> None:
    desk.change(requests=3, concurrency=2)
    with pytest.raises(Spent, match="the limit of 3 requests is reached; 3 answers are kept"):
        desk.ask(*requests(5))
    assert len(desk.server.calls) == 3
    desk.change(requests=5)
    assert [each.text for each in desk.ask(*requests(5))] == [f"You say: Question {n}?" for n in range(5)]
    assert sorted(desk.server.texts) == [f"Question {n}?" for n in range(5)]


def test_what_is_refused_is_no_request_of_the_limit(desk: Desk) -> None:
    desk.server.behave = lambda call: call.fail(500) if call.attempt == 1 else echo(call)
    desk.change(requests=3)
    assert all(each.finish == "stop" for each in desk.ask(*requests(3)))


WORST = len("Question 0?") + 64 + 20  # of one request's tokens; it takes 10


@BOTH
@pytest.mark.parametrize("concurrency", [1, 4])
def test_the_limit_of_tokens_holds_for_the_worst_case(desk: Desk, concurrency: int) -> None:
    desk.server.behave = lambda call: call.say("long", WORST - 20, 20)
    desk.change(tokens=4 * WORST + 5, concurrency=concurrency)
    with pytest.raises(
        Spent, match=f"380 of the limit of 385 tokens are spent, .* may take {WORST}; 4 answers"
    ):
        desk.ask(*requests(9))
    assert len(desk.server.calls) == 4


def test_what_was_not_taken_can_be_spent(desk: Desk) -> None:
    """With room for the worst case of two, two are under way at a time, and all have room in the end."""
    desk.server.behave = slow_echo
    desk.change(tokens=2 * WORST + 3 * 10 + 5, concurrency=4)
    assert len(desk.ask(*requests(5))) == 5
    assert desk.server.most_at_once <= 3
    assert desk.teacher.estimate(requests(5)).tokens_spent == 50


def test_more_than_was_asked_for_is_booked(desk: Desk) -> None:
    desk.server.behave = lambda call: call.say("very long", 7, 1000)
    desk.change(tokens=1100)
    with pytest.raises(Spent, match="1,007 of the limit of 1,100"):
        desk.ask(*requests(3))


def test_never_more_at_once_than_is_allowed(desk: Desk) -> None:
    all_here = threading.Barrier(3)

    def wait_for_others(call: Call) -> None:
        all_here.wait(10)
        echo(call)

    desk.server.behave = wait_for_others
    desk.change(concurrency=3)
    assert all(each.finish == "stop" for each in desk.ask(*requests(12)))
    assert desk.server.most_at_once == 3


@BOTH
def test_a_killed_run_goes_on_without_asking_again(desk: Desk) -> None:
    """A real process and a real SIGKILL, with one request under way: that one stays booked at its worst."""
    silence = threading.Event()
    desk.server.behave = lambda call: echo(call) if int(call.text[9:-1]) < 3 else (silence.wait(20), None)[1]
    code = f"""
from pathlib import Path
from wug.compiler.plan import Endpoint, Sampling
from wug.progress import Silent
from wug.runtime.endpoint import EndpointTeacher
from wug.runtime.interruption import Interruption
from wug.runtime.teacher import Request
requests = [Request(f"r{{number}}", "", f"Question {{number}}?") for number in range(6)]
endpoint, sampling = Endpoint(**{desk.endpoint.to_json()!r}), Sampling.from_json({desk.sampling.to_json()!r})
EndpointTeacher(endpoint, sampling, Path({str(desk.ledger)!r}), Interruption()).answer(requests, Silent())
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        deadline = time.monotonic() + 60
        while len(desk.server.calls) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        silence.set()
    desk.server.behave = echo
    before = desk.teacher.estimate(requests(6))
    assert (before.answered, before.requests, before.requests_spent) == (3, 3, 4)
    assert before.tokens_spent == 3 * 10 + WORST
    assert [each.text for each in desk.ask(*requests(6))] == [f"You say: Question {n}?" for n in range(6)]
    assert sorted(desk.server.texts) == sorted([f"Question {n}?" for n in range(6)] + ["Question 3?"])


def test_a_ledger_that_was_cut_anywhere_is_read(desk: Desk) -> None:
    desk.ask(*requests(2))
    whole = desk.ledger.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in (last, last + 1, (last + len(whole)) // 2, len(whole) - 2, len(whole) - 1):
        desk.server.calls.clear()
        desk.ledger.write_bytes(whole[:end])
        assert [each.text for each in desk.ask(*requests(2))] == [
            "You say: Question 0?",
            "You say: Question 1?",
        ]
        assert desk.server.texts == ([] if end == len(whole) - 1 else ["Question 1?"])
        asked_again = len(desk.server.calls)
        assert desk.teacher.estimate(requests(2)).requests_spent == 2 + asked_again
        assert desk.ask(*requests(2))[1].finish == "stop"
        assert len(desk.server.calls) == asked_again


def test_another_question_is_another_answer(desk: Desk) -> None:
    """What an answer depends on is asked anew where it changes; a limit or a time-out is no part of that."""
    one = Request("r", "", "Hello?")
    desk.ask(one)
    desk.change(requests=7, tokens=5000, concurrency=2, timeout_s=5)
    desk.ask(one)
    assert len(desk.server.calls) == 1
    desk.ask(dataclasses.replace(one, context="But:"))
    desk.ask(dataclasses.replace(one, id="other"))
    assert len(desk.server.calls) == 2, "what a request is called is not sent"
    desk.sampling = dataclasses.replace(desk.sampling, temperature=0.1)
    desk.ask(one)
    desk.change(model="large")
    desk.ask(one)
    desk.change(style="base")
    desk.ask(one)
    assert len(desk.server.calls) == 5


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped)])
def test_who_asks_to_stop_is_heard_between_requests(
    desk: Desk, number: int, error: type[BaseException]
) -> None:
    def stop(call: Call) -> None:
        if call.text == "Question 2?":
            desk.interruption.signal = number
            time.sleep(0.3)
        echo(call)

    desk.server.behave = stop
    with pytest.raises(error):
        desk.ask(*requests(9))
    assert desk.server.texts == ["Question 0?", "Question 1?", "Question 2?"]
    assert desk.teacher.estimate(requests(9)).answered == 3


def test_who_asks_to_stop_does_not_wait_for_a_back_off(desk: Desk) -> None:
    async def forever(seconds: float) -> None:
        desk.interruption.signal = signal.SIGINT
        await asyncio.Event().wait()

    desk.wait = forever
    desk.server.behave = overloaded
    with pytest.raises(KeyboardInterrupt):
        desk.ask(*requests(3))
    assert len(desk.server.calls) == 1


def test_who_asks_twice_is_heard_at_once(desk: Desk) -> None:
    silence = threading.Event()

    def hang(call: Call) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
        silence.wait(20)

    desk.server.behave = hang
    begun = time.monotonic()
    with interruptible(desk.heard.note) as desk.interruption, pytest.raises(KeyboardInterrupt):
        desk.ask(*requests(3))
    silence.set()
    assert time.monotonic() - begun < 10
    assert len(desk.server.calls) == 1


def test_what_was_paid_for_is_no_part_of_another_limit(desk: Desk) -> None:
    """A limit counts what was sent for just these requests; what others had answered costs nothing."""
    desk.ask(*requests(3))
    desk.change(requests=2)
    assert desk.teacher.estimate(requests(5)).requests_spent == 0
    assert len(desk.ask(*requests(5))) == 5
    assert sorted(desk.server.texts) == [f"Question {n}?" for n in range(5)]
    assert desk.teacher.estimate(requests(5)).requests_spent == 2
    with pytest.raises(Spent, match="7 answers are kept"):
        desk.ask(*requests(8))
    of = desk.teacher.estimate(requests(9), coming=desk.teacher.asks(requests(8)))
    assert (of.requests, of.coming, of.answered) == (1, 1, 7)
    assert "1 requests to send, 7 answered already, 1 asked for an arm before" in desk.teacher.summary(of)


def test_what_has_no_answer_is_asked_again_the_next_time(desk: Desk) -> None:
    desk.server.behave = lambda call: call.fail(400, "too long") if "1" in call.text else echo(call)
    for times in (1, 2):
        assert [each.finish for each in desk.ask(*requests(3))] == ["stop", "error", "stop"]
        assert desk.server.texts.count("Question 1?") == times
        assert desk.heard.lines == ["1 of 3 requests got no answer: HTTP 400: too long"] * times
        assert len(desk.teacher.missing(requests(3))) == 1
    desk.server.behave = echo
    assert all(each.finish == "stop" for each in desk.ask(*requests(3)))
    assert desk.teacher.missing(requests(3)) == []
    calls = len(desk.server.calls)
    assert desk.teacher.recall(requests(3)) == desk.ask(*requests(3))
    assert len(desk.server.calls) == calls == 5


def test_two_at_once_ask_nothing_twice(desk: Desk) -> None:
    """Two runs share a ledger: the second waits for the first, and then knows what that was told."""
    desk.server.behave = slow_echo
    got: list[list[Generation]] = []

    def ask() -> None:
        got.append(desk.ask(*requests(6)))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [got[0]] * 3
    assert sorted(desk.server.texts) == [f"Question {n}?" for n in range(6)]
    assert "another run is asking small: waiting for it" in desk.heard.lines
    assert all(json.loads(line) for line in desk.ledger.read_bytes().split(b"\n") if line)


def test_an_estimate_sends_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    desk.ask(*requests(1))
    desk.change(requests=3)
    asked = [*requests(1), Request("a", "x" * 100, "y" * 198, samples=4)]
    of = desk.teacher.estimate(asked)
    assert (of.requests, of.answered, of.characters) == (4, 1, 1200)
    assert (of.prompt_tokens, of.answer_tokens) == (500, 80)
    assert desk.summary(*asked).splitlines()[1:] == [
        "  4 requests to send, 1 answered already",
        "  about 500 tokens of prompts (1,200 characters), at most 80 of answers",
        "  limits: 3 requests and 1,000,000 tokens, of which 0 and 0 are spent",
        f"  key: none ({KEY} is not set)",
        "  the limits may not suffice for all of it: what is answered by then is kept",
    ]
    assert len(desk.server.calls) == 1


def test_nothing_to_ask_is_nothing_to_send(desk: Desk) -> None:
    assert desk.teacher.answer([], desk.heard) == []
    assert not desk.ledger.exists()
