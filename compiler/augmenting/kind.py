"""What kind of inference a statement is, seen from what a teacher was shown."""

from __future__ import annotations

from wug.compiler.forms import Form, slots

KINDS = ("rephrasing", "reversal", "inference", "composition")
"""The same fact in the same order, in another order; what follows from one fact, and from several."""


def is_reversal(told: Form, form: Form) -> bool:
    """Whether a form names a fact's members in another order than the one in which it was told."""
    return _order(told) != _order(form)


def _order(form: Form) -> list[int]:
    return list(dict.fromkeys(slot.argument for slot in slots(form.pieces)))
