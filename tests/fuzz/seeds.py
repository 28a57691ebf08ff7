"""What is mutated: shipped specs, the bad ones of the tests, the examples of the docs and of diagnostics."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.test_examples import PAGES, blocks, whole
from wug import specs
from wug.compiler.diagnosis.catalogue import CATALOGUE
from wug.compiler.diagnosis.example import example

ROOT = Path(__file__).parents[2]
KINDS = ("world", "experiment")


@dataclass(frozen=True)
class Seed:
    """A spec to start from; `home` is its folder below that of all seeds."""

    home: str
    name: str
    text: str

    @property
    def kind(self) -> str:
        return self.name.rpartition(".")[2]


def lay_out(folder: Path) -> list[Seed]:
    """Put all seeds, and the files that they name, below a folder; gives them in one order."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(specs(), folder / "specs", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "specs", folder / "tests" / "specs", ignore=ignored)
    (folder / "wug.lock").touch()
    _lay_out_docs(folder / "docs")
    _lay_out_examples(folder / "diagnosis")
    return list(_found(folder))


def _lay_out_docs(folder: Path) -> None:
    for page in PAGES:
        (folder / page.stem).mkdir(parents=True)
        (folder / page.stem / "fragment.world").write_text(whole("world", ""), encoding="utf-8")
        for number, block in enumerate(blocks(page)):
            text = block.text
            if block.kind in KINDS and not text.startswith("wug "):
                text = whole(block.kind, text)
            name = block.options.get("file", f"block-{number}.{block.kind}")
            if block.kind in (*KINDS, "csv"):
                path = folder / page.stem / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")


def _lay_out_examples(folder: Path) -> None:
    for code in sorted(CATALOGUE):
        shown = example(code)
        if shown is None:
            continue
        (folder / code).mkdir(parents=True)
        if shown.shipped:
            shutil.copy(specs() / "worlds" / shown.shipped, folder / code)
        for file in (shown.fails, shown.passes, *shown.beside):
            if file.times == 1:
                path = folder / code / file.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)


def _found(folder: Path) -> Iterator[Seed]:
    for path in sorted(folder.rglob("*.*")):
        if path.suffix[1:] not in KINDS or not path.is_file():
            continue
        if path.name.startswith("twice-"):  # a bomb of imports, which is as slow as the limits allow
            continue
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        yield Seed(path.parent.relative_to(folder).as_posix(), path.name, text)
