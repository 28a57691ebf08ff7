"""How compiling goes with the size of what is compiled: seconds for a fact, peak memory, bytes on the disk.

    python tests/benchmarks/scale.py [WORLDSxFACTS | FACTS ...]

A spec of WORLDS seeds, each with about FACTS stated facts, two rules and a question for every ten facts, is
written and compiled by a `wug compile` of its own: facts and rules, documents, items with proofs, as Parquet
and JSON lines. FACTS alone compiles the world by itself: every fact with its proof, and every fact in words.
CPU seconds are of all threads, peak memory that of the process; facts, questions and bytes are counted in
what was written.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as parquet
from measured import machine

SIZES = ("10000", "100000", "1000000", "10000000")
SIZES += ("1x10000", "1x100000", "1x1000000", "10x100000", "100x100000")
QUESTIONS = 10
"""A question for so many facts."""

DERIVED = ("grandparent", "parents_city")

WORLD = """wug 1
world registry {{
  entity person {{ count {people}  named nonce(words 2 shared 2000 letters 5..8 capital) }}
  entity city {{ count 200  named nonce(letters 4..6) }}
  table job(title) {{ "baker"  "nurse"  "lawyer"  "tailor"  "driver"  "dentist"  "welder"  "clerk" }}
  relation parent(c: person, p: person) {{
    functional  acyclic  complete
    populate forest {{ upward  roots {roots}  children 1..3  depth 40 }}
    form says "The parent of {{c}} is" => " {{p}}."
  }}
  relation lives_in(p: person, c: city) {{
    functional  complete
    populate attribute {{ }}
    form says "{{p}} lives in" => " {{c}}."
  }}
  relation born_in(p: person, c: city) {{
    functional  complete
    populate attribute {{ }}
    form says "{{p}} was born in" => " {{c}}."
  }}
  relation works_as(p: person, j: job) {{
    functional  complete
    populate attribute {{ }}
    form says "{{p}} works as a" => " {{j.title}}."
  }}
  relation grandparent(c: person, g: person) {{
    functional  complete
    form says "The grandparent of {{c}} is" => " {{g}}."
  }}
  relation parents_city(c: person, g: city) {{
    functional  complete
    form says "The parent of {{c}} lives in" => " {{g}}."
  }}
  rule grandparent(c, g) if parent(c, p), parent(p, g)
  rule parents_city(c, g) if parent(c, p), lives_in(p, g)
}}
"""
EXPERIMENT = """wug 1
experiment registry {{
  world "registry.world"
  seeds {seeds}
  train parent in says
  train lives_in in says
  train born_in in says
  train works_as in says
  test city        {{ lives_in in says  count {each}  choices others(3) }}
  test grandparent {{ grandparent in says  count {each}  choices others(3) from answers }}
  test parents     {{ parents_city in says  count {each}  choices others(3) from answers }}
  model small {{ layers 2  width 64  heads 2  context 512
    pretrain {{ facts 4..8  steps 10  batch 4 }} }}
  arm finetune {{ finetune {{ steps 100  learning_rate 3e-3 }} }}
}}
"""


def main(sizes: list[str]) -> None:
    """Print a line for each size."""
    print(machine())
    print(f"{'':12}{'stated':>12}{'derived':>12}{'questions':>11}{'CPU s':>8}{'us/fact':>9}", end="")
    print(f"{'wall s':>8}{'peak GiB':>10}{'GB':>7}")
    for size in sizes:
        print(f"{size:12}", end="", flush=True)
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


def one(size: str) -> None:
    """Compile one size and print the rest of its line; in a process of its own, as it has one child."""
    worlds, _, facts = size.rpartition("x")
    people, asked = int(facts) * 4 // 15, 0  # a quarter of them have no parent
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "registry.world").write_text(WORLD.format(people=people, roots=max(2, people // 4)))
        each = int(facts) // QUESTIONS // 3
        (folder / "registry.experiment").write_text(EXPERIMENT.format(each=each, seeds=worlds or 1))
        (folder / "wug.lock").touch()
        file = folder / ("registry.experiment" if worlds else "registry.world")
        command = [sys.executable, "-m", "wug", "compile", str(file)]
        begun = time.perf_counter()
        made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        wall, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        compiled = Path(made.decode().strip())
        counts = json.loads((compiled / "manifest.json").read_bytes())["counts"]
        every = sum(parquet.read_metadata(path).num_rows for path in compiled.rglob("proofs.parquet"))
        if worlds:
            stated, asked = counts["documents"], sum(counts["items"].values())
        else:
            stated = every - sum(counts[name] for name in DERIVED)
        size_written = sum(path.stat().st_size for path in compiled.rglob("*") if path.is_file())
    cpu = used.ru_utime + used.ru_stime
    print(f"{stated:12,}{every - stated:12,}{asked:11,}{cpu:8.1f}{cpu / stated * 1e6:9.1f}", end="")
    print(f"{wall:8.1f}{used.ru_maxrss / 2**20:10.2f}{size_written / 1e9:7.2f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
    else:
        main(sys.argv[1:] or list(SIZES))
