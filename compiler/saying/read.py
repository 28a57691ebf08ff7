"""Sentences back to facts: the forms of a world as one grammar, and a reader of what it says.

The wordings are one automaton that is walked letter by letter; a slot is a step over any text of its type,
found by looking it up. So a sentence is read in the time that it takes to spell it, however many forms there
are.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wug.compiler.checking.automaton import End, Node, lay, lay_pieces
from wug.compiler.facts import Populated
from wug.compiler.forms import Form, Slot
from wug.compiler.saying.articles import styles
from wug.compiler.saying.render import slot_text
from wug.compiler.world import IN_SCENE, Document, World


@dataclass(frozen=True)
class Meaning:
    """A fact, and the form and wording (by place) in which it is said."""

    relation: str
    form: str
    wording: int
    arguments: tuple[int, ...]


Reading = tuple[Meaning, ...]
"""The facts that a sentence states: one, or those of a list."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a document, from `start` to `end`, and all that it may mean."""

    start: int
    end: int
    readings: tuple[Reading, ...]


_Said = tuple[tuple[int, tuple[frozenset[int], ...]], ...]
"""What the slots on the way held: (argument, the values that each text may be; several for a list)."""

_About = frozenset[int] | None
"""Whom a document is about, as far as its sentences have said so."""


class Reader:
    """Reads what one drawn world says: sentences in any form, held ones too, and documents."""

    def __init__(self, world: World, populated: Populated, of: int) -> None:
        self.world = world
        self.words = _Words(world, populated, of)
        self.root = Node()
        for relation in world.relations.values():
            for form in relation.forms:
                for place, wording in enumerate(form.wordings):
                    lay(self.root, relation, wording, End(relation.name, form.name, place))
        self.documents = {d.name: _document_root(world, d) for d in world.documents.values()}
        self.titles = {d.name: _title_root(d) for d in world.documents.values()}

    def sentence(self, text: str) -> list[Reading]:
        """All that a sentence may mean; nothing where it is none of the world's."""
        found: dict[Reading, None] = {}
        for end, done, said in self._walk(self.root, text, 0, ()):
            if end == len(text):
                found.update(dict.fromkeys(self._readings(done, said, None)))
        return list(found)

    def behind_preamble(self, text: str, preambles: Sequence[str]) -> list[Sentence]:
        """A document of one sentence behind one of these texts; nothing where it does not read as that."""
        for preamble in sorted(preambles, key=len, reverse=True):
            start = len(preamble) + bool(preamble)
            if text.startswith(preamble) and (readings := self.sentence(text[start:])):
                return [Sentence(start, len(text), tuple(readings))]
        return []

    def document(self, name: str, text: str) -> list[Sentence]:
        """A document of a declaration, sentence by sentence; nothing where it does not read as one."""
        for start, subject in self._titled(name, text):
            read = self._paragraph(self.documents[name], text, start, subject)
            if read is not None:
                return read
        return []

    def _titled(self, name: str, text: str) -> Iterator[tuple[int, _About]]:
        """Where the first sentence may begin, and whom the title is about."""
        if not self.world.documents[name].title:
            yield 0, None
            return
        for end, _, said in self._walk(self.titles[name], text, 0, ()):
            if text[end : end + 1] == " ":
                about = [values[0] for place, values in said if place == 0]
                yield end + 1, frozenset.intersection(*about) if about else None

    def _paragraph(self, root: Node, text: str, start: int, about: _About) -> list[Sentence] | None:
        """The sentences from `start` on, the last of which ends the text.

        They are about one member; where a sentence may end in several places, the longest is tried first.
        """
        left = [iter(self._beginnings(root, text, start, about))]
        done: list[Sentence] = []
        while left:
            found = next(left[-1], None)
            if found is None:
                left.pop()
                if done:
                    done.pop()
                continue
            sentence, known = found
            done.append(sentence)
            if sentence.end == len(text):
                return done
            left.append(iter(self._beginnings(root, text, sentence.end + 1, known)))
        return None

    def _beginnings(
        self, root: Node, text: str, start: int, about: _About
    ) -> Iterator[tuple[Sentence, _About]]:
        """The sentences that stand here, and whom the document is then about."""
        ends: dict[int, dict[Reading, int]] = {}
        for end, at, said in self._walk(root, text, start, ()):
            if end == len(text) or text[end : end + 1] == " ":
                for reading in self._readings(at, said, about):
                    member = self._member(reading, at)
                    if at.subject != IN_SCENE or about is None or member in about:
                        ends.setdefault(end, {})[reading] = member
        for end in sorted(ends, reverse=True):
            yield Sentence(start, end, tuple(ends[end])), frozenset(ends[end].values())

    def _member(self, reading: Reading, end: End) -> int:
        """Whom a sentence of a document is about: a member, or the scene that its members are of."""
        arguments = reading[0].arguments
        if end.subject != IN_SCENE:
            return arguments[end.subject]
        types = [argument.type for argument in self.world.relations[end.relation].arguments]
        return next(
            number // self.world.entities[type].per_scene
            for type, number in zip(types, arguments, strict=True)
            if type in self.world.entities and self.world.entities[type].scene
        )

    # Walking the grammar

    def _walk(self, node: Node, text: str, at: int, said: _Said) -> Iterator[tuple[int, End, _Said]]:
        """Every wording that the text from here on begins with: where it ends, which, and what it holds."""
        while True:
            for done in node.ends:
                yield at, done, said
            for silent in node.silent:
                yield from self._walk(silent, text, at, said)
            for (type, slot), following in node.slots.items():
                for end, values in self.words.at(type, slot, text, at):
                    yield from self._walk(following, text, end, (*said, (slot.argument, values)))
            letter = text[at : at + 1]
            if letter not in node.letters:
                return
            node = node.letters[letter]
            at += 1

    def _readings(self, end: End, said: _Said, about: _About) -> Iterator[Reading]:
        """The facts that fit what the slots hold; of a list, one for each value."""
        arity = len(self.world.relations[end.relation].arguments)
        listed = [place for place, values in said if len(values) > 1]
        options: list[list[frozenset[int]]] = []
        for place in range(arity):
            held = [values for at, values in said if at == place]
            if place == end.subject and about is not None:
                held.append((about,))
            if not held:
                return
            if place in listed:
                options.append(list(held[0]))
            else:
                options.append([frozenset.intersection(*(values[0] for values in held))])
        facts = [itertools.product(*map(sorted, each)) for each in itertools.product(*options)]
        for chosen in itertools.product(*facts):
            yield tuple(Meaning(end.relation, end.form, end.wording, fact) for fact in chosen)


class _Words:
    """What may stand in slots: for each type and way of saying it, texts and the values that they may be."""

    def __init__(self, world: World, populated: Populated, of: int) -> None:
        self.world = world
        self.populated = populated
        self.of = of
        self.known: dict[tuple[str, Slot], tuple[list[int], dict[str, list[int]]]] = {}

    def at(
        self, type: str, slot: Slot, text: str, at: int
    ) -> Iterator[tuple[int, tuple[frozenset[int], ...]]]:
        """The texts of a slot that stand here: where each ends, and what it may be, lists too."""
        for end, values in self._one(type, slot, text, at):
            yield end, (values,)
            if slot.many:
                yield from self._more(type, slot, text, end, (values,))

    def _more(
        self, type: str, slot: Slot, text: str, at: int, before: tuple[frozenset[int], ...]
    ) -> Iterator[tuple[int, tuple[frozenset[int], ...]]]:
        for joint in (", ", " and "):
            if text.startswith(joint, at):
                for end, values in self._one(type, slot, text, at + len(joint)):
                    if joint == " and ":
                        yield end, (*before, values)
                    else:
                        yield from self._more(type, slot, text, end, (*before, values))

    def _one(self, type: str, slot: Slot, text: str, at: int) -> Iterator[tuple[int, frozenset[int]]]:
        lengths, values = self._texts(type, slot)
        for length in lengths:
            found = values.get(text[at : at + length])
            if found is not None and at + length <= len(text):
                yield at + length, frozenset(found)

    def _texts(self, type: str, slot: Slot) -> tuple[list[int], dict[str, list[int]]]:
        key = type, slot
        if key not in self.known and (slot.argument or slot.many):
            self.known[key] = self._texts(type, dataclasses.replace(slot, argument=0, many=False))
        if key not in self.known:
            count = self._count(type)
            number = np.arange(count, dtype=np.int32)
            of = np.full(count, self.of, np.int32)
            texts: dict[str, list[int]] = {}
            said = slot_text(self.world, self.populated, type, slot, of, number)
            for value, text in enumerate(said.tolist()):
                texts.setdefault(text, []).append(value)
            lengths = sorted({len(text) for text in texts}, reverse=True)
            self.known[key] = lengths, texts
        return self.known[key]

    def _count(self, type: str) -> int:
        if type in self.world.tables:
            return len(self.world.tables[type].rows)
        if type in self.populated.values:
            return len(self.populated.values[type].texts)
        return int(self.populated.counts[type][self.of])


# Documents


def _document_root(world: World, document: Document) -> Node:
    """The grammar of a document's sentences: its tells plainly, as questions, and with the pronoun."""
    root = Node()
    for tell in document.tells:
        relation = world.relations[tell.relation]
        form: Form = relation.form(tell.form)
        plainly, asking, turned = styles(form, document, tell.subject)
        for place, wording in enumerate(form.wordings):
            if wording.held:
                continue
            end = End(relation.name, form.name, place, tell.subject)
            lay(root, relation, plainly[place] or wording, end)
            if document.questions and (asks := asking[place]) is not None:
                lay(root, relation, asks, end)
            if document.pronouns and (turns := turned[place]) is not None:
                lay(root, relation, turns, end)
    return root


def _title_root(document: Document) -> Node:
    root = Node()
    end = lay_pieces(root, document.title, [document.subject.type, *document.members])
    end.ends.append(End(document.name, "", 0))
    return root
