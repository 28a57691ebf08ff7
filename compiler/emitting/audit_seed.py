"""One compiled world, judged: its facts, documents, questions and views."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wug.compiler.asking.asked import question_about
from wug.compiler.asking.choices import Claim, strongest
from wug.compiler.asking.free import answering
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft
from wug.compiler.emitting.emit import view_columns
from wug.compiler.emitting.files import Row, Tables
from wug.compiler.emitting.proof_table import FactNumbers, proof_table
from wug.compiler.experiment import Test
from wug.compiler.facts import Facts, Ints
from wug.compiler.inferring.known import Known, closed, everything
from wug.compiler.saying.read import Meaning, Reader, Reading
from wug.compiler.saying.render import describe, text_of

Fact = tuple[str, tuple[int, ...]]
"""A relation and its arguments."""


@dataclass(frozen=True)
class Finding:
    """A fault: its kind, the seed of the world (-1 for none), and what is wrong."""

    kind: str
    seed: int
    message: str


class SeedAudit:
    """Judges the files of world `of`; `drawn` is the experiment, drawn from its spec."""

    def __init__(self, drawn: Draft, of: int, read: Tables) -> None:
        self.drawn, self.of, self.read = drawn, of, read
        self.world = drawn.experiment.world
        self.numbers = FactNumbers(drawn.closures, of)
        self.reader = Reader(self.world, drawn.populated, of)
        self.full = everything(drawn)
        self.told: dict[Fact, set[str]] = {}  # what training documents state, and in which forms
        self.found: list[Finding] = []
        documents, tests = drawn.world_documents(of), drawn.world_tests(of)
        own = [source in self.world.given for source in documents.source.tolist()]
        # texts and questions of the user's own, word for word, and where their answers begin
        texts, answers = (
            column[np.array(own, bool)].tolist() for column in (documents.text, documents.answer)
        )
        self.given = set(zip(texts, answers, strict=True))
        self.asked: dict[tuple[str, str], list[dict[str, bool]]] = {}
        for items in (items for items in tests if items.given):
            columns = items.cue.tolist(), items.choices.tolist(), items.accept.tolist()
            for cue, choices, accept in zip(*columns, strict=True):
                key = dict(zip(choices, accept, strict=True))
                self.asked.setdefault((items.test.name, cue), []).append(key)

    def findings(self) -> list[Finding]:
        for name in self.read.differing:
            self.fault("damage", f"{name}.jsonl and {name}.parquet say different things")
        self.proofs()
        self.documents()
        known = self.known()
        for place, item in enumerate(self.read.items):
            self.item(place, item, known)
        self.counts()
        self.views()
        return self.found

    def fault(self, kind: str, message: str) -> None:
        self.found.append(Finding(kind, self.of, message))

    # Facts

    def proofs(self) -> None:
        """The facts and proofs of the world, one by one."""
        table = proof_table(self.world, self.drawn.populated, self.drawn.closures, self.numbers)
        wanted: list[Row] = table.to_pylist()
        if len(wanted) != len(self.read.proofs):
            self.fault("proofs", f"there are {len(self.read.proofs):,} facts, not {len(wanted):,}")
        for right, row in zip(wanted, self.read.proofs, strict=False):
            if right != row:
                self.fault("proofs", f"fact {right['fact']} is {_shown(right)}, not {_shown(row)}")

    # Documents

    def documents(self) -> None:
        """Every document reads as true facts that its set may state."""
        trains = self.drawn.experiment.trains
        preambles = list(dict.fromkeys(["", *(text for train in trains for text in train.preambles)]))
        said: dict[int, list[Row]] = {}
        for row in self.read.sentences:
            said.setdefault(row["doc_id"], []).append(row)
        admitted = self._admitted()
        told: Counter[tuple[str, str]] = Counter()
        for document in self.read.documents:
            text = document["text"]
            if document["source"] in self.world.given:
                if (text, document["answer"]) not in self.given:
                    self.fault(
                        "unreadable", f"'{text}' is no text of '{document['source']}', or is cut elsewhere"
                    )
                told[document["set"], document["source"]] += 1
                continue
            if document["answer"] != -1:
                self.fault("sentences", f"'{text}' is no given text, but has an answer like one")
            if document["source"] in self.world.documents:
                sentences = self.reader.document(document["source"], text)
            else:
                sentences = self.reader.behind_preamble(text, preambles)
            if not sentences:
                self.fault("unreadable", f"a document of '{document['set']}' says nothing known: '{text}'")
                continue
            rows = said.get(document["doc_id"], [])
            for sentence in sentences:
                mine = [row for row in rows if (row["start"], row["end"]) == (sentence.start, sentence.end)]
                self._sentence(
                    document, text[sentence.start : sentence.end], sentence.readings, mine, admitted
                )
            if {(row["start"], row["end"]) for row in rows} != {(s.start, s.end) for s in sentences}:
                self.fault("sentences", f"the sentences of '{text}' are not those that are listed")
            told[document["set"], document["source"]] += 1
        wanted: Counter[tuple[str, str]] = Counter()
        drawn = self.drawn.world_documents(self.of)
        wanted.update(zip(drawn.set.tolist(), drawn.source.tolist(), strict=True))
        if wanted != told:
            self.fault("documents", "there are not as many documents as the spec asks for")

    def _admitted(self) -> dict[str, set[tuple[str, Fact]]]:
        """What the documents of each set may state: (form, fact)."""
        found: dict[str, set[tuple[str, Fact]]] = {}
        documents = self.drawn.world_documents(self.of)
        said = documents.sentences
        sets = documents.set[said.document].tolist()
        columns = (sets, said.relation.tolist(), said.form.tolist(), said.row.tolist())
        for name, relation, form, row in zip(*columns, strict=True):
            arguments = tuple(self.drawn.closures[relation].facts.arguments[row].tolist())
            found.setdefault(name, set()).add((form, (relation, arguments)))
        return found

    def _sentence(
        self,
        document: Row,
        text: str,
        readings: Sequence[Reading],
        rows: list[Row],
        admitted: dict[str, set[tuple[str, Fact]]],
    ) -> None:
        """One sentence: as listed, true, and not said where it must not be."""
        listed = {(row["form"], self._fact(row["fact"])) for row in rows}
        right = [reading for reading in readings if {_said(meaning) for meaning in reading} == listed]
        if not right:
            self.fault("sentences", f"'{text}' does not read as the fact that is listed for it")
        for meaning in {meaning for reading in (right or readings) for meaning in reading}:
            fact = (meaning.relation, meaning.arguments)
            if not self.holds(self.full, fact):
                self.fault("false", f"'{text}' is not true")
            if document["set"] == "train":
                self.told.setdefault(fact, set()).add(meaning.form)
            if (meaning.form, fact) not in admitted.get(document["set"], set()):
                back = " of a member that is held out" if self._held_out(fact) else ""
                self.fault("leak", f"'{text}' states a fact{back} that no 'train' states in this form")

    def _held_out(self, fact: Fact) -> bool:
        return bool(self.drawn.kept_back(self.world.relations[fact[0]], np.array([self._row(fact)]))[0])

    # Questions

    def known(self) -> Known:
        """What follows from the training documents as they are."""
        columns: dict[str, list[tuple[int, ...]]] = {}
        for relation, arguments in sorted(self.told):
            columns.setdefault(relation, []).append(arguments)
        facts = {
            name: Facts(np.zeros(len(rows), np.int32), np.array(rows, np.int32))
            for name, rows in columns.items()
        }
        return closed(self.drawn, np.array([self.of], np.int32), facts, Report())

    def item(self, place: int, item: Row, known: Known) -> None:
        """One question: readable, with distinct choices, the right one proved and the wrong ones refuted."""
        tests = {test.name: test for test in self.drawn.experiment.tests}
        what = f"item {place} of '{item['split']}'"
        if item["split"] in {test.name for test in self.drawn.experiment.given_tests}:
            self._given(what, item)
            return
        if item["split"] not in tests:
            self.fault("items", f"{what}: there is no such test")
            return
        test, choices = tests[item["split"]], item["choices"]
        if not _marked(item):
            self.fault("key", f"{what}: the key does not mark one of its choices as right")
            return
        plain = [" ".join(choice.casefold().split()) for choice in choices]
        if len(set(plain)) < len(plain):
            self.fault("ambiguous", f"{what}: two choices of '{item['cue']}' read alike")
        judge = {
            "verdict": self._verdict,
            "unknown": self._unknown,
            "statements": self._statements,
            "generate": self._free,
        }
        judge.get(test.choices.kind, self._values)(what, test, item, known)

    def _given(self, what: str, item: Row) -> None:
        """A question of the user's own: its file says what is right, and no fact does."""
        wanted = self.asked.get((item["split"], item["cue"]), [])
        if not _marked(item):
            self.fault("key", f"{what}: the key does not mark one of its choices as right")
            return
        if not wanted:
            self.fault("unreadable", f"{what} is no question of its file: '{item['cue']}'")
        elif dict(zip(item["choices"], item["accept"], strict=True)) not in wanted:
            self.fault("key", f"{what}: its file marks another choice of '{item['cue']}' as right")
        if len(set(item["choices"])) < len(item["choices"]):
            self.fault("ambiguous", f"{what}: two choices of '{item['cue']}' read alike")

    def _values(self, what: str, test: Test, item: Row, known: Known) -> None:
        cue = _question(test, item["cue"])
        for choice, right in zip(item["choices"], item["accept"], strict=True):
            readings = self._read(what, test, cue + choice)
            for fact in readings:
                if right:
                    self._right(what, test, item, fact, known)
                elif not self.false(fact):
                    self.fault("key", f"{what}: '{choice.strip()}' is offered as wrong and is not false")
            if right and readings and self._fact(item["fact"]) not in readings:
                self.fault("items", f"{what}: its answer is not the fact that is listed")

    def _free(self, what: str, test: Test, item: Row, known: Known) -> None:
        """Every text that answers is accepted, and no other one."""
        self._values(what, test, item, known)
        cue = _question(test, item["cue"])
        names = {type: texts[[self.of]] for type, texts in self.drawn.populated.names.items()}
        named = dataclasses.replace(known.populated, names=names)  # what is known is of one world, number 0
        (told,) = answering(self.world, named, known.closures, [0], [cue])
        (true,) = answering(self.world, self.drawn.populated, self.drawn.closures, [self.of], [cue])
        if not set(item["choices"]) <= set(item["accepted"]):
            self.fault("key", f"{what}: its answer is not among those that are accepted")
        for text in sorted({*told, *true} - {*item["accepted"]}):
            self.fault("key", f"{what}: '{text.strip()}' answers '{cue}' and is not accepted")
        for text in sorted({*item["accepted"]} - {*told}):
            self.fault("key", f"{what}: '{text.strip()}' does not follow from what the documents say")

    def _right(self, what: str, test: Test, item: Row, fact: Fact, known: Known) -> None:
        size = known.size(fact[0], _zero, _row_of(fact))[0]
        if not size:
            self.fault("key", f"{what}: {self._shown(fact)} does not follow from what the documents say")
        elif fact == self._fact(item["fact"]) and size != item["depth"]:
            self.fault("depth", f"{what}: the answer rests on {size} facts, not {item['depth']}")
        if size and not test.depth[0] <= item["depth"] <= test.depth[1]:
            self.fault("depth", f"{what}: it rests on {item['depth']} facts, which the test does not ask for")

    def _verdict(self, what: str, test: Test, item: Row, known: Known) -> None:
        before, _, after = test.ask.partition("{statement}")
        cue = item["cue"]
        if not (cue.startswith(before.rstrip()) and cue.rstrip().endswith(after.strip())):
            self.fault("unreadable", f"{what} does not ask as its test does: '{cue}'")
            return
        statement = cue[len(before) : len(cue) - len(after.rstrip())]
        true = item["choices"][item["answer"]].strip() == test.choices.texts[0].strip()
        for fact in self._read(what, test, statement):
            proof = known.size(fact[0], _zero, _row_of(fact))[0] > 0 if true else self.false(fact)
            if not proof:
                self.fault("key", f"{what}: '{statement}' is not {'true' if true else 'false'}")
        if sorted(c.strip() for c in item["choices"]) != sorted(t.strip() for t in test.choices.texts):
            self.fault("items", f"{what} offers other verdicts than its test")

    def _unknown(self, what: str, test: Test, item: Row, known: Known) -> None:
        cue, text = _question(test, item["cue"]), test.choices.texts[0]
        if item["choices"][item["answer"]].strip() != text.strip() or sum(item["accept"]) != 1:
            self.fault("key", f"{what}: the right answer is that it is not known")
        for choice in item["choices"]:
            if choice.strip() == text.strip():
                continue
            for fact in self._read(what, test, cue + choice):
                relation = self.world.relations[fact[0]]
                if known.about(relation, _zero, _row_of(fact), test.varied)[0]:
                    self.fault("key", f"{what}: '{cue}' can be answered from what the documents say")
                if not self.false(fact):
                    self.fault("key", f"{what}: '{choice.strip()}' is offered as wrong and is not false")

    def _statements(self, what: str, test: Test, item: Row, known: Known) -> None:
        claims: list[Claim] = []
        for choice in item["choices"]:
            readings = self._read(what, test, choice.removeprefix(" ") if test.ask else item["cue"] + choice)
            if not readings:
                return
            relation, arguments = readings[0]
            claims.append(Claim(relation, "", np.array([arguments], np.int32)))
        if test.ask:
            asked = self.world.relations[test.relation]
            pair = [
                self._text(argument.type, n) for argument, n in zip(asked.arguments, arguments, strict=True)
            ]
            if item["cue"] not in {question_about(test, asked, (a, b)) for a, b in (pair, pair[::-1])}:
                self.fault("unreadable", f"{what} does not ask as its test does: '{item['cue']}'")
        hold = np.array([[known.size(c.relation, _zero, c.arguments)[0] > 0 for c in claims]], bool)
        if test.choices.accept == "strongest":
            of = np.array([self.of], np.int32)
            hold = strongest(claims, of, hold, self.drawn, Report())
        if hold[0].tolist() != list(item["accept"]):
            self.fault("key", f"{what}: other statements follow than those that are marked")

    def counts(self) -> None:
        """As many items of each test as the spec asks for."""
        wanted = {items.test.name: len(items) for items in self.drawn.world_tests(self.of)}
        have = Counter(item["split"] for item in self.read.items)
        for name, count in wanted.items():
            if have[name] != count:
                self.fault("items", f"test '{name}' has {have[name]:,} items, not {count:,}")

    # Views

    def views(self) -> None:
        """What each arm sees of each item, and whether it can be answered from that."""
        contexts, views = view_columns(self.drawn, self.of)
        self._same("contexts", contexts, self.read.contexts)
        self._same("views", views, self.read.views)

    def _same(self, name: str, columns: dict[str, list[Any]], rows: list[Row]) -> None:
        wanted = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        plain = [{k: list(v) if isinstance(v, tuple) else v for k, v in row.items()} for row in wanted]
        if plain == rows:
            return
        pairs = enumerate(zip(plain, rows, strict=False))
        at = next((place for place, (right, row) in pairs if right != row), min(len(plain), len(rows)))
        self.fault("views", f"row {at} of {name} is not what the arm sees")

    # Facts and sentences

    def _read(self, what: str, test: Test, sentence: str) -> list[Fact]:
        """The facts that a sentence of a question may mean; none is a fault."""
        found = [reading[0] for reading in self.reader.sentence(sentence) if len(reading) == 1]
        if not found:
            self.fault("unreadable", f"{what} says nothing known: '{sentence}'")
        return [(meaning.relation, meaning.arguments) for meaning in found]

    def _fact(self, number: int) -> Fact:
        """The fact with this number."""
        for name, rows in self.numbers.rows.items():
            at = number - self.numbers.first[name]
            if 0 <= at < len(rows):
                return name, tuple(self.drawn.closures[name].facts.arguments[rows[at]].tolist())
        return "", ()

    def _row(self, fact: Fact) -> int:
        return int(self.full.rows(fact[0], np.array([self.of], np.int32), _row_of(fact))[0])

    def holds(self, known: Known, fact: Fact) -> bool:
        return self._row(fact) >= 0

    def false(self, fact: Fact) -> bool:
        """Whether a fact is provably false in the full world."""
        return bool(self.full.false(fact[0], np.array([self.of], np.int32), _row_of(fact))[0])

    def _text(self, type: str, number: int) -> str:
        where, numbers = np.array([self.of], np.int32), np.array([number], np.int32)
        return str(text_of(self.world, self.drawn.populated, type, 0, where, numbers)[0])

    def _shown(self, fact: Fact) -> str:
        relation = self.world.relations[fact[0]]
        return describe(self.world, self.drawn.populated, relation, self.of, np.array(fact[1], np.int32))


_zero = np.zeros(1, np.int32)


def _row_of(fact: Fact) -> Ints:
    return np.array([fact[1]], np.int32)


def _marked(item: Row) -> bool:
    """Whether a key says of each choice if it is right, and its answer is one that is."""
    accept, answer = item["accept"], item["answer"]
    return len(accept) == len(item["choices"]) and 0 <= answer < len(accept) and accept[answer]


def _said(meaning: Meaning) -> tuple[str, Fact]:
    return meaning.form, (meaning.relation, meaning.arguments)


def _question(test: Test, cue: str) -> str:
    """The cue of a form in what a test asks."""
    if not test.ask:
        return cue
    before, _, after = test.ask.partition("{cue}")
    return cue.removeprefix(before).removesuffix(after.rstrip())


def _shown(row: dict[str, Any]) -> str:
    by = f" by {row['rule']}" if row["rule"] else ""
    return f"{row['relation']}({', '.join(row['arguments'])}){by}"
