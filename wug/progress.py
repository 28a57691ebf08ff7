"""Progress: what a person sees on stderr while a stage of the compiler or the runtime works.

A stage is opened with a name and a total, and told how far it is and the figures of the moment. On a terminal
that is a live bar; elsewhere (a pipe, a CI log) it is a plain line now and then. Neither imports JAX.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from wug.screen import Screen, visible

_LINE_EVERY_S = 10.0


class Stage(Protocol):
    """One stage at work."""

    def update(self, done: int, **figures: float) -> None:
        """`done` of the total; `figures` are shown by name: loss, accuracy (a share), tokens_per_s."""


class Progress(Protocol):
    """Where stages report."""

    def note(self, text: str) -> None:
        """A line that stays."""

    def warn(self, text: str) -> None:
        """A line that stays and must not be missed."""

    @contextmanager
    def stage(self, name: str, total: int, unit: str = "") -> Iterator[Stage]:
        """A stage of `total` units, such as "steps"; it ends with the block, well or not."""
        yield _Nothing()


def figures_text(figures: dict[str, float]) -> str:
    """Figures as people write them: `loss 1.234  accuracy 97%  12,345 tokens/s`."""
    parts = []
    for name, value in figures.items():
        label = name.replace("_", " ")
        if name.endswith("accuracy"):
            parts.append(f"{label} {value:.0%}")
        elif name.endswith("_per_s"):
            parts.append(f"{value:,.0f} {name.removesuffix('_per_s').replace('_', ' ')}/s")
        elif isinstance(value, int):
            parts.append(f"{label} {value:,}")
        else:
            parts.append(f"{label} {value:.3f}")
    return "  ".join(parts)


class _Nothing:
    def update(self, done: int, **figures: float) -> None:
        return


class Silent:
    """Reports nowhere; for tests and for `--quiet`."""

    def note(self, text: str) -> None:
        return

    def warn(self, text: str) -> None:
        return

    @contextmanager
    def stage(self, name: str, total: int, unit: str = "") -> Iterator[Stage]:
        yield _Nothing()


class _PlainStage:
    def __init__(self, progress: Plain, name: str, total: int, unit: str) -> None:
        self._progress, self._name, self._total, self._unit = progress, name, total, unit
        self._told = time.monotonic()
        self._first: tuple[float, int] | None = None  # compiling comes before, and what was done already
        self.figures: dict[str, float] = {}

    def update(self, done: int, **figures: float) -> None:
        self.figures.update(figures)
        now = time.monotonic()
        if self._first is None:
            self._first = now, done
        if now - self._told >= self._progress.every_s:
            self._told = now
            begun, before = self._first
            parts = [f"{self._name}: {done:,}/{self._total:,} {self._unit}".rstrip()]
            if self.figures:
                parts.append(figures_text(self.figures))
            if done > before:
                parts.append(f"{(now - begun) / (done - before) * (self._total - done):.0f} s left")
            self._progress.note("  ".join(parts))


class Plain:
    """Lines on a stream: when a stage begins, every `every_s` seconds, and when it ends."""

    def __init__(self, stream: TextIO, every_s: float = _LINE_EVERY_S) -> None:
        self._stream, self.every_s = stream, every_s

    def note(self, text: str) -> None:
        print(visible(text), file=self._stream, flush=True)

    def warn(self, text: str) -> None:
        self.note(f"warning: {text}")

    @contextmanager
    def stage(self, name: str, total: int, unit: str = "") -> Iterator[Stage]:
        begun = time.monotonic()
        stage = _PlainStage(self, name, total, unit)
        yield stage
        figures = figures_text(stage.figures)
        self.note(f"{name}: done in {time.monotonic() - begun:.1f} s" + (f"  {figures}" if figures else ""))


class _LiveStage:
    def __init__(self, bars: Bars, task: int) -> None:
        self._bars, self._task = bars, task
        self.figures: dict[str, float] = {}

    def update(self, done: int, **figures: float) -> None:
        self.figures.update(figures)
        self._bars.update(self._task, completed=done, figures=figures_text(self.figures))  # type: ignore[arg-type]


class Live:
    """Rich bars on a terminal; a finished stage leaves one line behind."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)

    def warn(self, text: str) -> None:
        self._console.print(f"[bold yellow]warning:[/] {escape(text)}", highlight=False)

    @contextmanager
    def stage(self, name: str, total: int, unit: str = "") -> Iterator[Stage]:
        begun = time.monotonic()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("[dim]{task.fields[figures]}"),
            TimeRemainingColumn(),
        )
        with Bars(*columns, console=self._console, transient=True) as bars:
            stage = _LiveStage(bars, bars.add_task(escape(name), total=total, figures=""))
            yield stage
        self._console.print(
            f"[green]✓[/] {escape(name)}  [dim]{time.monotonic() - begun:.1f} s"
            f"  {escape(figures_text(stage.figures))}[/]",
            highlight=False,
        )


def open_progress(stream: TextIO | None = None) -> Progress:
    """Live on a terminal, else plain lines. NO_COLOR (no-color.org) and TERM=dumb are honoured."""
    stream = stream or sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return Plain(stream)
    return Live(Screen(file=stream))  # Console itself reads NO_COLOR
