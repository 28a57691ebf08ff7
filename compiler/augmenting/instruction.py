"""Instructions: augmentation asked for in words, of a model that follows instructions.

The words are the project's own; what they ask for is that of Lampinen et al., arXiv 2505.00661, section 4:
local, rephrasings, reversals and conclusions of one document; global, what one document implies together with
the rest. A spec may say its own instead, with {document} where the document stands.
"""

from __future__ import annotations

from wug.compiler.plan import Augment

_SETTING = "These sentences are from a collection of facts about an invented world."
_ANSWER = (
    "Use every name exactly as it is written. Write one complete sentence a line, each true by itself, "
    "and nothing else: no numbers, no comments."
)
_REPHRASE = "Say the same in other words, in as many ways as you can."
_REVERSE = "Say every fact of it from the other side too, beginning with what it names last."
_CONCLUDE = "Write down whatever must also be true if it is."
_TOGETHER = (
    "Go through it fact by fact. Find what the other sentences tell about whatever it names, and write down "
    "step by step all that must be true because of it together with the others."
)


def instruction(augment: Augment, scope: str, document: str) -> str:
    """What a teacher is told to do with a document; in the global scope the other documents stand before."""
    if augment.prompt:
        return augment.prompt.replace("{document}", document)
    tasks = [_REPHRASE]
    if not augment.rephrase_only:
        if augment.reversals:
            tasks.append(_REVERSE)
        tasks.append(_TOGETHER if scope == "global" else _CONCLUDE)
    this = "This is one of them" if scope == "global" else "This is one"
    return f"{_SETTING} {this}:\n\n{document}\n\n{' '.join(tasks)} {_ANSWER}"
