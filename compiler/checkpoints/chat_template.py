"""Chat templates: how a model that was tuned on chats is asked, as the file that comes with it says.

A template is a program in Jinja's language, and others wrote it: it runs in Jinja's sandbox, where it sees
nothing but the messages. It makes of them a text in which the marks of a turn stand by name.
"""

from __future__ import annotations

from typing import Any, NoReturn

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.record import Record

_SHOWN = "\ue000shown\ue001"
"""Stands in a message where the documents will: signs of no language, which no template looks for."""
_MOST = 2**16
"""Characters of a template, and of what it makes of a message."""


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
    around = _rendered(template, [f"{instruction}\n\n{_SHOWN}"], marks, of)
    bare = _rendered(template, [instruction], marks, of)
    answered = _rendered(template, [instruction, _SHOWN], marks, of)
    before, shown, after = around.partition(_SHOWN)
    _, answer, end = answered.partition(_SHOWN)
    if not (shown and answer and bare.endswith(after)) or _SHOWN in after + end:
        raise BadCheckpoint(f"{of}: its chat template does not repeat what was said as it was said")
    return Turns(before, bare[: len(bare) - len(after)], after, end.strip())


def _rendered(template: str, said: list[str], marks: dict[str, str], of: str) -> str:
    """What a template makes of what a user said, up to where the answer begins; or of that and an answer."""
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
    made = ""
    try:
        for part in environment.from_string(template).generate(**told):
            made += part
            if len(made) > _MOST + sum(map(len, said)):
                raise BadCheckpoint(
                    f"{of}: its chat template makes more than {_MOST:,} characters of a message"
                )
    except BadCheckpoint:
        raise
    except Exception as error:  # a template may go wrong in any way a program can
        raise BadCheckpoint(f"{of}: its chat template cannot be used: {str(error)[:200]}") from error
    return made
