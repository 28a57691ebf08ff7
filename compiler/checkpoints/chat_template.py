"""Chat templates: how a model that was tuned on chats is asked, as the file that comes with it says.

A template is a program in Jinja's language, and others wrote it: it runs in Jinja's sandbox, where it sees
nothing but the messages, in a process with limits. It makes of them a text in which the marks of a turn stand
by name.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.record import Record

_SHOWN = "\ue000shown\ue001"
"""Stands in a message where the documents will: signs of no language, which no template looks for."""
_MOST = 2**16
"""Characters of a template, and of what it makes of a message."""
_LONGEST = 60
"""Seconds, however busy the machine is; the process's own limit of CPU time is far lower."""


class Turns(Record):
    """What stands around documents in the turn of a user, and around an answer in the turn after it.

    `before` opens the user's turn, `after` closes it and opens the other; `bare` is a turn of the user where
    nothing is shown, up to `after`. `end` closes an answer; it may be empty.
    """

    before: str
    bare: str
    after: str
    end: str


def turns_of(template: str, instruction: str, ends: tuple[str, str], of: str) -> Turns:
    """How a checkpoint whose `template` this is would be told `instruction`, and then what is shown.

    `ends` are the marks at the beginning and the end of a text, which some templates put there. Raises
    BadCheckpoint.
    """
    if not template:
        raise BadCheckpoint(f"{of} has no chat template: it was not made for chats")
    if len(template) > _MOST:
        raise BadCheckpoint(f"{of}: its chat template has more than {_MOST:,} characters")
    marks = dict(zip(("bos_token", "eos_token"), ends, strict=True))
    talks = [[f"{instruction}\n\n{_SHOWN}"], [instruction], [instruction, _SHOWN]]
    around, bare, answered = _rendered(template, talks, marks, of)
    before, shown, after = around.partition(_SHOWN)
    _, answer, end = answered.partition(_SHOWN)
    if not (shown and answer and bare.endswith(after)) or _SHOWN in after + end:
        raise BadCheckpoint(f"{of}: its chat template does not repeat what was said as it was said")
    return Turns(before, bare[: len(bare) - len(after)], after, end.strip())


def _rendered(template: str, talks: list[list[str]], marks: dict[str, str], of: str) -> list[str]:
    """What a template makes of each talk: what a user said, up to where the answer begins; or of that and an
    answer. It may loop for ever or double a text until no memory is left, so that is a process of its own."""
    asked = {"template": template, "talks": talks, "marks": marks, "most": _MOST}
    program = Path(__file__).with_name("chat_process.py")
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(program)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_LONGEST,
        )
        told: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):  # it was ended before it could say anything
        told = {"why": "it takes too long, or too much memory"}
    if "why" in told:
        raise BadCheckpoint(f"{of}: its chat template cannot be used: {told['why']}")
    if any(made is None for made in told["made"]):
        raise BadCheckpoint(f"{of}: its chat template makes more than {_MOST:,} characters of a message")
    made: list[str] = told["made"]
    return made
