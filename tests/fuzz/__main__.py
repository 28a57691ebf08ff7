"""Fuzz the compiler: `python -m tests.fuzz N --seed S`. Exit status: 0 without a finding, 1 with one."""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.draws import Keyed
from tests.fuzz.mutators import Mutators
from tests.fuzz.reduce import reduced
from tests.fuzz.seeds import lay_out
from tests.fuzz.trial import Mutant, Outcome
from tests.fuzz.worker import Worker
from tests.numbered import ROOT, append, commit, latest, left, read

CASES = Path(__file__).parent / "cases"
LOG = ROOT / "docs" / "logs" / "fuzz.jsonl"
BLOCK = 5000
BATCH = 100
COMPILED = 8
"""Of so many small specs that are fine one is compiled, if nothing else is asked for."""
ENDS = ("fine", "told", "compiled fine", "compiled told", "compiled unfinished")
_WORLD = re.compile(r'\bworld\s+"([^"\n\\]+\.world)"')


@dataclass
class Block:
    """What came of a run of numbers."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: dict[str, list[int]] = field(default_factory=dict)
    unfinished: dict[str, list[int]] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, -1)


class Fuzzer:
    """Draws and tries specs by number, in a folder of its own."""

    def __init__(self, seed: int, folder: Path, cases: Path, compiled: int = COMPILED) -> None:
        self.seed, self.cases, self.compiled = seed, cases, compiled
        self.seeds = lay_out(folder)
        well = [not (seed.home.endswith("/bad") or seed.name.startswith("fails")) for seed in self.seeds]
        self.well, self.bad = ([p for p, good in enumerate(well) if good == which] for which in (True, False))
        self.texts = {(seed.home, seed.name): number for number, seed in enumerate(self.seeds)}
        self.mutators = Mutators(self.seeds)
        self.check, self.compile = Worker(folder), Worker(folder, compiles=True)

    def mutant(self, number: int) -> Mutant:
        """The spec of this number: a seed that is changed, or the world that it names, or both."""
        draws = Keyed("fuzz", self.seed, number)
        place = draws.one(self.well if draws.whole(0, 3) else self.bad)
        seed = self.seeds[place]
        named = _WORLD.search(seed.text) if seed.kind == "experiment" else None
        world = self.texts.get((seed.home, named[1])) if named else None
        if named is None or world is None or draws.whole(0, 2):
            return Mutant(seed.home, ((f"mutant.{seed.kind}", self.mutators.mutated(draws, place)),))
        text = self.mutators.mutated(draws, place) if draws.yes() else seed.text
        text = _WORLD.sub('world "mutated.world"', text)
        files = ((f"mutant.{seed.kind}", text), ("mutated.world", self.mutators.mutated(draws, world)))
        return Mutant(seed.home, files)

    def block(self, numbers: range) -> Block:
        """Try the specs of these numbers."""
        block = Block()
        for start in range(numbers.start, numbers.stop, BATCH):
            batch = range(start, min(start + BATCH, numbers.stop))
            mutants = {number: self.mutant(number) for number in batch}
            small = self.tried(block, mutants, self.check)
            self.tried(block, {number: mutants[number] for number in small}, self.compile, "compiled ")
        return block

    def tried(self, block: Block, mutants: dict[int, Mutant], worker: Worker, what: str = "") -> list[int]:
        """Try some by a worker; gives those that are to be compiled."""
        small = []
        outcomes = worker.all_tried(list(mutants.values()))
        for (number, mutant), outcome in zip(mutants.items(), outcomes, strict=True):
            block.counts[what + outcome.end] += 1
            block.seconds += outcome.seconds
            if outcome.finding:
                self.found(block, number, mutant, outcome, worker)
            elif outcome.end == "unfinished":
                block.unfinished.setdefault(outcome.sign, []).append(number)
            elif not what:
                block.slowest = max(block.slowest, (outcome.seconds, number))
                if outcome.small and Keyed("fuzz compiles", self.seed, number).whole(1, self.compiled) == 1:
                    small.append(number)
        return small

    def found(self, block: Block, number: int, mutant: Mutant, outcome: Outcome, worker: Worker) -> None:
        """Tell of a finding, and keep it smaller, once for each sign."""
        block.findings.setdefault(outcome.sign, []).append(number)
        name = re.sub(r"\W+", "-", outcome.sign).strip("-")
        case = self.cases / mutant.home / f"{name}.{mutant.files[0][0].rpartition('.')[2]}"
        if list(self.cases.rglob(f"{name}.*")):
            return
        print(f"run {number} of seed {self.seed}: {outcome.sign}\n{outcome.detail}", flush=True)
        files = list(mutant.files)
        for place, (called, text) in enumerate(files):

            def same(smaller: str, place: int = place, called: str = called) -> bool:
                tried = [*files[:place], (called, smaller), *files[place + 1 :]]
                return worker.tried(Mutant(mutant.home, tuple(tried))).sign == outcome.sign

            files[place] = (called, reduced(text, same, 600 if outcome.end in ("raised", "wrong") else 60))
        case.parent.mkdir(parents=True, exist_ok=True)
        texts = [text for _, text in files]
        if len(files) > 1:
            texts[0] = texts[0].replace('"mutated.world"', f'"{name}.world"')
            case.with_suffix(".world").write_text(texts[1], encoding="utf-8", newline="")
        case.write_text(texts[0], encoding="utf-8", newline="")
        print(f"{case}:\n{texts[0]}", flush=True)


_fuzzer: Fuzzer


def _begin(seed: int, folder: str, cases: Path, compiled: int) -> None:
    global _fuzzer
    _fuzzer = Fuzzer(seed, Path(tempfile.mkdtemp(dir=folder)), cases, compiled)


def _line(commit: str, numbers: range) -> dict[str, Any]:
    """A line of the log: these numbers, tried."""
    block = _fuzzer.block(numbers)
    return {
        "seed": _fuzzer.seed,
        "from": numbers.start,
        "to": numbers.stop,
        **{end: block.counts[end] for end in ENDS},
        "findings": block.findings,
        "unfinished": block.unfinished,
        "cpu_s": round(block.seconds, 1),
        "slowest_s": round(block.slowest[0], 3),
        "slowest": block.slowest[1],
        "commit": commit,
    }


def summed(blocks: Sequence[dict[str, Any]]) -> str:
    """What some blocks say together."""
    total = {end: sum(block[end] for block in blocks) for end in ENDS}
    findings = Counter[str]()
    for block in blocks:
        findings.update({sign: len(numbers) for sign, numbers in block["findings"].items()})
    compiled = {end.split()[1]: total[end] for end in ENDS if end.startswith("compiled")}
    slowest = max(((block["slowest_s"], block["slowest"]) for block in blocks), default=(0.0, -1))
    return (
        f"{sum(block['to'] - block['from'] for block in blocks):,} specs: {total['fine']:,} fine, "
        f"{total['told']:,} told; {sum(compiled.values()):,} compiled: {compiled['fine']:,} fine, "
        f"{compiled['told']:,} told, {compiled['unfinished']:,} unfinished; "
        f"{sum(findings.values())} findings {dict(findings) or ''}; "
        f"slowest check {slowest[0]:.2f} s (run {slowest[1]}); "
        f"{sum(block['cpu_s'] for block in blocks):,.0f} s of CPU"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("count", type=int, metavar="N", help="how many specs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--block", type=int, default=BLOCK, help="specs to a line of the log")
    parser.add_argument(
        "--compile",
        type=int,
        default=COMPILED,
        metavar="K",
        help="of K small specs that are fine compile one",
    )
    parser.add_argument("--log", type=Path, default=LOG)
    parser.add_argument("--cases", type=Path, default=CASES, help="where findings are kept")
    parser.add_argument("--show", action="store_true", help="only print the specs of these numbers")
    options = parser.parse_args(arguments)
    last = options.first + options.count
    with tempfile.TemporaryDirectory(prefix="wug-fuzz-") as folder:
        begin = options.seed, folder, options.cases, options.compile
        if options.show:
            _begin(*begin)
            for number in range(options.first, last):
                mutant = _fuzzer.mutant(number)
                for name, text in mutant.files:
                    print(f"-- {mutant.home}/{name} --\n{text}")
            return 0
        mine = latest(block for block in read(options.log) if block["seed"] == options.seed)
        work = left(options.first, last, options.block, mine, "findings")
        for line in _lines(options.jobs, begin, work):
            append(options.log, line)
            print(f"{line['from']:,} to {line['to']:,}: {summed([line])}", flush=True)
    found = latest(block for block in read(options.log) if block["seed"] == options.seed)
    found = [block for block in found if block["from"] < last and block["to"] > options.first]
    print(f"seed {options.seed}, {options.first:,} to {last:,}: {summed(found)}")
    return int(any(block["findings"] for block in found))


def _lines(jobs: int, begin: tuple[int, str, Path, int], work: Sequence[range]) -> Iterator[dict[str, Any]]:
    """The lines of all work, as they come; a process has its own folder and workers."""
    tried = partial(_line, commit())
    if jobs == 1:
        _begin(*begin)
        yield from map(tried, work)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _begin, begin) as pool:
        for future in as_completed([pool.submit(tried, numbers) for numbers in work]):
            yield future.result()


if __name__ == "__main__":
    sys.exit(main())
