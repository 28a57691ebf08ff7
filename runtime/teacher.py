"""A teacher: whoever writes what an augmented arm adds to its documents, a text a request and sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from wug.progress import Progress

Finish = Literal["stop", "length", "error"]


@dataclass(frozen=True)
class Request:
    """What is asked: `samples` answers to a `prompt` behind a `context` of documents, which may be empty."""

    id: str
    context: str
    prompt: str
    samples: int = 1

    @property
    def text(self) -> str:
        """All of it, as a server is sent it."""
        return f"{self.context}\n\n{self.prompt}" if self.context else self.prompt


@dataclass(frozen=True)
class Generation:
    """One answer. With `finish` error there is none, and the text is empty."""

    request: str
    sample: int
    text: str
    finish: Finish
    prompt_tokens: int
    tokens: int


class Teacher(Protocol):
    """Answers requests, in their order, each with its samples in order."""

    def answer(self, requests: Sequence[Request], progress: Progress) -> list[Generation]:
        """Raises RuntimeFailure where nothing can be answered; what was answered until then is kept."""
