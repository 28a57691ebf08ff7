"""How long `wug check` takes on each shipped spec, and on large ones: a fresh process each time, CPU and wall
seconds.

    python tests/benchmarks/check.py [TIMES]

The large specs have 1 MB each: of everything, of rules alone, of wordings of one form, and of rows of one
table. The first process of a spec, which may have to write the compiled modules of Python, is not counted.
Other work on the machine only ever adds to a time, so the least one says most.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import ROOT, wug

SIZE = 1_000_000

PART = """  /// Part {n} of many: who is measured by whom, and what follows.
  entity thing_{n} {{ count 12  named nonce(letters 5..9) }}
  table degree_{n}(word, opposite) {{
    "taller by {n}" <-> "shorter by {n}"  "louder by {n}" <-> "quieter by {n}"
  }}
  relation exceeds_{n}(a: thing_{n}, b: thing_{n}, on: degree_{n}) {{
    asymmetric  converse on
    populate pairs {{ count 8  partners 2 }}
    form forward {{
      "In round {n}, {{a}} are" => " {{on.word}} than {{b}}."
      "It is said of round {n} that {{a}} are" => " {{on.word}} than {{b}}."
    }}
    form reverse "In round {n}, {{b}} are" => " {{on.opposite}} than {{a}}."
  }}
  relation beyond_{n}(a: thing_{n}, b: thing_{n}, on: degree_{n}) {{
    form says "Far ahead in round {n}, {{a}} are" => " {{on.word}} than {{b}}."
  }}
  rule beyond_{n}(a, c, on) if exceeds_{n}(a, b, on), exceeds_{n}(b, c, on), a != c
"""
RULE = "  rule knows(a{n}, c) if likes(a{n}, b), likes(b, c), a{n} != c\n"
WORDING = '      "On day {n}, {{a}} likes" => " {{b}}."\n'
ROW = '    "baker number {n}"\n'
PERSON = "  entity person { count 40  named nonce(letters 5..9) }\n"
LIKES = PERSON + "  relation likes(a: person, b: person) {\n    populate pairs { count 8 }\n"
LARGE = {
    "everything": ("", PART, ""),
    "rules": (
        LIKES + '    form says "{a} likes" => " {b}."\n  }\n'
        '  relation knows(a: person, b: person) { form says "{a} knows" => " {b}." }\n',
        RULE,
        "",
    ),
    "wordings": (LIKES + "    form says {\n", WORDING, "    }\n  }\n"),
    "rows": (
        PERSON + "  table job(title) {\n",
        ROW,
        "  }\n  relation works(p: person, j: job) {\n    populate attribute { evenly }\n"
        '    form says "{p} works as" => " {j.title}."\n  }\n',
    ),
}
"""What large specs are made of: a beginning, a part that is repeated with a number, an end."""


def large(begin: str, part: str, end: str) -> str:
    """A world of SIZE bytes or a little more."""
    parts, size = [f"wug 1\n\nworld large {{\n{begin}"], 0
    while size < SIZE:
        parts.append(part.format(n=len(parts)))
        size += len(parts[-1])
    return "".join([*parts, end, "}\n"])


def told(name: str, times: int, spec: Path) -> None:
    """A line of the table; the first time is not counted."""
    wug("check", spec)
    took = [wug("check", spec) for _ in range(times)]
    cpu, wall = [each.cpu for each in took], [each.wall for each in took]
    print(f"{name:18}{min(cpu):9.3f}{statistics.median(cpu):9.3f}", end="")
    print(
        f"{min(wall):10.3f}{statistics.median(wall):9.3f}{max(each.peak for each in took):8.0f}", flush=True
    )


def main(times: int) -> None:
    """Print a table with a line for each spec."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {times} times")
    print(f"{'':18}{'CPU min':>9}{'median':>9}{'wall min':>10}{'median':>9}{'MB':>8}")
    for spec in sorted((ROOT / "specs" / "experiments").glob("*.experiment")):
        told(spec.stem, times, spec)
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "large.world")
        for name, parts in LARGE.items():
            spec.write_text(large(*parts), encoding="utf-8")
            told(f"1 MB {name}", min(times, 3), spec)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
