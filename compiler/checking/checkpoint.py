"""Models that are checkpoints: `model NAME { from "..." }`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wug.compiler.checkpoints.bad import BadCheckpoint
from wug.compiler.checkpoints.place import PACKAGE, in_package
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Episodes, Learner
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.resolve import inside, project_root
from wug.compiler.language.source import real_path
from wug.compiler.plan import Model, Pretraining, Prices

if TYPE_CHECKING:
    from wug.compiler.checkpoints.chat_template import Turns
    from wug.compiler.checkpoints.checkpoint import Checkpoint

TRAINED = ("compute", "remat")
SAID_BESIDE = ("from", "context", "chat", *TRAINED, "prices")
"""What may be said of a checkpoint; all else stands in its files."""


class CheckpointReader:
    """Finds checkpoints and reads what they are."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def model(self, model: syntax_experiment.Model, values: dict[str, Any], prices: Prices | None) -> Learner:
        """A model whose shape and weights are those of a checkpoint."""
        written: syntax.Text = values["from"]
        said = [
            atom
            for atom in model.settings.atoms
            if isinstance(atom, syntax.Name) and atom.text in values and atom.text not in SAID_BESIDE
        ]
        for atom in said:
            message = f"'{atom.text}' of a checkpoint is what its files say"
            help = f"leave it out: {', '.join(SAID_BESIDE[1:])} are all that can be said beside 'from'"
            self.report.add("W0513", message, atom.span, help=help)
        checkpoint = None if said else self._opened(written, model.name.text)
        shape: Model = checkpoint.shape if checkpoint is not None else Model(model.name.text)
        room = values.get("context", shape.context)
        if checkpoint is not None and room > shape.context:
            message = f"model '{model.name.text}' was trained to see {shape.context:,} tokens, not {room:,}"
            self.report.add(
                "W0513", message, model.name.span, help=f"write: context {shape.context}, or less"
            )
        trained = {name: values[name] for name in TRAINED if name in values}
        shape = dataclasses.replace(shape, context=room, **trained)
        nothing = Pretraining(0, 0), 1, Episodes((), 0, ())
        chat = self._chat(checkpoint, written, values["chat"]) if checkpoint and "chat" in values else None
        return Learner(shape, *nothing, prices, model.name.span, checkpoint, chat)

    def _chat(self, checkpoint: Checkpoint, written: syntax.Text, instruction: syntax.Text) -> Turns | None:
        try:
            return checkpoint.chat(instruction.text)
        except BadCheckpoint as error:
            help = "leave 'chat' out: its questions then are texts that it goes on with"
            why = str(error).replace(str(checkpoint.path), written.text)
            self.report.add("W0512", why, instruction.span, help=help)
            return None

    def _opened(self, written: syntax.Text, name: str) -> Checkpoint | None:
        path = self._path(written)
        if path is None or self._leads_out(path, written):
            return None
        try:
            if not path.exists():
                raise BadCheckpoint(f"there is no '{written.text}'")
            return _open_once(path, name, _stamps(path))
        except BadCheckpoint as error:
            self._bad(written, str(error).replace(str(path), written.text))
            return None

    def _leads_out(self, folder: Path, written: syntax.Text) -> bool:
        """Report a file of a checkpoint's folder that is a link out of the project."""
        if written.text.startswith(PACKAGE) or not folder.is_dir():
            return False
        root = real_path(project_root(written.span.source.path))
        for file in sorted(folder.iterdir()):
            if not real_path(file).is_relative_to(root):
                message = f"'{written.text}/{file.name}' is a link to a file outside the project"
                self.report.add(
                    "W0104", message, written.span, help="copy the file, or link to it the other way round"
                )
                return True
        return False

    def _path(self, written: syntax.Text) -> Path | None:
        if not written.text.startswith(PACKAGE):
            spec = written.span.source.path
            return inside(spec, written, project_root(spec), self.report)
        try:
            return in_package(written.text)
        except BadCheckpoint as error:
            self._bad(written, str(error))
            return None

    def _bad(self, written: syntax.Text, why: str) -> None:
        help = "a checkpoint is a folder with config.json, *.safetensors and tokenizer.json, or a .gguf file"
        self.report.add("W0512", why, written.span, help=help)


@lru_cache(maxsize=8)
def _open_once(path: Path, name: str, stamps: tuple[tuple[str, int, int], ...]) -> Checkpoint:
    """A checkpoint that the variants of a sweep share, while its files are what they were."""
    # it needs numpy and tokenizers, and a check that has no checkpoint to open does not wait for them
    from wug.compiler.checkpoints.checkpoint import open_checkpoint

    return open_checkpoint(path, name)


def _stamps(path: Path) -> tuple[tuple[str, int, int], ...]:
    """The files of a checkpoint with their sizes and when they were written."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = ((each.name, each.stat()) for each in files if each.is_file())
    return tuple((name, told.st_size, told.st_mtime_ns) for name, told in found)


def check_tokens(models: Sequence[Learner], report: Report) -> None:
    """All models of an experiment read the same corpora in the same tokens (W0513)."""
    if report.failed or all(model.checkpoint is None for model in models):
        return
    first, *others = models
    for model in others:
        if _tokens(model) != _tokens(first):
            message = f"models '{first.name}' and '{model.name}' cut texts into different tokens"
            help = "all models of an experiment read the same tokens: make two experiments of it"
            report.add("W0513", message, model.span, help=help)
        elif model.chat != first.chat:
            message = f"models '{first.name}' and '{model.name}' are not asked in the same words"
            help = "give both the same 'chat', or none, or make two experiments of it"
            report.add("W0513", message, model.span, help=help)


def _tokens(model: Learner) -> str:
    """The identity of a model's tokens; empty for those that are made of the world."""
    return model.checkpoint.tokenizer_digest() if model.checkpoint is not None else ""
