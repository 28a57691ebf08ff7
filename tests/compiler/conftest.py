"""What the compiler's tests share: specs written on the spot, and all that the compiler says about one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wug.compiler.checking.check import check
from wug.compiler.compile import compile_experiment, compile_world
from wug.compiler.diagnosis.diagnostics import Diagnostic, Report, SpecError
from wug.compiler.experiment import Experiment
from wug.compiler.store import Store
from wug.compiler.world import World
from wug.progress import Silent

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(name, text)` puts a file below an empty project and gives its path."""
    (tmp_path / "wug.lock").touch()

    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def checked(path: Path) -> World | Experiment:
    """The spec at a path, which must be without fault."""
    report = Report()
    spec = check(path, path.name, report)
    assert not report.items, "\n".join(item.message for item in report.items)
    assert spec is not None
    return spec


def findings(path: Path, name: str, build: Path) -> list[Diagnostic]:
    """All that `wug check` says of a spec and, where that is nothing, all that `wug compile` says."""
    report = Report()
    spec = check(path, name, report)
    if report.failed or spec is None:
        return report.items
    try:
        if isinstance(spec, World):
            compile_world(spec, Store(build), Silent(), report)
        else:
            compile_experiment(spec, Store(build), Silent(), report)
    except SpecError as error:
        return error.report.sorted()
    return report.sorted()


@pytest.fixture
def small(write: Write) -> Experiment:
    """The experiment of `tests/compiler/small.py`."""
    from tests.compiler.small import EXPERIMENT, WORLD, read  # it is made of what stands here

    return read(write, WORLD, EXPERIMENT)
