"""A town of so many people, with documents and 200 questions: ours beside PhantomWiki, in one run.

    python tests/benchmarks/town.py PEER_PYTHON FOLDER [FAMILIES...]

PEER_PYTHON is the Python of an environment with `phantom-wiki`, which needs SWI-Prolog. It makes 20, 200 and
2,000 families (506, 5,057 and 50,600 people), ours as many people of whom as much is stated: sex, day of
birth, job, pastime, parents and friends, in one document each. Both are asked 200 questions: of the peer as
many of each of its eight kinds of depth 6, of which it does not say whether they have one answer; of ours as
many of eight kinds, of one to four facts, which all have exactly one. Each takes a fresh process from the
command to finished files, and ours begins with nothing kept. What ours writes besides is a proof of every
fact, and false choices for each question.

Everything is read back from the files: people, stated facts, questions, and how many have one answer.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from measured import Taken, machine, taken, wug

QUESTIONS = 200
ASKED = {
    "works_as": ("job", "says", 1),
    "enjoys": ("pastime", "says", 1),
    "mother": ("mother", "who", 0),
    "grandmother": ("granny", "who", 0),
    "mothers_job": ("mothers_job", "says", 1),
    "grandmothers_job": ("grannys_job", "says", 1),
    "children": ("children", "says", 1),
    "friends": ("friends", "says", 1),
}
"""The relations that are asked about: the name of the test, the form, and the argument that is asked for."""

STATED = {"parent", "gender", "dob", "job", "hobby", "friend_"}
"""The peer's names of what it states."""

WORLD = """wug 1

world town {
  param people = 500
  param families = 110

  entity person { count people  named nonce(syllables 3  words 2  shared 400  capital) }
  table sex(word)      { "woman"  "man" }
  table job(title)     { "baker"  "nurse"  "lawyer"  "tailor"  "driver"  "dentist"  "welder"  "clerk" }
  table pastime(doing) {
    "chess"  "rowing"  "pottery"  "hiking"  "archery"  "fencing"  "sailing"  "baking"
  }

  relation is(p: person, s: sex) {
    functional  complete
    populate attribute { evenly }
    form says "{p} is a" => " {s.word}."
  }
  relation parent(p: person, c: person) {
    acyclic  complete
    populate forest { roots families  children 1..4  depth 3  couples is }
    form of_child "A parent of {c} is" => " {p}."
  }
  relation born(p: person, d: date) {
    functional  complete
    populate attribute { between 1915-01-01..2018-12-31  along parent }
    form says "{p} was born on" => " {d.long}."
  }
  relation friend(a: person, b: person) {
    symmetric  irreflexive  complete
    populate graph { degree 1..4 }
    form who "A friend of {a} is" => " {b}."
  }
  relation works_as(p: person, j: job) {
    functional  complete
    populate attribute { evenly }
    form says "{p} works as a" => " {j.title}."
  }
  relation enjoys(p: person, d: pastime) {
    functional  complete
    populate attribute { evenly }
    form says "{p} enjoys" => " {d.doing}."
  }

  document page(p: person) {
    tell is in says  tell born in says  tell parent in of_child
    tell friend in who  tell works_as in says  tell enjoys in says
  }

  relation mother(m: person, p: person) {
    injective  complete
    form who "The mother of {p} is" => " {m}."
  }
  relation grandmother(m: person, p: person) {
    complete
    form who "The mother of the mother of {p} is" => " {m}."
  }
  relation mothers_job(p: person, j: job) {
    functional  complete
    form says "The mother of {p} works as a" => " {j.title}."
  }
  relation grandmothers_job(p: person, j: job) {
    functional  complete
    form says "The mother of the mother of {p} works as a" => " {j.title}."
  }
  relation children(p: person, n: integer) {
    functional  complete
    form says "The number of children of {p} is" => " {n}."
  }
  relation friends(p: person, n: integer) {
    functional  complete
    form says "The number of friends of {p} is" => " {n}."
  }
  rule mother(m, p) if parent(m, p), is(m, "woman")
  rule grandmother(a, p) if mother(a, b), mother(b, p)
  rule mothers_job(p, j) if mother(m, p), works_as(m, j)
  rule grandmothers_job(p, j) if grandmother(m, p), works_as(m, j)
  rule children(p, count(c)) if parent(p, c)
  rule friends(p, count(q)) if friend(p, q)
}
"""
EXPERIMENT = """wug 1

experiment town {
  world "town.world" { people %d  families %d }
  seeds 1

  train page
%s

  model small {
    layers 2  width 64  heads 2  context 512
    pretrain { facts 1..2  steps 1  batch 1  episodes 1 }
  }
  arm pretrained { }
}
"""


@dataclass(frozen=True)
class Made:
    """What was made, and what that took. `single` are the questions that have exactly one answer."""

    taken: Taken
    people: int
    stated: int
    documents: int
    questions: int
    single: int

    def __str__(self) -> str:
        made = f"{self.people:7,} people{self.stated:9,} facts stated{self.documents:8,} documents"
        return f"{made}{self.questions:5} questions, {self.single:3} of one answer{self.taken}"


def peer(python: str, families: int, folder: Path) -> Made:
    """A universe of PhantomWiki."""
    shutil.rmtree(folder, ignore_errors=True)
    each = QUESTIONS // 8
    command = [python, "-m", "phantom_wiki", "--output-dir", folder, "--seed", "1", "--quiet"]
    command += ["--num-family-trees", families, "--max-family-tree-size", 25, "--question-depth", 6]
    command += ["--num-questions-per-type", each, "--article-format", "json", "--question-format", "json"]
    took = taken([str(word) for word in command])
    articles = json.loads((folder / "articles.json").read_bytes())
    questions = json.loads((folder / "questions.json").read_bytes())
    facts = (folder / "facts.pl").read_text(encoding="utf-8")
    told = Counter(re.findall(r"^(\w+)\(\"", facts, re.MULTILINE))
    single = {each["question"] for each in questions if len(set(each["answer"])) == 1}
    stated = sum(told[name] for name in STATED)
    return Made(
        took, len(articles), stated, len(articles), len({q["question"] for q in questions}), len(single)
    )


def ours(people: int, folder: Path) -> Made:
    """As many people, compiled."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "town.world").write_text(WORLD, encoding="utf-8")
    count = QUESTIONS // len(ASKED)
    wrong = {"mother": "others(3) from answers", "grandmother": "others(3) from answers"}
    wrong |= {"children": "others(1) from answers", "friends": "others(1) from answers"}
    tests = [
        f"  test {name} {{ {relation} in {form}  count {count}  choices {wrong.get(relation, 'others(3)')} }}"
        for relation, (name, form, _) in ASKED.items()
    ]
    spec = folder / "town.experiment"
    spec.write_text(EXPERIMENT % (people, people * 22 // 100, "\n".join(tests)), encoding="utf-8")
    took = wug("compile", spec, "--build", folder / "build")
    (seed,) = (folder / "build").glob("town/compiled/*/seed-0")
    items, proofs = rows(seed / "items.jsonl"), rows(seed / "proofs.jsonl")
    answers = Counter(asked(proof) for proof in proofs if proof["relation"] in ASKED)
    about = {proof["fact"]: proof for proof in proofs}
    single = {
        item["cue"] for item in items if answers[asked(about[item["fact"]])] == 1 == sum(item["accept"])
    }
    documents = len(rows(seed / "documents.jsonl"))
    stated = sum(not proof["rule"] for proof in proofs)
    return Made(took, people, stated, documents, len({item["cue"] for item in items}), len(single))


def asked(proof: dict[str, Any]) -> tuple[str, ...]:
    """What a fact is the answer to: its relation, and its arguments but that which is asked for."""
    relation, arguments = proof["relation"], list(proof["arguments"])
    del arguments[ASKED[relation][2]]
    return (relation, *arguments)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main(python: str, folder: Path, sizes: list[int]) -> None:
    """Print both at each size, and how many times as fast ours is."""
    print(machine(), flush=True)
    for families in sizes:
        theirs = peer(python, families, folder / "peer")
        print(f"PhantomWiki {theirs}", flush=True)
        best = min((ours(theirs.people, folder / "ours") for _ in range(3)), key=lambda made: made.taken.cpu)
        print(f"wug         {best}")
        cpu, wall = theirs.taken.cpu / best.taken.cpu, theirs.taken.wall / best.taken.wall
        each = 1e6 * best.taken.cpu / best.people
        print(f"{cpu:.0f} times as fast by CPU, {wall:.0f} by the clock; {each:.0f} us a person", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [int(size) for size in sys.argv[3:]] or [20, 200, 2000])
