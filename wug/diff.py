"""`wug diff`: two states of specs, as files or as revisions of git, by what they mean."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from wug.compiler.checking.check import check
from wug.compiler.comparing.corpora import Corpora, Moved, compare_corpora
from wug.compiler.comparing.phrases import Change, as_text, changes, declarations
from wug.compiler.compile import compile_experiment
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Experiment
from wug.compiler.language.parse import parse_experiment, parse_world, read_source
from wug.compiler.language.resolve import project_root
from wug.compiler.language.source import Source
from wug.compiler.locking.lock import FILE
from wug.compiler.locking.pins import differences, pins, place
from wug.compiler.store import Store
from wug.lock import SPECS, specs_below
from wug.progress import Progress
from wug.runtime.comparison import Difference, compare_results
from wug.runtime.failure import RuntimeFailure
from wug.runtime.run import finished

_STYLES = {"+": "green", "-": "red"}


@dataclass(frozen=True)
class Comparison:
    """One spec in two states. `reads` says which files that it reads are others; `corpora` and `results` are
    none where one side has none, and `unknown` says why."""

    spec: str
    declarations: list[Change]
    reads: list[str]
    corpora: Corpora | None
    results: list[Difference] | None
    unknown: str

    def to_json(self) -> dict[str, Any]:
        return {
            "spec": self.spec,
            "declarations": [
                {
                    "name": each.name,
                    "change": each.kind,
                    "removed": [list(phrase) for phrase in each.removed],
                    "added": [list(phrase) for phrase in each.added],
                }
                for each in self.declarations
            ],
            "reads": self.reads,
            "corpora": None if self.corpora is None else _corpora_json(self.corpora),
            "results": None if self.results is None else [asdict(each) for each in self.results],
            "unknown": self.unknown or None,
        }


def _corpora_json(corpora: Corpora) -> dict[str, Any]:
    def moved(every: dict[str, Moved]) -> dict[str, dict[str, int]]:
        return {name: dict(vars(each)) for name, each in every.items()}

    return {
        "seeds": corpora.seeds,
        "documents": moved(corpora.documents),
        "questions": moved(corpora.questions),
    }


def compare(sides: Sequence[str], only: Sequence[Path], store: Store, progress: Progress) -> list[Comparison]:
    """Compare what two sides say: two specs, two revisions, or one revision and what lies here. Raises
    RuntimeFailure where a side is neither."""
    if all(Path(side).is_file() for side in sides) and len(sides) == 2:
        first, second = map(Path, sides)
        if {first.suffix, second.suffix} - set(SPECS) or first.suffix != second.suffix:
            raise RuntimeFailure("two worlds are compared, or two experiments, or two revisions of git")
        return [_compare(str(second), first, second, store, progress)]
    here = project_root(Path("x"))
    with ExitStack() as stack:
        roots = [stack.enter_context(_checked_out(here, side)) for side in sides]
        roots += [here] * (2 - len(roots))
        found = []
        for name in _names(roots, here, only):
            progress.note(name)
            before, after = (root / name for root in roots)
            each = _compare(name, before, after, store, progress)
            if each.declarations or each.reads or each.unknown:
                found.append(each)
        return found


def _names(roots: Sequence[Path], here: Path, only: Sequence[Path]) -> list[str]:
    """The specs of both sides whose meaning may differ, by their path from the root."""
    if only:
        return [_name(path, roots, here) for path in only]
    every = [{path.relative_to(root).as_posix() for path in specs_below(root)} for root in roots]
    return sorted(every[0] | every[1])


def _name(path: Path, roots: Sequence[Path], here: Path) -> str:
    """What one spec is called. Raises RuntimeFailure where no side has it."""
    name = place(path, here)
    if name.startswith("../") or not any((root / name).is_file() for root in roots):
        raise RuntimeFailure(f"'{path}' is no spec of this project on either side")
    return name


@contextmanager
def _checked_out(here: Path, revision: str) -> Iterator[Path]:
    """A folder with what a revision holds of this project."""
    known = _git(here, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if known is None:
        raise RuntimeFailure(f"'{revision}' is neither a spec nor a revision of git here")
    top, prefix = (
        (_git(here, "rev-parse", what) or b"").decode().rstrip("\n")
        for what in ("--show-toplevel", "--show-prefix")
    )
    with tempfile.TemporaryDirectory(prefix="wug-diff-") as made:
        index, folder = Path(made) / "index", Path(made) / "files"
        folder.mkdir()
        # a folder that this revision did not have holds nothing
        if _git(Path(top), "read-tree", f"{known.decode().strip()}:{prefix}", index=index) is not None:
            _git(Path(top), "checkout-index", "--all", f"--prefix={folder}/", index=index)
        (folder / FILE).unlink(missing_ok=True)
        (folder / FILE).touch()  # it is a project by itself
        yield folder


def _git(here: Path, *arguments: str, index: Path | None = None) -> bytes | None:
    """What git prints, with an index of its own if need be; none where it cannot do it."""
    environment = {**os.environ, **({"GIT_INDEX_FILE": str(index)} if index else {})}
    try:
        done = subprocess.run(["git", *arguments], cwd=here, env=environment, capture_output=True)
    except FileNotFoundError:
        raise RuntimeFailure("git is not installed: compare two files") from None
    return done.stdout if done.returncode == 0 else None


def _compare(name: str, before: Path, after: Path, store: Store, progress: Progress) -> Comparison:
    read = [_declared(path) if path.exists() else {} for path in (before, after)]
    if broken := [word for word, each in zip(("before", "now"), read, strict=True) if each is None]:
        return Comparison(name, [], [], None, None, f"it cannot be read {' nor '.join(broken)}")
    declared = changes(*(each for each in read if each is not None))
    if not (before.exists() and after.exists()):
        return Comparison(name, declared, [], None, None, "")
    sides = [(path, check(path, str(path), report := Report()), report) for path in (before, after)]
    if broken := [
        word
        for word, (_, spec, report) in zip(("before", "now"), sides, strict=True)
        if spec is None or report.failed
    ]:
        return Comparison(
            name, declared, [], None, None, f"it does not check {' nor '.join(broken)}" if declared else ""
        )
    pinned = [pins(path, spec) for path, spec, _ in sides if spec is not None]
    reads = [each for each in differences(*pinned) if each != "it changed itself"]
    specs = [spec for _, spec, _ in sides if isinstance(spec, Experiment)]
    if len(specs) < 2 or not (declared or reads):
        return Comparison(name, declared, reads, None, None, "")
    compiled = [compile_experiment(spec, store, progress, Report()) for spec in specs]
    done = [finished(each.plan, each.path, store) for each in compiled]
    missing = [word for word, folder in zip(("before", "now"), done, strict=True) if folder is None]
    documents = [json.loads((folder / "results.json").read_bytes()) for folder in done if folder is not None]
    return Comparison(
        name,
        declared,
        reads,
        compare_corpora(compiled[0].path, compiled[1].path),
        compare_results(*documents) if len(documents) == 2 else None,
        f"not run {' nor '.join(missing)}" if missing else "",
    )


def _declared(path: Path) -> dict[str, Any] | None:
    """What a spec declares; none where it cannot be read, or its syntax has errors."""
    report = Report()
    source = read_source(path, str(path), report)
    if source is None:
        return None
    (parse_world if path.suffix == ".world" else parse_experiment)(source, report)
    return None if report.failed else declarations(source.text, path.suffix.removeprefix("."))


def textconv(path: Path) -> str:
    """A spec for `git diff`, one phrase a line; as it is where its syntax has errors. git hands over a file
    of its own, whose name ends as that of the spec."""
    text = path.read_text(encoding="utf-8", errors="replace")
    report = Report()
    source = Source(path, str(path), text)
    world = path.suffix == ".world"
    (parse_world if world else parse_experiment)(source, report)
    return text if report.failed else as_text(declarations(text, "world" if world else "experiment"))


def print_comparisons(found: Sequence[Comparison], console: Console) -> None:
    """What differs, spec by spec."""
    if not found:
        console.print("nothing differs but layout and comments")
    for each in found:
        console.print(Text(each.spec, "bold"))
        for change in each.declarations:
            for line in change.lines():
                console.print(Text(f"  {line}", _STYLES.get(line.lstrip()[:1], "")))
        for line in each.reads:
            console.print(f"  {line}")
        if each.corpora is not None:
            for line in _moved_lines(each.corpora):
                console.print(f"  {line}")
        for difference in each.results or ():
            console.print(Text(f"  {_result_line(difference)}", "" if difference.clear else "dim"))
        if each.unknown:
            console.print(Text(f"  {each.unknown}", "dim"))


def _moved_lines(corpora: Corpora) -> Iterator[str]:
    parts = (("documents of", "", corpora.documents), ("test", "questions ", corpora.questions))
    for what, of, every in parts:
        for name, moved in every.items():
            if moved.left or moved.entered:
                yield f"{what} {name}: {moved.left:,} of {moved.before:,} {of}leave, {moved.entered:,} enter"


def _result_line(each: Difference) -> str:
    was, now = (
        f"{100 * share[0]:.0f} % ({100 * share[1]:.0f}–{100 * share[2]:.0f})"
        for share in (each.before, each.after)
    )
    by, low, high = (f"{100 * value:+.0f}" for value in each.difference)
    return f"{each.arm}.{each.split}: {was} → {now}, {by} [{low}, {high}]"
