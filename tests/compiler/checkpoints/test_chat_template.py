"""What a chat template makes of a question, and what one that is hostile, or broken, comes to."""

import pytest

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.chat_template import Turns, turns_of

CHATML = (
    "{% for message in messages %}"
    "{% if loop.first and messages[0]['role'] != 'system' %}"
    "<|im_start|>system\nBe good.<|im_end|>\n{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
ENDS = "<|bos|>", "<|eos|>"


def made(template: str) -> Turns:
    return turns_of(template, "Say what is true.", ENDS, "tiny")


def test_turns_stand_around_what_is_shown() -> None:
    turns = made(CHATML)
    opened = "<|im_start|>system\nBe good.<|im_end|>\n<|im_start|>user\nSay what is true."
    assert turns == Turns(
        before=opened + "\n\n",
        bare=opened,
        after="<|im_end|>\n<|im_start|>assistant\n",
        end="<|im_end|>",
    )


def test_a_template_may_trim_and_name_the_ends_of_a_text() -> None:
    turns = made(
        "{{ bos_token }}{% for message in messages %}"
        "[{{ message.role }}]{{ message.content | trim }}{{ eos_token if message.role == 'assistant' }}"
        "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    assert turns.bare == "<|bos|>[user]Say what is true."
    assert (turns.after, turns.end) == ("[assistant]", "<|eos|>")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "tiny has no chat template"),
        ("x" * 70_000, "more than 65,536 characters"),
        ("{% for %}", "cannot be used"),
        ("{{ raise_exception('only tools') }}", "cannot be used: only tools"),
        ("{{ messages[5].content }}", "cannot be used"),
        ("hello", "does not repeat what was said"),
        ("{{ messages[0].content | upper }}", "does not repeat what was said"),
        ("{{ messages[0].content }}{{ messages[0].content }}", "does not repeat what was said"),
        ("{% for a in range(99999) %}{{ 'x' * 99 }}{% endfor %}", "makes more than 65,536 characters"),
        ("{{ messages.append(1) }}", "cannot be used"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "cannot be used"),
        ("{% include 'secrets' %}", "cannot be used"),
        ("{{ range(1000000) | list }}", "cannot be used"),
        ("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", "recursion"),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "too long, or too much memory",
        ),
        ("{{ (10 ** 9) ** (10 ** 9) }}", "too long, or too much memory"),
        ("{{ ('x' * 9999999999) | length }}", "too much memory"),
        (
            "{% set a = namespace(x='ab') %}{% for i in range(60) %}{% set a.x = a.x ~ a.x %}{% endfor %}",
            "too much memory",
        ),
    ],
)
def test_a_template_that_is_broken_or_hostile_is_told(template: str, why: str) -> None:
    with pytest.raises(BadCheckpoint, match=why):
        made(template)
