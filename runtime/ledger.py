"""The ledger of an endpoint: what was sent, what was answered, and what that has cost, on disk as it happens.

A request is booked at its worst before it is sent, and at what it really took once its answer is here. Where
a process was killed in between nobody knows what the server did, so the worst stays booked: a limit holds
over any number of kills. An answer is on the disk before it counts, and is never paid for twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from wug.compiler.store import environment
from wug.runtime.teacher import Finish


@dataclass(frozen=True)
class Answer:
    """What a server said, and the tokens that were booked for it."""

    text: str
    finish: Finish
    prompt_tokens: int
    tokens: int


class Ledger:
    """A file of events, one JSON object a line, only ever added to. Use `writing` around what adds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes]
        self._open: dict[str, int] = {}  # what is booked for a request that was sent and not answered
        self.answers: dict[str, Answer] = {}
        self.requests = 0
        self.tokens = 0
        for event in self._events():
            self._book(event)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the file open. Raises EnvironmentFailure where the machine refuses."""
        with environment(self._path):
            before = self._path.read_bytes() if self._path.exists() else b""
            file = self._path.open("ab")
        with file as self._file:
            if before and not before.endswith(
                b"\n"
            ):  # a line that a kill cut off: the next one is not part of it
                self._write(b"\n")
            yield

    def sent(self, id: str, worst: int) -> None:
        """Book a request that is about to be sent, at the most tokens that it can take."""
        self._add({"event": "sent", "id": id, "tokens": worst})

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
            self._open[id] = event["tokens"]
            self.requests += 1
            self.tokens += event["tokens"]
            return
        booked = self._open.pop(id)
        if event["event"] == "refused":
            self.requests -= 1
            self.tokens -= booked
            return
        answer = Answer(event["text"], event["finish"], event["prompt_tokens"], event["tokens"])
        self.tokens += answer.prompt_tokens + answer.tokens - booked
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
