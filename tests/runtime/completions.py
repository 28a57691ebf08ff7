"""A server for chats and texts to go on with, in a thread, that behaves as badly as a test wants it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Call:
    """One request as the server sees it: `attempt` counts the times that its text has come, from 1."""

    def __init__(self, handler: _Handler, body: dict[str, Any], attempt: int) -> None:
        self._handler, self.body, self.attempt = handler, body, attempt
        self.path, self.key = handler.path, handler.headers.get("Authorization")
        self.chats = self.path.endswith("/chat/completions")
        self.text = _asked(body)

    def send(self, data: bytes, status: int = 200, length: int | None = None, **headers: str) -> None:
        """A reply of these bytes, which may claim another length."""
        self.begin(status, **{"Content-Length": str(len(data) if length is None else length), **headers})
        self.write(data)

    def begin(self, status: int = 200, **headers: str) -> None:
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def say(self, text: str, prompt: int = 7, tokens: int = 3, finish: str | None = "stop") -> None:
        """A good answer."""
        self.send(completion(text, prompt, tokens, finish, self.chats))

    def fail(self, status: int, message: str = "no", **headers: str) -> None:
        self.send(json.dumps({"error": {"message": message}}).encode(), status, **headers)


def completion(
    text: str | None, prompt: int = 7, tokens: int = 3, finish: str | None = "stop", chats: bool = True
) -> bytes:
    """What a good server replies."""
    said = {"message": {"role": "assistant", "content": text}} if chats else {"text": text}
    choice = {"index": 0, **said, "finish_reason": finish}
    usage = {"prompt_tokens": prompt, "completion_tokens": tokens}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


def _asked(body: dict[str, Any]) -> str:
    text: str = body["messages"][0]["content"] if "messages" in body else body["prompt"]
    return text


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            text = _asked(body)
            call = Call(self, body, sum(each.text == text for each in server.calls) + 1)
            server.calls.append(call)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                server.behave(call)
        finally:
            with server.lock:
                server.at_once -= 1

    def log_message(self, format: str, *args: Any) -> None:
        return


class Server(ThreadingHTTPServer):
    """`calls` are all requests so far; `behave` may be changed at any time."""

    daemon_threads = True

    def __init__(self, behave: Callable[[Call], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behave, self.lock = behave, threading.Lock()
        self.calls: list[Call] = []
        self.at_once = self.most_at_once = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def texts(self) -> list[str]:
        return [call.text for call in self.calls]

    def handle_error(self, request: Any, client_address: Any) -> None:
        return


@contextmanager
def serving(behave: Callable[[Call], None]) -> Iterator[Server]:
    """A server that listens on a free port of this machine as long as the block lasts."""
    server = Server(behave)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def echo(call: Call) -> None:
    """Say what was asked."""
    call.say(f"You say: {call.text}")


def slow_echo(call: Call) -> None:
    time.sleep(0.15)
    echo(call)
