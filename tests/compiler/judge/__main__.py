"""Judge random worlds by number, and keep a log: the same command goes on where it was stopped.

    python -m tests.compiler.judge FROM TO [--jobs N] [--log FILE]

World N is drawn from the key N, odd ones with layers of denial, comparison and counting; each is compiled for
two seeds, and everything is compared with the judge (`judged_worlds.py`). Exit status: 0 where they agree, 1
where they do not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.compiler.judged_worlds import SEEDS, judge_random_world
from tests.compiler.random_worlds import random_world
from tests.draws import Keyed
from tests.numbered import ROOT, Block, append, commit, latest, left, read

LOG = ROOT / "docs" / "logs" / "judge.jsonl"
BLOCK = 1000


def text_of(number: int) -> str:
    """The world with a number."""
    return random_world(Keyed("judge", number), layered=number % 2 == 1)


def judge_block(commit: str, numbers: range) -> Block:
    """Judge the worlds of these numbers, telling each disagreement with its spec."""
    begun, kinds, disagreements = time.process_time(), Counter[str](), []
    for number in numbers:
        try:
            judged = judge_random_world(text_of(number))
        except Exception:
            print(f"world {number}:\n{text_of(number)}\n{traceback.format_exc()}", flush=True)
            disagreements.append(number)
            continue
        kinds[judged.kind] += 1
        kinds["facts"] += judged.facts
        kinds["asked"] += judged.asked
    counts = {name: kinds[name] for name in ("impossible", "contradictory", "sound", "facts", "asked")}
    return {
        "from": numbers.start,
        "to": numbers.stop,
        **counts,
        "disagreements": disagreements,
        "cpu_s": round(time.process_time() - begun, 1),
        "commit": commit,
    }


def summed(blocks: Sequence[Block]) -> str:
    """What some blocks say together."""
    names = ("impossible", "contradictory", "sound", "facts", "asked", "cpu_s")
    total = {name: sum(block[name] for block in blocks) for name in names}
    wrong = sum(len(block["disagreements"]) for block in blocks)
    return (
        f"{total['contradictory'] + total['sound']:,} specs judged, each for {SEEDS} seeds "
        f"({total['sound']:,} sound, {total['contradictory']:,} contradictory; besides, "
        f"{total['impossible']:,} cannot be drawn): {total['facts']:,} facts with their proofs, "
        f"{total['asked']:,} facts for being true, false or unknown, {wrong} disagreements; "
        f"{total['cpu_s']:,.0f} s of CPU"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.compiler.judge", description=__doc__)
    parser.add_argument("first", type=int, metavar="FROM")
    parser.add_argument("last", type=int, metavar="TO", help="the first number that is not judged")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--block", type=int, default=BLOCK, help="worlds to a line of the log")
    parser.add_argument("--log", type=Path, default=LOG)
    options = parser.parse_args(arguments)
    assert __debug__, "the judge is made of assertions: run it without -O"
    work = left(options.first, options.last, options.block, latest(read(options.log)), "disagreements")
    judge = partial(judge_block, commit())
    with multiprocessing.get_context("spawn").Pool(options.jobs) if options.jobs > 1 else _Here() as pool:
        for block in pool.imap_unordered(judge, work):
            append(options.log, block)
            print(f"{block['from']:,} to {block['to']:,}: {summed([block])}", flush=True)
    blocks = [b for b in latest(read(options.log)) if b["from"] < options.last and b["to"] > options.first]
    print(f"all of {options.first:,} to {options.last:,}: {summed(blocks)}")
    return int(any(block["disagreements"] for block in blocks))


class _Here:
    """A pool of this process alone."""

    imap_unordered = staticmethod(map)

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    sys.exit(main())
