"""Whether what is written can be read: sentences are parsed back, and must come back as their facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from wug.compiler.diagnosis.diagnostics import Note, Report
from wug.compiler.draw import Words, permute
from wug.compiler.experiment import Experiment
from wug.compiler.facts import Closure, Ints, Populated, Rows
from wug.compiler.language.source import Span
from wug.compiler.saying.manner import choose, plain
from wug.compiler.saying.read import Meaning, Reader, Reading
from wug.compiler.saying.render import describe, say
from wug.compiler.saying.said import Documents
from wug.compiler.world import World

SAMPLE = 1000
"""So many documents of each world are read back by `wug compile`; `wug audit` reads all."""


class ReadingCheck:
    """Compares what is read in one drawn world with what was meant."""

    def __init__(self, world: World, populated: Populated, closures: dict[str, Closure], of: int) -> None:
        self.world = world
        self.populated = populated
        self.closures = closures
        self.of = of
        self.reader = Reader(world, populated, of)

    def documents(
        self, documents: Documents, rows: Rows, preambles: Sequence[str]
    ) -> Iterator[tuple[int, str, str, list[Note]]]:
        """Of these documents of the world those that do not read as they were meant: row, relation, the
        sentence, and the readings that it has."""
        said = documents.said()
        for row in rows.tolist():
            text, source = str(documents.text[row]), str(documents.source[row])
            if source in self.world.documents:
                found = self.reader.document(source, text)
            else:
                found = self.reader.behind_preamble(text, preambles)
            meant = self._meant(documents, said[row])
            read = {(sentence.start, sentence.end): sentence.readings for sentence in found}
            for (start, end), reading in meant.items():
                readings = read.get((start, end), ())
                if not self.agrees(reading, readings):
                    notes = self.notes(readings)
                    yield row, next(iter(reading)).relation, text[start:end], notes
                    break

    def _meant(self, documents: Documents, rows: range) -> dict[tuple[int, int], frozenset[Meaning]]:
        sentences = documents.sentences
        found: dict[tuple[int, int], set[Meaning]] = {}
        for row in rows:
            place = int(sentences.start[row]), int(sentences.end[row])
            relation = str(sentences.relation[row])
            arguments = self.closures[relation].facts.arguments[sentences.row[row]]
            meaning = Meaning(
                relation, str(sentences.form[row]), int(sentences.wording[row]), tuple(arguments.tolist())
            )
            found.setdefault(place, set()).add(meaning)
        return {place: frozenset(meanings) for place, meanings in found.items()}

    def agrees(self, meant: frozenset[Meaning], readings: Sequence[Reading]) -> bool:
        """Whether a sentence reads as what was meant, and as nothing else."""
        facts = _facts(meant)
        return any(_facts(reading) == facts for reading in readings) and all(
            _facts(reading) == facts or self._same(meant, reading) for reading in readings
        )

    def _same(self, meant: frozenset[Meaning], reading: Reading) -> bool:
        """Whether another reading says the same: a relation turned round that holds both ways."""
        (first, *more), (other, *others) = sorted(meant, key=str), reading
        relation = self.world.relations[first.relation]
        if more or others or other.relation != first.relation:
            return False
        a, b, *rest = (*first.arguments, 0)
        turned = [b, a, *rest[:-1]]
        if relation.converse is not None:
            table = self.world.tables[relation.arguments[relation.converse].type]
            turned[relation.converse] = table.mirror[turned[relation.converse]]
        elif "symmetric" not in relation.traits:
            return False
        return list(other.arguments) == turned

    def notes(self, readings: Sequence[Reading]) -> list[Note]:
        """All that a sentence may mean, for messages."""
        if not readings:
            return [Note("it reads as no sentence of this world")]
        return [
            Note(
                f"it reads as {self._fact(reading[0])} in form '{reading[0].form}'"
                + (f", and {len(reading) - 1} more" if len(reading) > 1 else "")
            )
            for reading in readings[:4]
        ]

    def _fact(self, meaning: Meaning) -> str:
        relation = self.world.relations[meaning.relation]
        return describe(self.world, self.populated, relation, self.of, np.array(meaning.arguments, np.int32))


class ReadingChecks:
    """The check of each world. Only the last one is kept: it knows every name of its world."""

    def __init__(self, world: World, populated: Populated, closures: dict[str, Closure]) -> None:
        self.world = world
        self.populated = populated
        self.closures = closures
        self._last: ReadingCheck | None = None

    def of(self, of: int) -> ReadingCheck:
        if self._last is None or self._last.of != of:
            self._last = ReadingCheck(self.world, self.populated, self.closures, of)
        return self._last


def _facts(meanings: Sequence[Meaning] | frozenset[Meaning]) -> frozenset[tuple[str, tuple[int, ...]]]:
    return frozenset((meaning.relation, meaning.arguments) for meaning in meanings)


def check_documents(
    checks: ReadingChecks, experiment: Experiment, documents: Documents, seeds: Words, report: Report
) -> bool:
    """Report (W0306) the first document, of a sample of each world, that does not read back as its facts;
    returns whether there is one."""
    preambles = list(dict.fromkeys(["", *(p for train in experiment.trains for p in train.preambles)]))
    told = np.bincount(documents.sentences.document, minlength=len(documents)) > 0
    for of in np.unique(documents.world[told]).tolist():
        mine = documents.take(np.flatnonzero((documents.world == of) & told))
        order = permute(seeds[of], "reading", np.arange(min(SAMPLE, len(mine))), max(1, len(mine)))
        for _, relation, sentence, notes in checks.of(of).documents(mine, order, preambles):
            _report(sentence, notes, experiment.world.relations[relation].span, report)
            return True
    return False


def check_statements(
    checks: ReadingChecks, seeds: Words, report: Report, worlds: Iterable[int] | None = None
) -> None:
    """Report (W0306) the first fact of a sample, of all worlds or of some, that some wording does not say
    unmistakably."""
    world, populated, closures = checks.world, checks.populated, checks.closures
    for of in range(len(seeds)) if worlds is None else worlds:
        check = checks.of(of)
        forms = [(relation, form) for relation in world.relations.values() for form in relation.forms]
        for relation, form in forms:
            facts = closures[relation.name].facts
            mine = np.flatnonzero(facts.world == of)
            most = min(len(mine), max(1, SAMPLE // len(forms)))
            path = f"reading/{relation.name}/{form.name}"
            rows = mine[permute(seeds[of], path, np.arange(most), max(1, len(mine)))]
            key = seeds[of] + rows.astype(np.uint64)
            manner = choose(form, key, path, which="any")
            arguments = facts.arguments[rows]
            texts = say(world, populated, relation, form, facts.world[rows], arguments, manner)
            for place, text in enumerate(texts.tolist()):
                meant = Meaning(relation.name, form.name, 0, tuple(arguments[place].tolist()))
                readings = check.reader.sentence(text)
                if not check.agrees(frozenset([meant]), readings):
                    _report(text, check.notes(readings), form.span, report)
                    break


def check_claims(checks: ReadingChecks, claims: Sequence[tuple[str, str, int, Ints]], report: Report) -> None:
    """Report (W0306) the first statement of a test that says more than it means.

    `claims` are what its choices state: relation, form, world, arguments [rows, arity]. Invented names hold
    no words of a form, so only statements with texts of the user's own are read, but all of those.
    """
    world = checks.world
    for name, said, of, arguments in sorted(claims, key=lambda claim: claim[2]):
        relation = world.relations[name]
        if not any(_of_ones_own(world, argument.type) for argument in relation.arguments):
            continue
        check = checks.of(of)
        form, rows = relation.form(said), np.unique(arguments, axis=0)
        where = np.full(len(rows), of, np.int32)
        texts = say(world, checks.populated, relation, form, where, rows, plain(form, len(rows)))
        for text, row in zip(texts.tolist(), rows.tolist(), strict=True):
            readings = check.reader.sentence(text)
            if not check.agrees(frozenset([Meaning(name, said, 0, tuple(row))]), readings):
                _report(text, check.notes(readings), form.span, report)
                return


def _of_ones_own(world: World, type: str) -> bool:
    """Whether a type's texts are taken from a file, and may hold anything."""
    return type == "text" or (type in world.entities and world.entities[type].data is not None)


def _report(sentence: str, notes: list[Note], span: Span, report: Report) -> None:
    message = f"'{sentence}' cannot be read back as the fact that it states"
    help = "word the forms so that no sentence of one is a sentence of another"
    report.add("W0306", message, span, notes=notes, help=help)
