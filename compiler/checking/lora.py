"""What `lora` takes, and whether an adapter fits the model it stands beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Arm, Learner
from wug.compiler.language import syntax
from wug.compiler.lora import TARGETS, Lora
from wug.compiler.shape import matrices


def _goes_on(atom: syntax.Atom) -> bool:
    """Whether this is one more target, and no key."""
    return isinstance(atom, syntax.Name) and settings.written(atom) not in LORA


def _targets(cursor: settings.Cursor, key: syntax.Name) -> tuple[str, ...] | None:
    """`targets query value`: one or more, all different; in the order in which a layer has them."""
    one = settings.word(*TARGETS)
    found = settings.several(one, _goes_on, lambda target: f"names {target} twice")(cursor, key)
    return None if found is None else tuple(target for target in TARGETS if target in found)


LORA: settings.Schema = {
    "rank": settings.integer(1, 100_000),
    "alpha": settings.decimal(1e-6, 1_000_000),
    "targets": _targets,
}


def lora(cursor: settings.Cursor, key: syntax.Name) -> dict[str, Any] | None:
    """`lora { rank 8  alpha 16  targets query value }`, or `lora none`: all weights are trained."""
    if (nothing := settings.none(cursor)) is not None:
        return nothing
    block = cursor.take(syntax.Settings)
    if block is None:
        help = "lora { rank 8 }, or, where another arm has one: lora none"
        cursor.report.add("W0107", "'lora' needs a block", key.span, help=help)
        return None
    return settings.read(block, LORA, "lora", cursor.report)


def adapter(values: dict[str, Any] | None) -> Lora | None:
    """The adapter of these settings: where it is not said, its alpha is twice its rank."""
    if values is None or settings.NONE in values:
        return None
    return Lora(**{"alpha": 2.0 * values.get("rank", Lora.rank), **values})


def check_ranks(arms: Sequence[Arm], models: Sequence[Learner], report: Report) -> None:
    """Report adapters that are larger than the matrices beside which they stand, each once (W0204)."""
    if report.failed:
        return
    told = set()
    for arm in arms:
        found = arm.finetune.lora if arm.finetune is not None else None
        if found is None or (found, arm.model) in told:
            continue
        told.add((found, arm.model))
        sizes = matrices(next(model.model for model in models if model.name == arm.model))
        target = min(found.targets, key=lambda name: min(sizes[name]))
        if found.rank > min(sizes[target]):
            read, out = sizes[target]
            message = f"the adapter of arm '{arm.name}' has rank {found.rank:,}, more than a matrix beside it"
            help = (
                f"'{target}' of model '{arm.model}' is {read:,} by {out:,}: rank {min(read, out):,} or less"
            )
            report.add("W0204", message, arm.span, help=help)
