"""The ledger of an endpoint: what was sent, what was answered, and what that has cost, on disk as it happens.

Each server and model has one, which all experiments of a store share: what was answered once is known to all
of them, and only one of them asks for more at a time. A request is booked for the plan that sends it, at its
worst before it is sent, and at what it really took once its answer is here. Where a process was killed in
between nobody knows what the server did, so the worst stays booked: a limit holds over any number of kills.
An answer is on the disk before it counts, and is never paid for twice.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from wug.compiler.plan import Endpoint
from wug.compiler.store import Store, environment, mark
from wug.runtime.keys import canonical, digest
from wug.runtime.teacher import Finish


@dataclass(frozen=True)
class Answer:
    """What a server said, and the tokens that were booked for it."""

    text: str
    finish: Finish
    prompt_tokens: int
    tokens: int


FOLDER = "teachers"
"""Where a store has its ledgers, beside the experiments."""


def ledger_of(store: Store, endpoint: Endpoint) -> Path:
    """The ledger of a server and model in a store."""
    return store.root / FOLDER / f"{digest(canonical([endpoint.base, endpoint.model]))}.jsonl"


class Ledger:
    """A file of events, one JSON object a line, only ever added to. Use `writing` around what adds.

    `requests` and `tokens` are what was spent for a `plan`, the digest of all that it asks.
    """

    def __init__(self, path: Path, plan: str) -> None:
        self._path, self._plan = path, plan
        self._file: IO[bytes]
        self._read()

    def _read(self) -> None:
        # what is booked for a request that was sent and not answered, and whether it is this plan's
        self._open: dict[str, tuple[int, bool]] = {}
        self.answers: dict[str, Answer] = {}
        self.requests = self.tokens = 0
        for event in self._events():
            self._book(event)

    @contextmanager
    def writing(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the file open and locked, and know what others have added. `waiting` is called once where
        another process holds it. Raises EnvironmentFailure where the machine refuses."""
        with environment(self._path):
            mark(self._path.parent)
            lock = self._path.with_suffix(".lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            with environment(self._path):
                before = self._path.read_bytes() if self._path.exists() else b""
                file = self._path.open("ab")
            with file as self._file:
                if before and not before.endswith(b"\n"):
                    self._write(b"\n")  # a kill cut that line off: the next one is no part of it
                yield

    def sent(self, id: str, worst: int) -> None:
        """Book a request that is about to be sent, at the most tokens that it can take."""
        self._add({"event": "sent", "id": id, "plan": self._plan, "tokens": worst})

    def refused(self, id: str) -> None:
        """The request that was sent last under this id cost nothing."""
        self._add({"event": "refused", "id": id})

    def answered(self, id: str, answer: Answer) -> None:
        """The request has its answer, which is on the disk when this returns."""
        self._add({"event": "answered", "id": id, **asdict(answer)})
        with environment(self._path):
            os.fsync(self._file.fileno())

    def _add(self, event: dict[str, Any]) -> None:
        self._write(json.dumps(event).encode() + b"\n")
        self._book(event)

    def _write(self, line: bytes) -> None:
        with environment(self._path):
            self._file.write(line)
            self._file.flush()

    def _book(self, event: dict[str, Any]) -> None:
        id = event["id"]
        if event["event"] == "sent":
            worst, mine = self._open[id] = event["tokens"], event["plan"] == self._plan
            self.requests += mine
            self.tokens += worst * mine
            return
        worst, mine = self._open.pop(id)
        if event["event"] == "refused":
            self.requests -= mine
            self.tokens -= worst * mine
            return
        answer = Answer(event["text"], event["finish"], event["prompt_tokens"], event["tokens"])
        self.tokens += (answer.prompt_tokens + answer.tokens - worst) * mine
        self.answers[id] = answer

    def _events(self) -> Iterator[dict[str, Any]]:
        """The whole lines of the file. What a kill or a crash of the machine spoilt was never written."""
        if not self._path.exists():
            return
        for line in self._path.read_bytes().split(b"\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and (event.get("event") == "sent" or event.get("id") in self._open):
                yield event
