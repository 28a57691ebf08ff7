"""How long 50,000 fresh worlds of pretraining take: for each shipped experiment, of its last phase.

    python tests/benchmarks/episodes.py [WORLDS] [EXPERIMENT...]

Each world is drawn, closed under the rules, and said in tokens; what reading the spec takes is not counted.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import ROOT, machine

from wug.compiler.checking.check import check
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.emitting.episodes import compile_episodes
from wug.compiler.emitting.tokenizer import build_tokenizer
from wug.compiler.experiment import Experiment
from wug.compiler.populating.sheets import characters, read_data


def main(worlds: int, names: list[str]) -> None:
    """Print a line for each experiment."""
    print(f"{machine()}\n{worlds:,} worlds each")
    for name in names:
        report = Report()
        experiment = check(ROOT / "specs" / "experiments" / f"{name}.experiment", name, report, {})
        assert isinstance(experiment, Experiment)
        learner = experiment.models[0]
        phase = dataclasses.replace(learner.episodes.phases[-1], episodes=worlds)
        setting = dataclasses.replace(learner.episodes, phases=(phase,))
        learner = dataclasses.replace(learner, episodes=setting)
        letters = characters(read_data(experiment.world, report))
        tokenizer = build_tokenizer(experiment.world, letters, experiment.texts())
        cpu, wall = time.process_time(), time.perf_counter()
        made = compile_episodes(experiment, learner, tokenizer, report, lambda _: None)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        tokens = int((made.tokens > 0).sum())
        facts = "..".join(map(str, phase.facts))
        took = f"{cpu:8.2f} s of CPU{wall:8.2f} s of the clock"
        print(f"{name:12}{facts:>8} facts{tokens:12,} tokens{took}", flush=True)


if __name__ == "__main__":
    shipped = sorted(path.stem for path in (ROOT / "specs" / "experiments").glob("*.experiment"))
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000, sys.argv[2:] or shipped)
