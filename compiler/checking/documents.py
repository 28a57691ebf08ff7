"""Documents: what is told about whom, and in which style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.forms import FormChecker
from wug.compiler.checking.wording_text import Reading
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.entities import Argument, Entity
from wug.compiler.forms import Form, Piece, slots
from wug.compiler.language import syntax
from wug.compiler.language.source import Span
from wug.compiler.world import IN_SCENE, Document, Relation, Tell


class DocumentChecker:
    """Reads the documents of a world with these entities and relations."""

    def __init__(
        self,
        entities: Mapping[str, Entity],
        relations: Mapping[str, Relation],
        forms: FormChecker,
        report: Report,
    ) -> None:
        self.entities = entities
        self.relations = relations
        self.forms = forms
        self.report = report

    def document(self, document: syntax.Document) -> Document | None:
        name, type = document.name.text, document.param.type
        what = f"document '{name}'"
        values = settings.read(document.settings, DOCUMENT, what, self.report)
        if type.text not in self.entities:
            help = did_you_mean(type.text, self.entities)
            self.report.add("W0101", f"unknown entity '{type.text}'", type.span, help=help)
            return None
        if not values.get("tell"):
            if not any(isinstance(a, syntax.Name) and a.text == "tell" for a in document.settings.atoms):
                help = "say what it tells: tell RELATION in FORM"
                self.report.add("W0107", f"{what} tells nothing", document.name.span, help=help)
            return None
        subject = Argument(document.param.name.text, type.text)
        members = [e for e in self.entities.values() if type.text == e.scene != e.name]
        found = [self._tell(relation, form, type.text) for relation, form in values["tell"]]
        tells = tuple(tell for tell in found if tell is not None)
        title: tuple[Piece, ...] | None = ()
        if "title" in values:
            named = [subject, *(Argument(each.name, each.name) for each in members)]
            title = self.forms.pieces(values["title"], named, Reading())
            title = self._listed(title, values["title"].span)
        if len(tells) < len(found) or title is None:
            return None
        pronoun, pronouns = values.get("pronoun", ("", 0))
        self._styles(what, tells, "qa" in values, bool(pronoun), document.name.span)
        return Document(
            name,
            subject,
            values.get("copies", 1),
            values.get("sentences"),
            tells,
            round(values.get("qa", 0.0) * MILLION),
            pronoun,
            pronouns,
            title,
            document.name.span,
            tuple(each.name for each in members),
        )

    def _styles(self, what: str, tells: tuple[Tell, ...], asks: bool, turns: bool, span: Span) -> None:
        """Report a style that no sentence of a document can have (W0202)."""
        told = [(self.relations[t.relation].form(t.form), t.subject) for t in tells]
        said = [(w, subject) for form, subject in told for w in form.wordings if not w.held]
        if asks and all(wording.answer == len(wording.pieces) for wording, _ in said):
            message = f"{what} puts sentences as questions; no form that it tells has an answer"
            help = "divide one with '=>': \"The parent of {b} is\" => \" {a}.\", or leave 'qa' out"
            self.report.add("W0202", message, span, help=help)
        begin = [(next(slots(w.pieces[:1]), None), subject) for w, subject in said]
        if turns and not any(slot is not None and slot.argument == subject for slot, subject in begin):
            message = f"{what} has a pronoun for its subject; no form that it tells begins with that"
            help = "begin a wording with the name, or leave 'pronoun' out"
            self.report.add("W0202", message, span, help=help)

    def _listed(self, title: tuple[Piece, ...] | None, span: Span) -> tuple[Piece, ...] | None:
        """The title of a scene names its members all together."""
        for slot in slots(title or ()):
            if slot.argument and not slot.many:
                message = "a scene has several of these"
                self.report.add("W0302", message, span, help="add a star: {NAME*} lists them all")
                return None
        return title

    def _tell(self, relation: syntax.Name, form: syntax.Name, entity: str) -> Tell | None:
        """The facts of a relation, about the member that the form names first."""
        if relation.text not in self.relations:
            help = did_you_mean(relation.text, self.relations)
            self.report.add("W0101", f"unknown relation '{relation.text}'", relation.span, help=help)
            return None
        told = self.relations[relation.text]
        forms = [each.name for each in told.forms]
        if form.text not in forms:
            help = did_you_mean(form.text, forms)
            message = f"relation '{relation.text}' has no form '{form.text}'"
            self.report.add("W0101", message, form.span, help=help)
            return None
        place = self._subject(told, told.form(form.text), entity)
        if place is None:
            message = f"'{relation.text}' says nothing about '{entity}'"
            help = "tell a relation with such an argument"
            self.report.add("W0202", message, relation.span, help=help)
            return None
        if told.population is None:
            message = f"'{told.name}' is only derived by rules: there are no stated facts of it to tell"
            self.report.add("W0202", message, relation.span, help="tell what it is derived from")
            return None
        return Tell(told.name, form.text, place)

    def _subject(self, relation: Relation, form: Form, entity: str) -> int | None:
        """The argument of this type that a form names first; IN_SCENE for what holds in a scene."""
        named = [relation.arguments[slot.argument].type for slot in slots(form.pieces)]
        if entity in named:
            return next(
                s.argument for s in slots(form.pieces) if relation.arguments[s.argument].type == entity
            )
        of_scene = any(type in self.entities and self.entities[type].scene == entity for type in named)
        return IN_SCENE if of_scene else None


MILLION = 1_000_000


def _tell(cursor: settings.Cursor, key: syntax.Name) -> list[tuple[syntax.Name, syntax.Name]] | None:
    """`tell relation in form`; may be said several times."""
    relation, word, form = (cursor.take(syntax.Name) for _ in range(3))
    if relation is None or word is None or word.text != "in" or form is None:
        place = next((name for name in (word, relation) if name is not None), key)
        cursor.report.add(
            "W0107", "'tell' needs a relation and a form", place.span, help="tell RELATION in FORM"
        )
        return None
    return [(relation, form)]


def _sentences(cursor: settings.Cursor, key: syntax.Name) -> tuple[int, int] | None:
    """`sentences 8` or `sentences 4..20`."""
    atom = cursor.take((syntax.Range, syntax.Number))
    low = high = 0
    if isinstance(atom, syntax.Number) and atom.kind == "int":
        low = high = int(atom.value)
    elif isinstance(atom, syntax.Range):
        low, high = atom.low, atom.high
    if not 1 <= low <= high <= 1000:
        message = "'sentences' takes a number or a range such as 4..20, at most 1000"
        cursor.report.add("W0203", message, (atom or key).span)
        return None
    return low, high


def _pronoun(cursor: settings.Cursor, key: syntax.Name) -> tuple[str, int] | None:
    """`pronoun "it" 30%`."""
    text, share = cursor.take(syntax.Text), cursor.take(syntax.Number)
    if text is None or not text.text.strip() or share is None or share.kind != "percent":
        place = (share or text or key).span
        help = 'pronoun "it" 30%'
        cursor.report.add("W0107", "'pronoun' needs a word and a percentage", place, help=help)
        return None
    if not 0 <= share.value <= 1:
        cursor.report.add("W0204", "'pronoun' must be between 0% and 100%", share.span)
        return None
    return text.text.strip(), round(share.value * MILLION)


def _title(cursor: settings.Cursor, key: syntax.Name) -> Any:
    text = cursor.take(syntax.Text)
    if text is None:
        cursor.report.add("W0107", "'title' needs a text", key.span, help='title "On {c.plural}."')
    return text


DOCUMENT: settings.Schema = {
    "copies": settings.integer(1, 100_000),
    "sentences": _sentences,
    "tell": _tell,
    "qa": settings.share,
    "pronoun": _pronoun,
    "title": _title,
}
