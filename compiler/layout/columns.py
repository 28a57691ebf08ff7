"""Lines of a laid-out spec, and neighbours of one kind set in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Cell = tuple[str, str]
"""What separates a cell from the one before it, and its text."""

_BEFORE_COMMENT = " " * 4


@dataclass
class Line:
    """One line. Lines of one `kind` that follow one another stand in columns: in all their `fine` cells where
    they have one `shape`, else in their `cells`."""

    indent: int
    cells: list[Cell]
    kind: str = ""
    fine: list[Cell] = field(default_factory=list)
    shape: tuple[str, ...] = ()
    comment: str = ""
    blank: bool = False
    shares: bool = False
    """Whether settings may stand behind it on this line."""

    @property
    def text(self) -> str:
        return _joined(self.cells)

    def takes(self, other: Line, width: int) -> bool:
        """Whether another line may go on in this one."""
        both = self.indent + len(self.text) + 2 + len(other.text)
        return self.shares and other.shares and not self.comment and both <= width

    def take(self, other: Line) -> None:
        self.cells = [("", f"{self.text}  {other.text}")]
        self.kind, self.comment = "", other.comment


def plain(indent: int, text: str, comment: str = "", shares: bool = False) -> Line:
    """A line that stands in no columns."""
    return Line(indent, [("", text)], comment=comment, shares=shares)


def written(lines: Sequence[Line], width: int) -> Iterator[str]:
    """The lines as texts, blank ones included."""
    texts = [text for run in _runs(lines, _one_kind) for text in _columns(run, width)]
    numbered = list(zip(lines, texts, strict=True))
    for run in _runs(numbered, lambda a, b: _commented(a[0], b[0])):
        widest = max(len(text) for _, text in run)
        for line, text in run:
            if line.blank:
                yield ""
            yield text.ljust(widest) + _BEFORE_COMMENT + line.comment if line.comment else text


def _runs(items: Iterable[T], together: Callable[[T, T], bool]) -> Iterator[list[T]]:
    """Stretches of neighbours that belong together."""
    run: list[T] = []
    for item in items:
        if run and not together(run[-1], item):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _one_kind(above: Line, below: Line) -> bool:
    same = above.kind == below.kind != "" and above.indent == below.indent
    return same and not below.blank


def _commented(above: Line, below: Line) -> bool:
    both = bool(above.comment and below.comment)
    return both and above.indent == below.indent and not below.blank


def _columns(run: list[Line], width: int) -> list[str]:
    """The texts of a run in the finest columns that fit."""
    choices = [[line.cells for line in run], [[("", line.text)] for line in run]]
    if all(line.shape == run[0].shape and line.fine for line in run):
        choices.insert(0, [line.fine for line in run])
    for rows in choices:
        texts = [" " * line.indent + _joined(row) for line, row in zip(run, _padded(rows), strict=True)]
        if max(map(len, texts)) <= width:
            break
    return texts


def _padded(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Cells of a column made equally wide where another cell follows."""
    out = [list(row) for row in rows]
    for column in range(max(map(len, rows))):
        followed = [row for row in out if len(row) > column + 1]
        widest = max((len(row[column][1]) for row in followed), default=0)
        for row in followed:
            row[column] = (row[column][0], row[column][1].ljust(widest))
    return out


def _joined(cells: Iterable[Cell]) -> str:
    return "".join(separator + text for separator, text in cells)
