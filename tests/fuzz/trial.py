"""One spec tried: checked, laid out and, if asked, compiled. How that ends is what fuzzing is about."""

from __future__ import annotations

import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report, SpecError, as_json, as_text
from wug.compiler.experiment import Experiment
from wug.compiler.language.source import Source
from wug.compiler.layout.formatter import formatted
from wug.compiler.world import World

CHECK_SECONDS, COMPILE_SECONDS = 1.0, 10.0
"""CPU time of one check and of one compilation."""
CHECK_MEMORY, COMPILE_MEMORY = 256, 1536
"""MiB that a check or a compilation may take, beyond what its process has before the first one."""
MOST_THINGS, MOST_EPISODES, MOST_SEEDS = 500, 2000, 4
"""What is compiled is small: things of a type, episodes of a model, seeds."""


class TooSlow(BaseException):
    """The CPU time is used up. No handler of exceptions may swallow it."""


@dataclass(frozen=True)
class Mutant:
    """A spec to try. `files` lie in the folder `home`, and the first of them is what is checked."""

    home: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: fine, told (by diagnostics), or a finding: raised, slow, memory, wrong or died.

    `sign` is the same for findings with one cause: what was raised, and where. A compilation may also be
    `unfinished`: it met a limit, as specs may ask for much. `small` says whether it may be compiled.
    """

    end: str
    sign: str = ""
    detail: str = ""
    seconds: float = 0.0
    small: bool = False

    @property
    def finding(self) -> bool:
        return self.end not in ("fine", "told", "unfinished")


def tried(mutant: Mutant, folder: Path, compiles: bool = False) -> Outcome:
    """Check a mutant below the folder of all seeds, and lay it out; or compile it."""
    begun = time.process_time()
    paths = [folder / mutant.home / name for name, _ in mutant.files]
    for path, (_, text) in zip(paths, mutant.files, strict=True):
        path.write_text(text, encoding="utf-8", newline="")
    try:
        with limited(COMPILE_SECONDS if compiles else CHECK_SECONDS):
            end, small = _compiled(paths[0]) if compiles else _checked(paths[0], mutant.files[0][1])
        outcome = Outcome(end, small=small)
    except TooSlow as error:
        outcome = Outcome("slow", f"slow in {_place(error)}", _told(error))
    except MemoryError as error:
        outcome = Outcome("memory", f"memory in {_place(error)}", _told(error))
    except Wrong as error:
        outcome = Outcome("wrong", f"wrong: {error}", str(error))
    except Exception as error:
        outcome = Outcome("raised", f"{type(error).__name__} in {_place(error)}", _told(error))
    finally:
        for path in paths:
            path.unlink()
    if compiles and outcome.end in ("slow", "memory"):
        outcome = Outcome("unfinished", outcome.sign, outcome.detail)
    return Outcome(outcome.end, outcome.sign, outcome.detail, time.process_time() - begun, outcome.small)


class Wrong(Exception):
    """Nothing was raised, but what is said is not right."""


def _checked(path: Path, text: str) -> tuple[str, bool]:
    report = Report()
    spec = check(path, path.name, report)
    _can_be_shown(report)
    if spec is None and not report.failed:
        raise Wrong("there is no spec, and nothing says why")
    if report.failed or spec is None:
        return "told", False
    if len(text) % 4 == 0:  # laying out takes as long as checking
        _lay_out(path, text)
    return "fine", _small(spec)


def _lay_out(path: Path, text: str) -> None:
    once = formatted(Source(path, path.name, text.removeprefix("\ufeff")), Report())
    if once is None or formatted(Source(path, path.name, once), Report()) != once:
        raise Wrong("laying out twice is not laying out once")
    path.unlink()
    path.write_text(once, encoding="utf-8", newline="")
    again = Report()
    check(path, path.name, again)
    if again.failed:
        raise Wrong("what is laid out does not check")


def _compiled(path: Path) -> tuple[str, bool]:
    from wug.compiler.compile import compile_experiment, compile_world
    from wug.compiler.store import Store
    from wug.progress import Silent

    report = Report()
    spec = check(path, path.name, report)
    build = Path(tempfile.mkdtemp(prefix="build-", dir=path.parent))
    try:
        if isinstance(spec, World):
            compile_world(spec, Store(build), Silent(), report)
        elif spec is not None:
            compile_experiment(spec, Store(build), Silent(), report)
    except SpecError as error:
        _can_be_shown(error.report)
        if not error.report.failed:
            raise Wrong("compiling fails, and nothing says why") from None
        return "told", True
    finally:
        shutil.rmtree(build, ignore_errors=True)
    _can_be_shown(report)
    return "fine", True


def _small(spec: World | Experiment) -> bool:
    """Whether a compilation should end within its limits."""
    world = spec.world if isinstance(spec, Experiment) else spec
    if any(entity.count > MOST_THINGS for entity in world.entities.values()):
        return False
    if isinstance(spec, World):
        return True
    episodes = [sum(phase.episodes for phase in learner.episodes.phases) for learner in spec.models]
    return spec.seeds <= MOST_SEEDS and max(episodes, default=0) <= MOST_EPISODES


def _can_be_shown(report: Report) -> None:
    items = report.sorted()
    if bool(as_text(items)) != bool(items):
        raise Wrong("a finding without a text")
    as_json(items)
    for item in items:
        for span in (item.span, *(note.span for note in item.notes)):
            if span and not 0 <= span.start <= span.end <= len(span.source.text) + 1:
                raise Wrong(f"a place of {item.code} is outside its file")


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow after so much CPU time. Where nothing can be raised, the system soon ends the process."""

    def stop(*_: Any) -> None:
        raise TooSlow

    used, before = resource.getrusage(resource.RUSAGE_SELF), resource.getrlimit(resource.RLIMIT_CPU)
    most = int(used.ru_utime + used.ru_stime + seconds) + 3
    resource.setrlimit(resource.RLIMIT_CPU, (most, before[1]))
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_CPU, before)


def _place(error: BaseException) -> str:
    """The innermost function of ours that an exception went through."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename != __file__]
    ours = [frame for frame in frames if "/compiler/" in frame.filename and "/tests/" not in frame.filename]
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.name}"


def _told(error: BaseException) -> str:
    lines = traceback.format_exception(error)
    return "".join(lines[:2] + lines[-12:])[-4000:]
