"""Work by number, with a line of a log for each block: the same command goes on where it was stopped."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

Block = dict[str, Any]
"""A line of the log: what was done `from` a number up to and without `to`, and what came out."""


def read(log: Path) -> list[Block]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def append(log: Path, block: Block) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(json.dumps(block) + "\n")


def latest(blocks: Iterable[Block]) -> list[Block]:
    """Of blocks that were done more than once the last line."""
    return list({(block["from"], block["to"]): block for block in blocks}.values())


def left(first: int, last: int, size: int, blocks: Sequence[Block], found: str) -> list[range]:
    """Blocks in which something was `found`, which are done again, and the numbers from `first` up to `last`
    that no block has, in blocks of at most `size`."""
    within = [block for block in blocks if block["from"] < last and block["to"] > first]
    work = [range(block["from"], block["to"]) for block in within if block[found]]
    missing = set(range(first, last)).difference(*(range(block["from"], block["to"]) for block in within))
    # Numbers that follow one another keep their distance to their place in the order.
    for _, run in itertools.groupby(enumerate(sorted(missing)), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        stop = numbers[-1] + 1
        work += [range(start, min(start + size, stop)) for start in range(numbers[0], stop, size)]
    return work


def commit() -> str:
    """What is tried; with a plus where files differ from it."""
    told = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    return subprocess.run(told, cwd=ROOT, capture_output=True, text=True).stdout.strip()
