"""The closure of a family by four rules, ours with proofs, beside DuckDB and clingo, in one run.

    python tests/benchmarks/closure.py PEER_PYTHON [PARENTS] [TIMES]

PEER_PYTHON is the Python of an environment with `duckdb`, `clingo` and numpy. Of PARENTS (1,000,000) facts "p
is a parent of c" all children, grandparents, siblings and aunts follow. Each engine is a process of its own
that reads the same columns; what is timed begins with the facts in its memory, as it likes to have them, and
ends with all that follows in its memory. Ours keeps for every fact a smallest proof (the rule, and the facts
that it was given); the others keep none. Engines take turns, TIMES (3) times each; clingo is asked once, and
what it is given is a text, which it reads in the time that is counted. CPU seconds are of all threads (DuckDB
has two, ours one); peak memory is that of the process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

GENERATIONS = 10
HEADS = {"child": "c", "grandparent": "g", "sibling": "s", "aunt": "a"}
SQL = """
create table child as select p a, c b from parent;
create table grandparent as select distinct x.c a, y.p b from parent x join parent y on x.p = y.c;
create table sibling as
  select distinct x.c a, y.c b from parent x join parent y on x.p = y.p where x.c <> y.c;
create table aunt as select distinct x.c a, s.b b from parent x join sibling s on x.p = s.a;
"""
DATALOG = """
child(P, C) :- parent(C, P).
grandparent(C, G) :- parent(C, P), parent(P, G).
sibling(A, B) :- parent(A, P), parent(B, P), A != B.
aunt(C, A) :- parent(C, P), sibling(P, A).
"""
SPEC = """wug 1
world family {
  entity person { count 2  named nonce(syllables 2) }
  relation parent(c: person, p: person) { form says "{c} {p}." }
  relation child(p: person, c: person) { form says "{p} {c}!" }
  relation grandparent(c: person, g: person) { form says "{c} - {g}." }
  relation sibling(a: person, b: person) { form says "{a} = {b}." }
  relation aunt(c: person, a: person) { form says "{c} / {a}." }
  rule child(p, c) if parent(c, p)
  rule grandparent(c, g) if parent(c, p), parent(p, g)
  rule sibling(a, b) if parent(a, p), parent(b, p), a != b
  rule aunt(c, a) if parent(c, p), sibling(p, a)
}
"""


def family(parents: int) -> np.ndarray:
    """Who is whose parent [parents, 2], child first: ten generations after the first, half as many
    parents as children, drawn."""
    rng = np.random.default_rng(1)
    each = parents // GENERATIONS
    child = each + np.arange(parents)
    generation = np.repeat(np.arange(GENERATIONS), each)
    first = generation * each
    parent = first + rng.integers(0, each * 53 // 100, parents)
    return rng.permutation(np.stack([child, parent], axis=1).astype(np.int32))


class Watch:
    """Wall-clock seconds, and CPU seconds of all threads of this process, since it was made."""

    def __init__(self) -> None:
        self.begun = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self.begun[0], time.process_time() - self.begun[1]


def ours(parent: np.ndarray) -> tuple[float, float, dict[str, int]]:
    from wug.compiler.checking.check import check
    from wug.compiler.diagnosis.diagnostics import Report
    from wug.compiler.facts import Facts, Populated
    from wug.compiler.inferring.infer import infer

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "family.world"
        path.write_text(SPEC)
        report = Report()
        world = check(path, str(path), report)
    people = int(parent.max()) + 1
    none = Facts(np.empty(0, np.int32), np.empty((0, 2), np.int32))
    facts = dict.fromkeys(world.relations, none)
    facts["parent"] = Facts(np.zeros(len(parent), np.int32), parent)
    nobody = np.broadcast_to(np.array([[""]]), (1, people))
    populated = Populated(1, {"person": np.array([people])}, {"person": nobody}, {}, facts, {}, {})
    watch = Watch()
    closures = infer(world, populated, report)
    return *watch.read(), {name: len(closures[name].facts) for name in HEADS}


def duckdb(parent: np.ndarray) -> tuple[float, float, dict[str, int]]:
    import duckdb as engine

    c, p = np.ascontiguousarray(parent[:, 0]), np.ascontiguousarray(parent[:, 1])  # found by their names
    connection = engine.connect()
    connection.execute("set threads = 2")
    connection.register("given", {"c": c, "p": p})
    connection.execute("create table parent as select c, p from given")
    watch = Watch()
    connection.execute(SQL)
    seconds = watch.read()
    count = {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in HEADS}
    return *seconds, count


def clingo(parent: np.ndarray) -> tuple[float, float, dict[str, int]]:
    import clingo as engine

    program = "".join(f"parent({c},{p})." for c, p in parent.tolist()) + DATALOG
    control = engine.Control(["--warn=none"])
    watch = Watch()
    control.add("base", [], program)
    control.ground([("base", [])])
    return *watch.read(), {
        name: sum(1 for _ in control.symbolic_atoms.by_signature(name, 2)) for name in HEADS
    }


def one(engine: str, columns: str) -> None:
    """Run one engine and print what came of it."""
    seconds, cpu, counts = {"ours": ours, "duckdb": duckdb, "clingo": clingo}[engine](np.load(columns))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "counts": counts}))


def main(peer: str, parents: int, times: int) -> None:
    """Print a line for each engine."""
    from measured import machine

    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        columns = Path(folder) / "parent.npy"
        np.save(columns, family(parents))
        runs: dict[str, list[dict]] = {"ours": [], "duckdb": [], "clingo": []}
        for turn in range(times):
            for engine, found in runs.items():
                if turn and engine == "clingo":
                    continue
                python = sys.executable if engine == "ours" else peer
                command = [python, __file__, "--engine", engine, str(columns)]
                said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
                found.append(json.loads(said))
    counts = runs["ours"][0]["counts"]
    print(f"{parents:,} parents, {sum(counts.values()):,} facts follow: {counts}")
    print(f"{'':8}{'seconds, least':>16}{'most':>8}{'CPU, least':>12}{'peak GiB':>10}")
    for engine, found in runs.items():
        assert all(each["counts"] == counts for each in found), f"{engine} finds other facts: {found}"
        seconds = [each["seconds"] for each in found]
        cpu, peak = min(each["cpu"] for each in found), max(each["peak"] for each in found)
        print(f"{engine:8}{min(seconds):16.2f}{max(seconds):8.2f}{cpu:12.2f}{peak:10.2f}")


if __name__ == "__main__":
    if sys.argv[1] == "--engine":
        one(*sys.argv[2:])
    else:
        peer, *rest = sys.argv[1:]
        main(peer, *(int(each) for each in [*rest, *("1000000", "3")[len(rest) :]]))
