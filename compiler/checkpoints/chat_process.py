"""A program that carries out a chat template within limits of CPU time and memory: see chat_template.py.

It reads one JSON object and writes another. It imports nothing of wug, so that it starts soon.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from typing import Any, NoReturn

SECONDS = 2
"""CPU time, many times what the longest template of a published model takes."""
MEMORY = 512 * 2**20
"""Bytes of address space."""


def made(template: str, said: list[str], marks: dict[str, str], most: int) -> str | None:
    """The text that a template makes of a talk; none where that is too long. Raises what it raises."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(why: str) -> NoReturn:
        raise TemplateError(why)

    # the settings that the templates of Hugging Face's files are written for
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = refuse
    roles = ("user", "assistant")
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    told: dict[str, Any] = {"messages": messages, "add_generation_prompt": len(said) == 1, **marks}
    text = ""
    for part in environment.from_string(template).generate(**told):
        text += part
        if len(text) > most + sum(map(len, said)):
            return None
    return text


def main() -> None:
    for limit, most in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY)):
        with contextlib.suppress(ValueError, OSError):  # macOS does not limit memory
            resource.setrlimit(limit, (most, most))
    asked = json.load(sys.stdin)
    try:
        texts = [made(asked["template"], talk, asked["marks"], asked["most"]) for talk in asked["talks"]]
        told: dict[str, Any] = {"made": texts}
    except MemoryError:
        told = {"why": "it takes too much memory"}
    except Exception as error:  # a template may go wrong in any way a program can
        told = {"why": str(error)[:200]}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
