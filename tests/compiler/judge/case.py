"""One world of an experiment, judged: every file that was written against the texts of the specs."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from tests.compiler.judge import parts, reading, reading_experiment, reasoning, sentences
from tests.compiler.judge.composed import composed
from tests.compiler.judge.proofs import judge_proofs

VALUES = ("text", "integer", "number", "money", "date")

Row = dict[str, Any]
Known = dict[reasoning.Fact, int]


class Case:
    """One world's files, judged by the texts of its two specs; `old` is the world as it was, where it is
    updated."""

    def __init__(
        self, folder: Path, world: str, experiment: str, preambles: set[str], old: Case | None = None
    ) -> None:
        self.old = old
        self.world = reading.read_world(world)
        self.experiment = reading_experiment.read_experiment(experiment)
        self.preambles = preambles
        self.proofs, self.items, self.documents = (
            [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
            for name in ("proofs", "items", "documents")
        )
        self.paragraphs: dict[int, list[Row]] = {}
        for line in (folder / "sentences.jsonl").read_text().splitlines():
            said = json.loads(line)
            self.documents[said["doc_id"]].update(said)
            self.paragraphs.setdefault(said["doc_id"], []).append(said)
        self.views: list[Row] = parquet.read_table(folder / "views.parquet").to_pylist()
        self.contexts = {
            (row["arm"], row["context_id"]): row["doc_ids"]
            for row in parquet.read_table(folder / "contexts.parquet").to_pylist()
        }
        self.facts: list[reasoning.Fact] = [(row["relation"], tuple(row["arguments"])) for row in self.proofs]
        texts: dict[str, set[str]] = {}
        for name, arguments in self.facts:
            for (_, type), text in zip(self.world.relations[name].arguments, arguments, strict=True):
                texts.setdefault(type, set()).add(text)
        for name, arguments in old.facts if old is not None else ():
            for (_, type), text in zip(old.world.relations[name].arguments, arguments, strict=True):
                if type in VALUES:  # an old value is a wrong choice
                    texts.setdefault(type, set()).add(text)
        self.world.composed = composed(self.world, texts)
        bare = {fact for fact, row in zip(self.facts, self.proofs, strict=True) if not row["rule"]}
        assert self.world.composed <= bare, "what names say is not derived"
        self.stated = bare - self.world.composed
        self.known = reasoning.closure(self.world, sorted(self.stated))
        self.reader = sentences.Reader(self.world, texts)
        self.sentences = [self.sentence(row["text"]) for row in self.documents]
        train = [row for row in self.documents if row["set"] == "train"]
        self.told = {self.facts[said["fact"]] for row in train for said in self.paragraphs[row["doc_id"]]}
        self.said = {s for row in train for s in self.statements(row)}

    def all_is_right(self) -> None:
        self.closure_and_proofs()
        self.answer_keys()
        self.held_out()
        self.chosen()
        self.documents_are_true()
        self.augmentation()
        self.exposure()

    def closure_and_proofs(self) -> None:
        judge_proofs(self.world, self.proofs, self.facts)
        assert not reasoning.violated(self.world, self.known)

    def means(self, sentence: str) -> list[reasoning.Fact]:
        found = [fact for _, fact in self.reader.read(sentence)]
        assert found, f"does not read as a fact: {sentence}"
        return found

    def answer_keys(self) -> None:
        assert self.told <= set(self.known)
        assert {name for name, _ in self.told - self.stated} <= self.world.given
        taught = reasoning.closure(self.world, sorted(self.told))
        counts = Counter(item["split"] for item in self.items)
        assert [item["item_id"] for item in self.items] == list(range(len(self.items)))
        assert {item["split"] for item in self.items} == set(self.experiment.tests)
        for item in self.items:
            test = self.experiment.tests[item["split"]]
            assert len(set(item["choices"])) == len(item["choices"]) == len(item["accept"])
            assert (len(item["choices"]) == 1) == (test.kind == "generate") == bool(item["accepted"])
            assert item["accept"][item["answer"]]
            assert counts[item["split"]] <= test.count
            asked = self.asked(item)
            assert (item["relation"], asked[0]) == (asked[0], item["relation"])
            said = f"{asked[0]}({', '.join(asked[1])})"
            assert item["proof"].startswith(said) or (test.unknown and not item["depth"])
            if test.kind == "statements":
                self.statements_follow(test, item, taught)
            else:
                assert (item["relation"], item["form"]) == (test.relation, test.form)
                assert sum(item["accept"]) == 1
                if test.kind == "verdict":
                    self.verdict(test, item, taught)
                elif test.unknown:
                    self.nothing_tells(test, item, taught)
                elif test.kind == "generate":
                    self.values(test, item, taught)
                    self.free(test, item, taught)
                else:
                    self.values(test, item, taught)
            assert item["depth"] == (0 if test.unknown else taught[asked])
            assert test.unknown or test.depth[0] <= item["depth"] <= test.depth[1]
            entities = [
                a for a, (_, t) in zip(asked[1], self.arguments(asked), strict=True) if self.entity(t)
            ]
            assert item["cluster"] == (entities or asked[1])[0]

    def held_out(self) -> None:
        """What training does not tell of relations that it tells is about members that are held out, and of
        these it tells nothing else than it may."""
        documents = [self.world.documents[name] for name in self.experiment.documents]
        told = {relation for document in documents for relation, _ in document.tells}
        told |= {train.relation for train in self.experiment.trains if not train.where}
        for holdout in self.experiment.holdouts:
            left = {fact for fact in self.stated - self.told if fact[0] in told}
            assert not {name for name, _ in left} & set(holdout.keep)
            about = {fact: self.members(fact, holdout.entity) for fact in self.known}
            seen = {member for fact in self.told if fact[0] not in holdout.keep for member in about[fact]}
            unseen = {member for fact in left for member in about[fact]} - seen
            parents = {fact[1][1] for fact in self.stated if fact[0] in holdout.keep if holdout.leaf}
            may = sorted(unseen - parents)
            assert any(
                all(about[fact] & set(some) for fact in left)
                for some in itertools.combinations(may, min(len(may), holdout.count))
            ), "so many members account for all that is left out"

    def chosen(self) -> None:
        """What is trained and asked is what each `where` may choose, for some division into parts."""
        evidence: list[parts.Evidence] = []
        for train in self.experiment.trains:
            if len(train.where) == 1:
                about = {f for f in self.stated if f[0] == train.relation and f[0] not in self.world.given}
                about |= {f for f in self.known if f[0] == train.relation and f[0] in self.world.given}
                told = {
                    self.facts[d["fact"]]
                    for d in self.documents
                    if (d["set"], d["relation"], d["form"]) == ("train", train.relation, train.form)
                }
                evidence += [self.choice(fact, train.where[0], fact in told) for fact in about]
        for item in self.items:
            fact = self.asked(item)
            evidence += [self.choice(fact, w, True) for w in self.experiment.tests[item["split"]].where]
        parts.judge_parts(self.world, evidence)
        for holdout in self.experiment.holdouts:
            held = {m for type, m, w, yes in evidence if (holdout.name in w.parts) and w.inside == yes}
            assert len(held) <= holdout.count
            seen = {f for f in self.told if f[0] not in holdout.keep}
            assert not any(held & self.members(fact, holdout.entity) for fact in seen)

    def choice(self, fact: reasoning.Fact, where: reading_experiment.Where, chosen: bool) -> parts.Evidence:
        arguments = self.arguments(fact)
        place = [name for name, _ in arguments].index(where.argument)
        return arguments[place][1], fact[1][place], where, chosen

    def members(self, fact: reasoning.Fact, entity: str) -> set[str]:
        return {name for name, (_, type) in zip(fact[1], self.arguments(fact), strict=True) if type == entity}

    def values(self, test: reading_experiment.Test, item: Row, taught: Known) -> None:
        cue = self.question(test, item["cue"])
        whole = cue + item["choices"][item["answer"]]
        held = {pattern.held for pattern in self.reader.patterns if pattern.regex.fullmatch(whole)}
        assert test.held is None or test.held in held
        for choice, right in zip(item["choices"], item["accept"], strict=True):
            meanings = self.means(cue + choice)
            if right:
                assert self.facts[item["fact"]] in meanings
                assert all(fact in taught for fact in meanings), "the answer follows from what is trained"
            else:
                assert all(reasoning.is_false(self.world, self.known, fact) for fact in meanings)
                assert not any(fact in taught for fact in meanings)
                if test.kind == "instead":
                    assert any((name, fact[1]) in self.known for name in test.statements for fact in meanings)
        assert test.kind != "instead" or len(item["choices"]) == len(test.statements) + 1

    def free(self, test: reading_experiment.Test, item: Row, taught: Known) -> None:
        """Accepted is all that makes a true sentence of the question, and the test asks for all of it."""
        cue = self.question(test, item["cue"])
        found: dict[str, set[reasoning.Fact]] = {}
        here: set[reasoning.Fact] = set()
        for fact in self.known:
            for form, wordings in self.world.relations[fact[0]].forms.items():
                for way in sentences.every_way(wordings):
                    text = self.filled(way, fact)
                    rest = text.removeprefix(cue)
                    if rest != text and rest.strip() and not (cue[-1:].isalnum() and rest[0].isalnum()):
                        found.setdefault(rest, set()).add(fact)
                        if (fact[0], form) == (test.relation, test.form):
                            here.add(fact)
        assert item["accepted"] == sorted(found)
        assert item["choices"][0] in found
        stated = self.facts[item["fact"]] in self.stated
        for facts in found.values():
            asked = {fact for fact in facts & here if (fact in self.stated) == stated}
            assert any(item["depth"] <= taught[fact] <= test.depth[1] for fact in asked)

    def nothing_tells(self, test: reading_experiment.Test, item: Row, taught: Known) -> None:
        """That it is unknown is right: nothing that is trained answers, and the others are false."""
        assert item["choices"][item["answer"]] == test.unknown
        assert (self.asked(item) in self.known) == (item["fact"] >= 0)
        cue = self.question(test, item["cue"])
        for fact in taught:
            if fact[0] == test.relation:
                assert not self.say(self.world.relations[fact[0]].forms[test.form], fact).startswith(cue)
        for choice, right in zip(item["choices"], item["accept"], strict=True):
            for fact in self.means(cue + choice) if not right else ():
                assert reasoning.is_false(self.world, self.known, fact)
                assert fact not in taught

    def asked(self, item: Row) -> reasoning.Fact:
        """The fact that an item is about; of what was removed the one that was true in the old version."""
        if item["fact"] >= 0:
            return self.facts[item["fact"]]
        assert self.old is not None
        cue = self.question(self.experiment.tests[item["split"]], item["cue"])
        wrong = [text for text, right in zip(item["choices"], item["accept"], strict=True) if not right]
        (found,) = {fact for text in wrong for fact in self.means(cue + text) if fact in self.old.known}
        return found

    def question(self, test: reading_experiment.Test, cue: str) -> str:
        """What a test's own words stand around."""
        before, _, after = re.split(r"(\{\w+\})", test.ask) if test.ask else ("", "", "")
        assert cue.startswith(before)
        assert cue.endswith(after.rstrip())
        return cue[len(before) : len(cue) - len(after.rstrip())]

    def verdict(self, test: reading_experiment.Test, item: Row, taught: Known) -> None:
        assert sorted(item["choices"]) == sorted(test.texts)
        true = item["choices"][item["answer"]] == test.texts[0]
        for fact in self.means(self.question(test, item["cue"])):
            assert (fact in taught) == true
            assert true or reasoning.is_false(self.world, self.known, fact)

    def statements_follow(self, test: reading_experiment.Test, item: Row, taught: Known) -> None:
        """All statements of the set, both ways over a pair; those that follow, or the strongest, count."""
        claims = [self.means(choice.removeprefix(" "))[0] for choice in item["choices"]]
        pair = set(claims[0][1])
        if test.ask:
            arguments = [name for name, _ in self.world.relations[test.relation].arguments]
            a, b = sorted(pair)
            orders = [dict(zip(arguments, order, strict=True)) for order in ((a, b), (b, a))]
            assert item["cue"] in [test.ask.format(**order) for order in orders]
            assert all(choice.startswith(" ") for choice in item["choices"])
        else:
            assert not item["cue"]
        assert len(pair) == 2
        assert len(claims) == 2 * len(test.statements)
        assert all(set(arguments) == pair for _, arguments in claims)
        follow = [fact for fact in claims if fact in taught]
        alone = {fact: reasoning.closure(self.world, [fact]) for fact in follow}
        right = {
            fact
            for fact in follow
            if not test.strongest
            or not any(fact in alone[other] and other not in alone[fact] for other in follow)
        }
        assert right == {fact for fact, good in zip(claims, item["accept"], strict=True) if good}

    def answers(self, test: reading_experiment.Test, item: Row, seen: Known) -> int:
        """On how many seen facts it rests; 0 where it does not follow, -1 where none are counted."""
        if test.unknown:
            forms = self.world.relations[test.relation].forms[test.form]
            cue = self.question(test, item["cue"])
            told = (fact for fact in seen if fact[0] == test.relation)
            return 0 if any(self.say(forms, fact).startswith(cue) for fact in told) else -1
        if not any(seen.values()):
            return 0
        if test.kind == "verdict":
            true = item["choices"][item["answer"]] == test.texts[0]
            facts = self.means(self.question(test, item["cue"]))
            if true:
                return min((seen[fact] for fact in facts if fact in seen), default=0)
            return -1 if all(reasoning.is_false(self.world, seen, fact) for fact in facts) else 0
        if test.kind == "statements":
            said = [choice.removeprefix(" ") for choice in item["choices"]]
        else:
            said = [self.question(test, item["cue"]) + choice for choice in item["choices"]]
        pairs = list(zip(said, item["accept"], strict=True))
        right, wrong = (
            [seen[fact] for text, good in pairs if good == want for fact in self.means(text) if fact in seen]
            for want in (True, False)
        )
        return 0 if wrong and test.kind != "statements" else min(right, default=0)

    def arguments(self, fact: reasoning.Fact) -> list[tuple[str, str]]:
        return self.world.relations[fact[0]].arguments

    def entity(self, type: str) -> bool:
        return type not in self.world.tables and type not in VALUES

    def documents_are_true(self) -> None:
        forms = {(train.relation, train.form) for train in self.experiment.trains}
        counts: dict[tuple[Any, ...], list[int]] = {}
        for number, row in enumerate(self.documents):
            assert row["doc_id"] == number
            if row["source"] in self.world.documents:
                self.paragraph_is_true(row)
                continue
            fact = self.facts[row["fact"]]
            meanings = [(form, fact) for form, fact in self.reader.read(self.sentences[number])]
            assert (row["form"], fact) in meanings, row
            assert all(meant in self.known for _, meant in meanings), "every document is true"
            if row["set"] == "train":
                assert fact in self.stated or fact[0] in self.world.given
                assert (row["relation"], row["form"]) in forms
                assert any(
                    not p.held
                    for p in self.reader.patterns
                    if p.form == row["form"] and p.regex.fullmatch(self.sentences[number])
                )
                key = (row["relation"], row["form"], row["fact"])
                counts.setdefault(key, []).append(row["article"])
        for train in self.experiment.trains:
            for number, fact in enumerate(self.facts):
                may = fact in self.stated or fact[0] in self.world.given
                if may and fact[0] == train.relation:
                    articles = counts.get((train.relation, train.form, number), [])
                    left = (train.where or self.experiment.holdouts) and not articles
                    assert articles == list(range(train.articles)) or left

    def paragraph_is_true(self, row: Row) -> None:
        """A document reads, from its first sentence to its last, as the facts that it is said to state."""
        document = self.world.documents[row["source"]]
        said: dict[tuple[int, int, str], set[reasoning.Fact]] = {}
        for sentence in self.paragraphs[row["doc_id"]]:
            place = sentence["start"], sentence["end"], sentence["form"]
            said.setdefault(place, set()).add(self.facts[sentence["fact"]])
        read = self.reader.document(document, row["text"])
        assert {(start, end, form): set(facts) for start, end, form, facts in read} == said, row["text"]
        assert all(fact in self.stated for facts in said.values() for fact in facts)

    def statements(self, row: Row) -> set[str]:
        """What a document states, each fact in the first wording of its form."""
        found = set()
        for said in self.paragraphs[row["doc_id"]]:
            fact = self.facts[said["fact"]]
            found.add(self.say(self.world.relations[fact[0]].forms[said["form"]], fact))
        return found

    def sentence(self, text: str) -> str:
        """A document without its preamble."""
        found = [text.removeprefix(p).strip() for p in self.preambles if text.startswith(p)]
        return min((s for s in found if self.reader.read(s)), key=len, default=text)

    def augmentation(self) -> None:
        arms = self.experiment.arms
        stated = self.told if any(arm.augments for arm in arms.values()) else ()
        alone = {follows for fact in stated for follows in reasoning.closure(self.world, [fact])}
        taught = reasoning.closure(self.world, sorted(self.told))
        for name, arm in arms.items():
            added = [row for row in self.documents if row["set"] == name]
            assert arm.augments or not added
            for row in added:
                fact = self.facts[row["fact"]]
                follows = taught if arm.globally else alone
                assert fact in follows, "it follows from one trained fact, or from all of them together"
                assert not self.statements(row) & self.said, "it is not stated already"
            texts = [(*self.statements(row), row["article"]) for row in added]
            assert len(texts) == len(set(texts))
            self.nothing_weaker({self.facts[row["fact"]] for row in added})
            if arm.augments and arm.part == "changed":
                self.all_news(added)
            elif arm.augments:
                self.share(arm, added)

    def nothing_weaker(self, added: set[reasoning.Fact]) -> None:
        """Where a test accepts the strongest alone, nothing is added that another fact about both entails."""
        tests = [test for test in self.experiment.tests.values() if test.strongest]
        relations = {relation for test in tests for relation in test.statements}
        said = {fact for fact in {*added, *self.told} if fact[0] in relations}
        alone = {fact: set(reasoning.closure(self.world, [fact])) for fact in said}
        for fact in added & said:
            others = [other for other in said if set(other[1]) == set(fact[1])]
            assert not any(fact in alone[other] and other not in alone[fact] for other in others), fact

    def all_news(self, added: list[Row]) -> None:
        """Of what was not true before all is said, and of what was true nothing."""
        assert self.old is not None
        assert not {self.facts[row["fact"]] for row in added} & set(self.old.known)
        said = self.said | {s for row in added for s in self.statements(row)}
        for fact in self.told - set(self.old.known):
            forms = self.world.relations[fact[0]].forms.values()
            assert all(self.say(form, fact) in said for form in forms), fact

    def read(self, name: str) -> tuple[list[int], list[int]]:
        """The documents that the weights of an arm learned: of this version, and of the old one."""
        new, old = list[int](), list[int]()
        while name:
            arm = self.experiment.arms[name]
            if arm.trains and arm.part == "old":
                assert self.old is not None
                old += [d["doc_id"] for d in self.old.documents if d["set"] in ("train", name)]
            elif arm.trains:
                new += [
                    d["doc_id"]
                    for d in self.documents
                    if d["set"] == name or (d["set"] == "train" and (arm.part == "all" or self.news(d)))
                ]
            name = arm.continues
        return new, old

    def news(self, document: Row) -> bool:
        """Whether a document says something that was not true."""
        assert self.old is not None
        facts = {self.facts[said["fact"]] for said in self.paragraphs[document["doc_id"]]}
        return not facts <= set(self.old.known)

    def share(self, arm: reading_experiment.Arm, added: list[Row]) -> None:
        """Exactly its share of each relation's first arguments is augmented, each with all of its facts; less
        where facts of another relation are about the same members, which are said together or not at all."""
        said = self.said | {s for row in added for s in self.statements(row)}
        about: dict[frozenset[str], list[reasoning.Fact]] = {}
        for fact in self.told:
            about.setdefault(self.entities(fact), []).append(fact)
        for members in {self.entities(self.facts[row["fact"]]) for row in added} & set(about):
            for fact in about[members] if len(members) > 1 else ():
                forms = self.world.relations[fact[0]].forms.values()
                assert all(self.say(form, fact) in said for form in forms), fact
        if any(len({fact[0] for fact in facts}) > 1 for facts in about.values()):
            return
        for name in {train.relation for train in self.experiment.trains}:
            trains = [train for train in self.experiment.trains if train.relation == name]
            relation = self.world.relations[name]
            forms = relation.forms.values()
            whole: dict[str, list[bool]] = {}
            for fact in self.told:
                if fact[0] == name:
                    whole.setdefault(fact[1][0], []).append(
                        all(self.say(form, fact) in said for form in forms)
                    )
            wanted = math.ceil(len(whole) * arm.share)
            complete = sum(map(all, whole.values()))
            derived = any(rule.head[0] == name for rule in self.world.rules) or len(trains) > 1
            trained = {train.form for train in trains}
            if derived or relation.traits & {"symmetric", "transitive"} or len(forms) == len(trained):
                assert complete >= wanted  # one fact may give what another one states
            else:
                assert complete == wanted
                assert complete == sum(map(any, whole.values()))

    def entities(self, fact: reasoning.Fact) -> frozenset[str]:
        """The members of entities that a fact is about."""
        named = zip(self.arguments(fact), fact[1], strict=True)
        return frozenset(text for (_, type), text in named if self.entity(type))

    def say(self, form: Sequence[reading.Wording], fact: reasoning.Fact) -> str:
        """A fact in the first wording of a form."""
        return self.filled(sentences.plainly(form), fact)

    def filled(self, template: str, fact: reasoning.Fact) -> str:
        """A template with its slots filled."""
        arguments = self.arguments(fact)
        names = [name for name, _ in arguments]

        def word(match: re.Match[str]) -> str:
            place = names.index(match.group(1))
            type, behind = arguments[place][1], match.group(2).split(".")[1:]
            if type not in self.world.tables:
                return sentences.inflected(fact[1][place], behind)
            columns, rows = self.world.tables[type]
            row = next(row for row in rows if row[0] == fact[1][place])
            return sentences.inflected(row[columns.index(behind[0])], behind[1:])

        return sentences.SLOT.sub(word, template)

    def text(self, numbers: Sequence[int]) -> str:
        """Some documents in small letters, a line each."""
        return "\n".join(dict.fromkeys(self.documents[number]["text"] for number in numbers)).casefold()

    def stands(self, sentence: str, text: str) -> bool:
        """Whether a sentence stands in a text, all in small letters, and no word goes on at its ends."""
        sentence = sentence.strip().casefold()
        inside = rf"(?!\B\w){re.escape(sentence)}(?<!\w\B)"
        return sentence in text and re.search(inside, text) is not None

    def exposure(self) -> None:
        seen = {(row["arm"], row["item_id"]): row for row in self.views}
        assert len(seen) == len(self.views) == len(self.experiment.arms) * len(self.items)
        train = [row for row in self.documents if row["set"] == "train"]
        learnt = {name: self.read(name)[0] for name in self.experiment.arms}
        before = {name: self.read(name)[1] for name in self.experiment.arms}
        says = [self.statements(document) for document in self.documents]
        told = [
            frozenset(self.facts[said["fact"]] for said in self.paragraphs[d["doc_id"]])
            for d in self.documents
        ]
        states = {name: set().union(*(says[number] for number in learnt[name])) for name in learnt}
        trained = {name: self.text(learnt[name]) for name in learnt}
        taught = {
            name: frozenset[reasoning.Fact]().union(*(told[n] for n in learnt[name])) for name in learnt
        }
        for name in (name for name, numbers in before.items() if numbers):
            assert self.old is not None
            trained[name] += "\n" + self.old.text(before[name])
            for number in before[name]:
                facts = {self.old.facts[said["fact"]] for said in self.old.paragraphs[number]}
                taught[name] |= facts & set(self.known)
                states[name] |= self.old.statements(self.old.documents[number])
        closures: dict[frozenset[reasoning.Fact], Known] = {}
        for (name, arm), item in itertools.product(self.experiment.arms.items(), self.items):
            row = seen[name, item["item_id"]]
            context = self.contexts[name, row["context_id"]] if row["context_id"] >= 0 else []
            assert len(set(context)) == len(context) == row["context_docs"]
            assert all(self.documents[number]["set"] == "train" for number in context)
            shown = frozenset[reasoning.Fact]().union(*(told[number] for number in context))
            facts = taught[name] | shown
            if facts not in closures:
                closures[facts] = reasoning.closure(self.world, sorted(facts))
            depth = self.answers(self.experiment.tests[item["split"]], item, closures[facts])
            if before[name] and not learnt[name] and not arm.context:
                assert self.old is not None  # it has heard what was true, and nothing else
                depth = depth if self.asked(item) in {*self.old.known} & {*self.known} else 0
            assert row["answerable"] == bool(depth), (name, item)
            assert row["depth"] == max(depth, 0), (name, item)
            answer = item["cue"] + item["choices"][item["answer"]]
            asked = self.asked(item)
            wanted = self.say(self.world.relations[asked[0]].forms[item["form"]], asked)
            text = trained[name] + "\n" + self.text(context)
            verbatim = self.stands(answer, text)
            exposed = wanted in states[name] or any(wanted in says[number] for number in context)
            exposed = exposed or self.stands(wanted, text)
            assert row["verbatim"] == verbatim, (name, item)
            assert row["exposed"] == (exposed or verbatim), (name, item)
            usable = [
                d["doc_id"]
                for d in train
                if d["article"] < (arm.articles or math.inf) and (arm.part != "changed" or self.news(d))
            ]
            if arm.context == "train":
                assert sorted(context) == usable
            elif arm.context == "oracle":
                assert len(context) >= min(arm.documents, len({self.documents[n]["fact"] for n in usable}))
            elif arm.context == "bm25":
                assert len(context) == min(arm.documents, len(usable))
                assert set(context) <= set(usable)
            else:
                assert not context
            if arm.context in ("train", "oracle"):
                if shown not in closures:
                    closures[shown] = reasoning.closure(self.world, sorted(shown))
                if self.experiment.tests[item["split"]].unknown or arm.part == "changed":
                    continue
                assert asked in closures[shown], "the context holds what the answer rests on"
                assert row["context_relevant"] >= 1
