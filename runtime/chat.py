"""One question to an OpenAI-compatible server, and all that can come back instead of an answer.

The server is not trusted: it may be slow, endless, broken, or send us elsewhere, and it knows the key. So a
reply has a deadline and a largest size, its shape is checked, and the key is taken out of all that it says.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import time
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any

import httpx2

from wug.compiler.checking.address import fault, is_local
from wug.compiler.plan import Endpoint, Sampling
from wug.runtime.failure import RuntimeFailure
from wug.runtime.ledger import Answer
from wug.runtime.teacher import Finish

KEY = "WUG_ENDPOINT_KEY"
"""The environment variable that holds the key; without it none is sent."""

LARGEST_REPLY = 1 << 20
LARGEST_COUNT = 10_000_000
"""So many tokens no request takes: a server that reports more is not believed."""
_LARGEST_REASON = 300
_CONNECT_S = 10.0
_SECRET = 8  # shorter keys ("EMPTY", "none") only fill a place
_TEMPLATE = 64  # tokens that a chat template may add to a message, or a server to a text
_FINISHES: dict[Any, Finish] = {"stop": "stop", None: "stop", "length": "length"}
_UNUSABLE = {401, 402, 403, 404, 405}


class Trouble(Exception):
    """No answer this time. `passing`: it may help to ask again, after `wait_s` where the server says so.

    `spent`: the server may have been at work on it, so that it may have cost what an answer costs.
    """

    def __init__(self, reason: str, *, passing: bool, spent: bool, wait_s: float = 0.0) -> None:
        self.reason, self.passing, self.spent, self.wait_s = reason, passing, spent, wait_s
        super().__init__(reason)


def key_from_environment() -> str | None:
    """The key, or None. Raises RuntimeFailure for what cannot stand in a header, without saying it."""
    key = os.environ.get(KEY, "").strip()
    if not all("!" <= letter <= "~" for letter in key):
        raise RuntimeFailure(f"{KEY} holds a space or a letter that no key has")
    return key or None


def most_prompt_tokens(text: str) -> int:
    """More tokens than any tokenizer makes of a message: one a byte, and what the chat template adds."""
    return len(text.encode()) + _TEMPLATE


class Chat:
    """Use as an asynchronous context manager around questions, which may be asked at the same time.

    `unbelieved` counts the numbers of tokens that the server reported and that cannot be.
    """

    def __init__(self, endpoint: Endpoint, sampling: Sampling, key: str | None) -> None:
        wrong = fault(endpoint.base)
        if wrong is not None:
            raise RuntimeFailure(f"endpoint {endpoint.base!r}: {wrong}")
        self._endpoint, self._key = endpoint, key
        self._goes_on = endpoint.style == "base"
        way = "completions" if self._goes_on else "chat/completions"
        self._url = f"{endpoint.base.rstrip('/')}/{way}"
        self._settings = _settings(endpoint, sampling)
        self._most, self._stop = sampling.max_tokens, sampling.stop
        self.unbelieved = 0
        local = is_local(endpoint.base)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "wug"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        try:
            self._client = httpx2.AsyncClient(
                headers=headers,
                timeout=httpx2.Timeout(endpoint.timeout_s, connect=min(_CONNECT_S, endpoint.timeout_s)),
                limits=httpx2.Limits(max_connections=endpoint.concurrency),
                follow_redirects=False,
                trust_env=not local,  # a proxy is no way to this machine
                # where no certificate is needed, none is read: that takes longer than all the rest
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if endpoint.base.startswith("http:") else True,
            )
        except (ImportError, ValueError, httpx2.InvalidURL):  # what they say may hold the proxy's password
            raise RuntimeFailure(
                f"{self._named}: the proxy that HTTPS_PROXY or ALL_PROXY names cannot be used"
            ) from None

    async def __aenter__(self) -> Chat:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def ask(self, text: str, seed: int) -> Answer:
        """The answer to one user message, or how a text goes on.

        Raises Trouble where this question has no answer now, RuntimeFailure where no question will have one.
        """
        asked = {"prompt": text} if self._goes_on else {"messages": [{"role": "user", "content": text}]}
        body = {**self._settings, **asked, "seed": seed}
        try:
            async with (
                asyncio.timeout(self._endpoint.timeout_s),
                self._client.stream("POST", self._url, json=body) as response,
            ):
                if response.status_code != 200:
                    raise await self._refusal(response)
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise Trouble("a compressed reply, which was not asked for", passing=False, spent=True)
                data = await _read(response, LARGEST_REPLY)
        except (TimeoutError, httpx2.TimeoutException) as error:
            reached = not isinstance(error, httpx2.ConnectTimeout)
            waited = f"no answer within {self._endpoint.timeout_s:g} s"
            raise Trouble(waited, passing=True, spent=reached) from None
        except (httpx2.ConnectError, httpx2.ProxyError) as error:
            raise Trouble(self._clean(f"no connection: {error}"), passing=True, spent=False) from None
        except httpx2.HTTPError as error:
            raise Trouble(self._clean(f"a broken reply: {error}"), passing=True, spent=True) from None
        if data is None:
            raise Trouble(f"a reply of more than {LARGEST_REPLY:,} bytes", passing=False, spent=True)
        return self._answer(data, text)

    async def _refusal(self, response: httpx2.Response) -> Exception:
        status = response.status_code
        said = await self._said(response)
        reason = f"HTTP {status}{said}"
        if 300 <= status < 400:
            where = self._clean(response.headers.get("location", "nowhere"))
            return RuntimeFailure(
                f"{self._named} sends us on to {where!r}: nothing is sent there, name it as the base"
            )
        if status in _UNUSABLE:
            ways = {401: f": is {KEY} set and right?", 404: ": are its base and model right?"}
            return RuntimeFailure(f"{self._named} does not serve us: {reason}{ways.get(status, '')}")
        passing = status >= 500 or status in (408, 425, 429)
        return Trouble(reason, passing=passing, spent=False, wait_s=_retry_after(response))

    async def _said(self, response: httpx2.Response) -> str:
        """What the server says of an error, in the places where such servers say it."""
        try:
            found = json.loads(await _read(response, LARGEST_REPLY) or b"")
            found = found.get("error", found) if isinstance(found, dict) else found
            found = found.get("message", found.get("detail")) if isinstance(found, dict) else found
        except (ValueError, RecursionError):
            return ""
        return f": {self._clean(found)}" if isinstance(found, str) else ""

    def _answer(self, data: bytes, asked: str) -> Answer:
        """The answer in a reply. Where the server does not say what it took, the most it can be."""
        unreadable = f"a reply that is no {'completion' if self._goes_on else 'chat completion'}"
        try:
            reply = json.loads(data)
            choice = reply["choices"][0]
            text = choice["text"] if self._goes_on else choice["message"]["content"]
        except (ValueError, RecursionError):
            raise Trouble("a reply that is no JSON", passing=True, spent=True) from None
        except (KeyError, IndexError, TypeError):
            raise Trouble(unreadable, passing=True, spent=True) from None
        if not isinstance(text, str | None):
            raise Trouble(unreadable, passing=True, spent=True)
        reason = choice.get("finish_reason")
        finish = _FINISHES.get(reason, "error") if isinstance(reason, str | None) else "error"
        usage = reply.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        return Answer(
            "" if finish == "error" else self._without_key(self._up_to_its_end(text or "")),
            finish,
            self._count(usage.get("prompt_tokens"), most_prompt_tokens(asked)),
            self._count(usage.get("completion_tokens"), self._most),
        )

    def _count(self, said: Any, otherwise: int) -> int:
        """How many tokens the server says it took, where it says that and it can be."""
        if not isinstance(said, int) or isinstance(said, bool) or said < 0:
            return otherwise
        if said > LARGEST_COUNT:
            self.unbelieved += 1
            return otherwise
        return said

    def _up_to_its_end(self, text: str) -> str:
        """A text that was gone on with, without what ends it: some servers say that, too."""
        ends = [place for stop in self._stop if self._goes_on and (place := text.find(stop)) >= 0]
        return text[: min(ends, default=len(text))]

    @property
    def _named(self) -> str:
        return f"endpoint {self._endpoint.base}"

    def _clean(self, text: str) -> str:
        """What a server says, fit for a message: one short line without the key."""
        line = " ".join(self._without_key(text).split())
        return line if len(line) <= _LARGEST_REASON else line[:_LARGEST_REASON] + "…"

    def _without_key(self, text: str) -> str:
        text = text.encode(errors="replace").decode()  # half of a surrogate pair is no text
        return text.replace(self._key, "[key]") if self._key and len(self._key) >= _SECRET else text


def _settings(endpoint: Endpoint, sampling: Sampling) -> dict[str, Any]:
    """What each question says beside its text. `top_k`, no part of OpenAI's own API, only where it is set."""
    said: dict[str, Any] = {
        "model": endpoint.model,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if sampling.top_k:
        said["top_k"] = sampling.top_k
    if sampling.stop:
        said["stop"] = list(sampling.stop)
    return said


async def _read(response: httpx2.Response, most: int) -> bytes | None:
    """The body, or None as soon as there is more of it than `most` bytes."""
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > most:
            return None
    return bytes(data)


def _retry_after(response: httpx2.Response) -> float:
    """How long the server asks us to wait: seconds, or until a date; 0 where it does not say."""
    said = response.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return 0.0
