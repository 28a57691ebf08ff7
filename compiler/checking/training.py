"""Whether the settings of a training go together."""

from __future__ import annotations

from collections.abc import Sequence

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Arm, Learner
from wug.compiler.language.source import Span


def check_parts(arms: Sequence[Arm], models: Sequence[Learner], report: Report) -> None:
    """Report batches that have fewer rows than parts in which they are to be read (W0204), each once."""
    told = set()

    def check(batch: int, parts: int, what: str, span: Span) -> None:
        if parts > batch and (batch, parts) not in told:
            told.add((batch, parts))
            message = f"{what} reads a batch of {batch:,} in {parts:,} parts"
            report.add("W0204", message, span, help=f"accumulate {batch:,} or less, or a larger batch")

    for arm in arms:
        if arm.finetune is not None:
            check(arm.finetune.batch, arm.finetune.accumulate, f"arm '{arm.name}'", arm.span)
    for model in models:
        for phase in model.episodes.phases:
            check(phase.batch, model.pretraining.accumulate, f"model '{model.name}'", model.span)
