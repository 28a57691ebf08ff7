"""Experiments, read by regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.compiler.judge.reading import bare, blocks


@dataclass
class Arm:
    context: str  # "", "train", "oracle" or "bm25"
    documents: int
    articles: int
    trains: bool
    augments: bool
    share: float
    globally: bool = False
    continues: str = ""
    part: str = "all"


@dataclass
class Where:
    """An argument whose members are in one of these parts, or in none."""

    argument: str
    inside: bool
    parts: list[str]


@dataclass
class Train:
    relation: str
    form: str
    articles: int
    where: list[Where]


@dataclass
class Test:
    """What is asked and offered. `kind` is what choices say, or generate."""

    relation: str
    form: str
    kind: str
    depth: tuple[int, int]
    ask: str
    texts: list[str]
    statements: list[str]
    strongest: bool
    held: bool | None  # which wordings; none: any
    count: int
    where: list[Where]
    unknown: str  # the right choice where nothing tells


@dataclass
class Holdout:
    """So many members of an entity, of which only facts of some relations are trained."""

    name: str
    count: int
    leaf: bool
    entity: str
    keep: list[str]


@dataclass
class Experiment:
    trains: list[Train]
    tests: dict[str, Test]
    arms: dict[str, Arm]
    documents: list[str]  # those that are trained
    holdouts: list[Holdout]


def read_experiment(text: str) -> Experiment:
    """What an `.experiment` trains, tests, and shows to each arm."""
    text = bare(text)
    trains = []
    where = r"(?:\s*where\s+\w+\s+(?:not\s+)?in\s+\w+(?:\s*,\s*\w+)*)*"
    for relation, form, chosen, rest in re.findall(
        rf"\btrain\s+(\w+)\s+in\s+(\w+)({where})(\s*\{{[^}}]*\}})?", text
    ):
        articles = re.search(r"articles\s+(\d+)", rest)
        trains.append(Train(relation, form, int(articles.group(1)) if articles else 1, _where(chosen)))
    tests = {}
    for match, body in blocks(text, r"\btest\s+(\w+)"):
        asked = re.match(r"\s*(\w+)\s+in\s+(\w+)", body)
        assert asked
        tests[match.group(1)] = _test(asked.group(1), asked.group(2), body)
    bodies = {match.group(1): body for match, body in blocks(text, r"\barm\s+(\w+)")}
    documents = re.findall(r"\btrain\s+(\w+)\b(?!\s+in\b)(?=\s*$)", text, flags=re.M)
    holdouts = [
        Holdout(name, int(count), bool(leaf), entity, re.findall(r"keep\s+(\w+)", keep))
        for name, count, leaf, entity, keep in re.findall(
            r"\bholdout\s+(\w+)\s*=\s*(\d+)\s+(leaf\s+)?(\w+)(?:\s*\{([^}]*)\})?", text
        )
    ]
    return Experiment(trains, tests, {name: _arm(name, bodies) for name in bodies}, documents, holdouts)


def _test(relation: str, form: str, body: str) -> Test:
    kind = re.search(r"\bchoices\s+(\w+)\s*(?:\(([^)]*)\))?|\bgenerate\b", body)
    assert kind
    depth = re.search(r"\bdepth\s+(\d+)(?:\.\.(\d+))?", body)
    ask = re.search(r'\bask\s+"([^"]*)"', body)
    wording = re.search(r"\bwording\s+(\w+)", body)
    count = re.search(r"\bcount\s+(\d+)", body)
    unknown = re.search(r'\bunknown\s+"([^"]*)"', body)
    return Test(
        relation,
        form,
        kind.group(1) or "generate",
        (int(depth.group(1)), int(depth.group(2) or depth.group(1))) if depth else (0, 10**6),
        ask.group(1) if ask else "",
        re.findall(r'"([^"]*)"', kind.group(2) or ""),
        re.findall(r"\w+", re.sub(r'"[^"]*"', "", kind.group(2) or "")),
        not re.search(r"\baccept\s+any", body),
        None if wording and wording.group(1) == "any" else wording is not None,
        int(count.group(1)) if count else 10**6,
        _where(body),
        unknown.group(1) if unknown else "",
    )


def _where(text: str) -> list[Where]:
    found = re.findall(r"\bwhere\s+(\w+)\s+(not\s+)?in\s+(\w+(?:\s*,\s*\w+)*)", text)
    return [Where(argument, not without, re.findall(r"\w+", parts)) for argument, without, parts in found]


def _arm(name: str, bodies: dict[str, str]) -> Arm:
    like = re.search(r"\blike\s+(\w+)", bodies[name])
    base = _arm(like.group(1), bodies) if like else Arm("", 0, 0, False, False, 1.0)
    body = bodies[name]
    if context := re.search(r"\bcontext\s+(train|oracle|bm25)(?:\((\d+)\))?", body):
        base.context, base.documents = context.group(1), int(context.group(2) or 0)
    if articles := re.search(r"\barticles\s+(\d+)", body):
        base.articles = int(articles.group(1))
    if continues := re.search(r"\bcontinues\s+(\w+)", body):
        base.continues = continues.group(1)
    if part := re.search(r"\bdocuments\s+(\w+)", body):
        base.part = part.group(1)
    base.trains |= bool(re.search(r"\bfinetune\s*\{", body))
    oracle = r"\baugment\s+(local|local\s+global)\s+by\s+oracle(?:\s*\{\s*withhold\s+([\d.]+)%\s*\})?"
    if augment := re.search(oracle, body):
        base.augments, base.share = True, 1 - float(augment.group(2) or 0) / 100
        base.globally = "global" in augment.group(1)
    return base
