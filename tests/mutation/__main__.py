"""Mutants of what checks, infers and splits, made and tried by mutmut: `python -m tests.mutation N --seed S`.

Exit status: 0 if each was killed or is known to be the same program (`EQUIVALENT`), 1 if not.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tests.numbered import ROOT, append, commit, read

MADE = ROOT / "mutants"
"""Where mutmut puts its copy of the tree; [tool.mutmut] in pyproject.toml says what of and by which tests."""
LOG = ROOT / "docs" / "logs" / "mutants.jsonl"
EQUIVALENT = Path(__file__).with_name("equivalent.jsonl")
AREAS = {"check": "checking/*.py", "infer": "inferring/*.py", "split": "asking/*.py"}
MEMORY = 6 * 2**30
"""Bytes of address space for each process: a mutant may ask for all there are."""
ENDS: dict[int | None, str] = {
    0: "survived",
    **dict.fromkeys((5, 33), "untested"),
    **dict.fromkeys((-24, 24, 36, 152, 255), "timeout"),
    None: "unfinished",
}
"""By exit status of the tests; untested: no test calls the function. With any other one it was killed."""
Key = tuple[str, str, str]
"""File, function and change of a mutant."""
FIRST = "wug.compiler.asking.split.x__moved__mutmut_1"


def mutmut(*arguments: str, quiet: bool = False) -> str:
    """Call mutmut in the root; gives what it prints."""
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE if quiet else None, text=True)
    if told.returncode:
        raise SystemExit(f"mutmut {arguments[0]} ended with {told.returncode}")
    return told.stdout or ""


def made(area: str) -> dict[str, int | None]:
    """The mutants of an area with the exit status of their tests, or None if not tried."""
    found: dict[str, int | None] = {}
    for file in sorted((MADE / "wug" / "compiler").glob(AREAS[area] + ".meta")):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def drawn(names: Sequence[str], count: int, seed: int) -> list[str]:
    """So many mutants in the order of this seed, which is the same everywhere; more of them begin alike."""
    return sorted(names, key=lambda name: blake2b(f"mutants/{seed}/{name}".encode()).digest())[:count]


def place(name: str) -> tuple[str, str]:
    """File and function of a mutant."""
    module, _, function = name.rpartition("__mutmut_")[0].rpartition(".")
    function = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return module.removeprefix("wug.").replace(".", "/") + ".py", function


def changed(diff: str) -> str:
    """The lines that a diff takes and gives, without its head."""
    return "\n".join(
        line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")
    )


def table(lines: Sequence[Mapping[str, Any]], same: Container[Key]) -> str:
    """How many of each area ended how."""
    rows = []
    for area in AREAS:
        mine = [line for line in lines if line["area"] == area]
        ends = Counter("equivalent" if is_same(line, same) else line["end"] for line in mine)
        told = [f"{area}: {len(mine)} mutants", *(f"{n} {end}" for end, n in sorted(ends.items()))]
        rows.append(", ".join(told))
    return "\n".join(rows)


def equivalent() -> dict[Key, str]:
    """What changes nothing, with the reason. The numbers of mutants change with a file: none are here."""
    return {(line["file"], line["function"], line["change"]): line["why"] for line in read(EQUIVALENT)}


def is_same(line: Mapping[str, Any], same: Container[Key]) -> bool:
    return line["end"] == "survived" and (line["file"], line["function"], line["change"]) in same


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("count", type=int, metavar="N", help="how many mutants of each area")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--area", choices=AREAS, action="append", help="only this one")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="try again what survived before")
    parser.add_argument("--log", type=Path, default=LOG)
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    jobs = f"--max-children={options.jobs}"
    if not any(made(area) for area in AREAS):
        mutmut("run", jobs, FIRST)
    areas = options.area or list(AREAS)
    names = {name: area for area in areas for name in drawn(list(made(area)), options.count, options.seed)}
    tried = {line["mutant"]: line for line in read(options.log)}
    left = [name for name in names if name not in tried or (options.again and tried[name]["end"] != "killed")]
    if left:
        mutmut("run", jobs, *left)
        ends = {name: end for area in areas for name, end in made(area).items()}
        at = commit()
        for name in left:
            file, function = place(name)
            end = ENDS.get(ends[name], "killed")
            line = {"area": names[name], "mutant": name, "file": file, "function": function, "end": end}
            if end != "killed":
                line["change"] = changed(mutmut("show", name, quiet=True))
            append(options.log, line | {"commit": at})
    last = {line["mutant"]: line for line in read(options.log)}
    lines, same = [last[name] for name in names], equivalent()
    for line in lines:
        if line["end"] != "killed" and not is_same(line, same):
            print(f"{line['end']}: {line['mutant']} ({line['file']}, {line['function']})\n{line['change']}")
    print(table(lines, same))
    return int(any(line["end"] != "killed" and not is_same(line, same) for line in lines))


if __name__ == "__main__":
    sys.exit(main())
