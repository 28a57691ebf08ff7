"""Shards: the worlds of an experiment in parts, each compiled by itself, here or on another machine.

Shard i of n holds a stretch of the seeds. Every shard draws all worlds, their facts and their questions, as
what is drawn is numbered through all of them, but checks, tells and writes only its own: that is where the
time goes. When all n are in one build folder, `wug compile` puts them together, byte for byte what it would
have written itself.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wug.compiler.experiment import Experiment
from wug.compiler.store import Store

_ABOUT = "shard.json"


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count`, from 1 on."""

    number: int
    count: int

    def worlds(self, seeds: int) -> range:
        """The worlds of this part."""
        return range((self.number - 1) * seeds // self.count, self.number * seeds // self.count)

    def every(self, count: int) -> range:
        """The variants of a sweep of this part, of as many as there are: every so many-th."""
        return range(self.number - 1, count, self.count)

    def entry(self, experiment: Experiment, key: str) -> tuple[str, str]:
        """Where the store keeps this part of the corpora `key`: kind and key."""
        return f"{experiment.name}/shards", f"{key}-{self.number}-of-{self.count}"

    def write(self, folder: Path, documents: int) -> None:
        """Say what is in a folder, beside the worlds of this part."""
        about = {"shard": self.number, "of": self.count, "documents": documents}
        (folder / _ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")


def parse_shard(text: str) -> Shard:
    """A shard as it is written: "2/8". Raises ValueError."""
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ValueError(f"'{text}' is no shard; write 1/4, 2/4, 3/4 and 4/4 for four of them")
    return Shard(int(number), int(count))


def finished_shards(experiment: Experiment, key: str, store: Store) -> list[Path]:
    """The folders of all parts of the corpora `key`, where all are compiled; else none."""
    for count in range(2, experiment.seeds + 1):
        entries = [Shard(number, count).entry(experiment, key) for number in range(1, count + 1)]
        if store.path(*entries[0]).is_dir() and all(store.has(*entry) for entry in entries):
            return [store.path(*entry) for entry in entries]
    return []


def gather(shards: Sequence[Path], folder: Path) -> int:
    """Put the worlds of all parts into one folder; returns how many documents they have. Files are linked
    where the disk can do that, and take no room a second time."""
    documents = 0
    for shard in shards:
        documents += json.loads((shard / _ABOUT).read_bytes())["documents"]
        for world in sorted(path for path in shard.iterdir() if path.is_dir()):
            shutil.copytree(world, folder / world.name, copy_function=_link)
    return documents


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
