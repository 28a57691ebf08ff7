"""What `replay` takes, and whether there is anything that an arm can replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.data.plain import read_paragraphs
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.entities import Data
from wug.compiler.experiment import Arm, Learner
from wug.compiler.language import syntax
from wug.compiler.language.resolve import inside, project_root
from wug.compiler.plan import Replay

MOST = 0.9
"""Of what is trained some must be the arm's own."""


def _share(cursor: settings.Cursor, key: syntax.Name) -> float | None:
    atom = cursor.peek()
    share = settings.share(cursor, key)
    if share is None or atom is None:
        return None
    if not 0 < share <= MOST:
        help = "or, where another arm has it: replay none" if not share else ""
        message = f"'{key.text}' must be more than 0 % and at most {100 * MOST:g} %"
        cursor.report.add("W0204", message, atom.span, help=help)
        return None
    return share


def _file(cursor: settings.Cursor, key: syntax.Name) -> syntax.Text | None:
    atom: syntax.Text | None = cursor.take(syntax.Text)
    if atom is None:
        cursor.report.add("W0107", f"'{key.text}' needs a file", key.span, help='text "general.txt"')
    return atom


REPLAY: settings.Schema = {"share": _share, "text": _file}


def replay(cursor: settings.Cursor, key: syntax.Name) -> dict[str, Any] | None:
    """`replay 20%`, `replay { share 20%  text "general.txt" }`, or `replay none`."""
    if (nothing := settings.none(cursor)) is not None:
        return nothing
    if isinstance(cursor.peek(), syntax.Number):
        share = _share(cursor, key)
        return None if share is None else {"share": share}
    block = cursor.take(syntax.Settings)
    if block is None:
        help = 'replay 20%, replay { share 20%  text "general.txt" }, or replay none'
        cursor.report.add("W0107", "'replay' needs a share", key.span, help=help)
        return None
    values = settings.sound(block, REPLAY, "replay", cursor.report)
    if values == {}:
        cursor.report.add("W0107", "'replay' needs a share", key.span, help="replay { share 20% }")
        return None
    return values


def replay_of(values: dict[str, Any] | None, arm: syntax.Name, report: Report) -> Replay | None:
    """How much of its training an arm replays."""
    if values is None or settings.NONE in values:
        return None
    if "share" not in values:
        message = f"arm '{arm.text}' does not say how much it replays"
        report.add("W0107", message, values["text"].span, help='replay { share 20%  text "general.txt" }')
        return None
    return Replay(values["share"])


def replayed_file(values: dict[str, Any] | None, report: Report) -> Data | None:
    """The file of what is replayed, where one is named."""
    written: syntax.Text | None = (values or {}).get("text")
    if written is None:
        return None
    spec = written.span.source.path
    path = inside(spec, written, project_root(spec), report)
    return Data(path, written.text, "") if path is not None else None


def check_replays(arms: Sequence[Arm], models: Sequence[Learner], report: Report) -> None:
    """Report what cannot be replayed: a text by a model with tokens of its world, nothing at all, and a file
    that does not read; each file once."""
    if report.failed:
        return
    read = set()
    for arm in arms:
        if arm.finetune is None or arm.finetune.replay is None:
            continue
        model = next(model for model in models if model.name == arm.model)
        if model.checkpoint is None and arm.replayed is not None:
            message = f"arm '{arm.name}' replays a text, but its model has only words of its world"
            help = "leave 'text' out: it replays what the model is pretrained on"
            report.add("W0504", message, arm.span, help=help)
        elif model.checkpoint is None and not model.pretraining.steps:
            message = f"arm '{arm.name}' has nothing to replay: its model is pretrained on nothing"
            report.add("W0504", message, arm.span, help="leave 'replay' out")
        elif arm.replayed is not None and arm.replayed.path not in read:
            read.add(arm.replayed.path)
            read_paragraphs(arm.replayed, arm.span, report)
