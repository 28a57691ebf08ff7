"""What is trained and what is asked: relations in forms, over the facts that `where` chooses."""

from __future__ import annotations

import re
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.experiment_settings import TEST, TRAIN
from wug.compiler.checking.named import Named
from wug.compiler.checking.where import WhereChecker
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.experiment import DEEPEST, Choices, Test, Train
from wug.compiler.forms import Form, Wording, answered, ending, slots
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.language.source import Span
from wug.compiler.plan import Sampling
from wug.compiler.updating.versions import REMOVED, STATES
from wug.compiler.world import Relation

_SLOT = re.compile(r"\{[^{}]*\}")


class TestChecker:
    """Reads the `train` lines and tests of an experiment."""

    def __init__(self, named: Named, wheres: WhereChecker, report: Report, updated: bool = False) -> None:
        self.named = named
        self.updated = updated
        self.world = named.world
        self.wheres = wheres
        self.report = report

    def train(self, train: syntax_experiment.Train) -> Train | None:
        values = settings.read(train.settings, TRAIN, "train", self.report)
        preamble = values.get("preamble")
        texts: tuple[str, ...] = ("",)
        if preamble is not None:
            if preamble.text not in self.world.preambles:
                help = did_you_mean(preamble.text, self.world.preambles)
                self.report.add("W0101", f"unknown preamble '{preamble.text}'", preamble.span, help=help)
            texts = self.world.preambles.get(preamble.text) or ("",)
        if not self.named.form(train.relation, train.form) or train.form is None:
            return None
        relation = self.world.relations[train.relation.text]
        if relation.population is None and not self.world.composes(relation.name):
            help = "train what it is derived from, and test the relation itself"
            message = (
                f"'{relation.name}' is only derived by rules: there are no stated facts of it to train on"
            )
            self.report.add("W0202", message, train.relation.span, help=help)
            return None
        where = self.wheres.wheres(train.where, relation)
        return Train(
            relation.name,
            train.form.text,
            values.get("articles", 1),
            texts,
            where,
            train.span,
            wordings=values.get("wordings", 0),
        )

    # Tests

    def test(self, test: syntax_experiment.Test) -> Test | None:
        values = settings.read(test.settings, TEST, f"test '{test.name.text}'", self.report)
        if not self.named.form(test.relation, test.form) or test.form is None:
            return None
        relation = self.world.relations[test.relation.text]
        form = relation.form(test.form.text)
        where = self.wheres.wheres(test.where, relation)
        before = len(self.report.items)
        self._fit(test, relation, form, values)
        choices = self._choices(test, relation, form, values)
        if choices is None or len(self.report.items) > before:
            return None
        varied = self._varied(test.form.span, relation, form, choices)
        asked = [w for w in form.wordings if _may_ask(w, values.get("wording", "told"))]
        wording = values.get("wording", "told")
        if varied is None or not self._cuts(test.form.span, relation, form, varied, wording):
            return None
        ask = values["ask"].text if "ask" in values else ""
        stated = "stated" in values or (relation.population is not None and "derived" not in values)
        facts = "stated" if stated else "derived"
        return Test(
            name=test.name.text,
            relation=relation.name,
            form=form.name,
            choices=choices,
            varied=varied,
            where=where,
            facts=facts,
            depth=values.get("depth", (1, DEEPEST)),
            count=values.get("count", 0),
            wording=wording,
            ask=ask,
            span=test.name.span,
            sampling=Sampling(**values["generate"]) if choices.kind == "generate" else None,
            endings=_endings(asked) if choices.kind == "generate" else (),
            change=next((state for state in (*STATES, REMOVED) if state in values), ""),
        )

    def _fit(
        self, test: syntax_experiment.Test, relation: Relation, form: Form, values: dict[str, Any]
    ) -> None:
        """Report settings that have nothing to do with one another (W0508)."""
        kind = values["choices"]["kind"] if "choices" in values else ""
        changes = [state for state in (*STATES, REMOVED) if state in values]
        asked = values["ask"].text if "ask" in values else ""
        pair = [f"{{{argument.name}}}" for argument in relation.arguments[:2]]
        free = "generate" in values
        drawn = values.get("generate", {}).get("temperature", 0) > 0
        slot = "{statement}" if kind == "verdict" else "{cue}"
        for wrong, message, help in (
            ("stated" in values and "derived" in values, "asks for stated and for derived facts", "keep one"),
            (len(changes) > 1, f"asks for what was {' and '.join(changes)}", "keep one"),
            (
                bool(changes) and kind == "statements",
                f"asks for what was {''.join(changes[:1])}, and offers statements about a pair",
                "offer values or verdicts",
            ),
            (
                REMOVED in values and "unknown" not in values,
                "asks for what was removed, and has no answer that is right",
                'add: unknown " no more."',
            ),
            (
                REMOVED in values and bool(test.where),
                "asks for what was removed, and chooses among what there is",
                "leave out 'where'",
            ),
            (
                bool(changes) and not self.updated,
                f"asks for what was {''.join(changes[:1])}, and the world has one version",
                'add: update from "old.world"',
            ),
            (
                "stated" in values and relation.population is None,
                f"asks for stated facts; '{relation.name}' has derived ones only",
                "leave out 'stated'",
            ),
            (
                free and "choices" in values,
                "offers choices and asks for a free answer",
                "keep 'choices' or 'generate'",
            ),
            (
                free and not drawn and bool({"top_k", "top_p"} & {*values["generate"]}),
                "narrows a draw and draws nothing",
                "add a temperature, or leave out 'top_k' and 'top_p'",
            ),
            (
                "accept" in values and kind != "statements",
                "says which statements to accept and offers none",
                "'accept' belongs to choices statements(...)",
            ),
            (
                "unknown" in values and kind != "others",
                "has an answer for what is unknown and no values beside it",
                "'unknown' belongs to choices others(n)",
            ),
            (
                kind == "verdict" and "ask" not in values,
                "wants a verdict and does not say how to ask for it",
                'add: ask "True or false: {statement}"',
            ),
            (
                kind == "statements" and "ask" in values and sorted({*_SLOT.findall(asked)}) != sorted(pair),
                f"does not name the pair, {' and '.join(pair)}, in what it asks",
                f'write: ask "... {" ... ".join(pair)} ..."',
            ),
            (
                "ask" in values and (free or kind not in ("", "statements")) and slot not in asked,
                f"does not put {slot} into what it asks",
                f'write: ask "... {slot} ..."',
            ),
            (
                values.get("wording") == "held" and not any(w.held for w in form.wordings),
                f"asks in held wordings; form '{form.name}' has none",
                f'mark one: form {form.name} {{ ...  held "..." }}',
            ),
        ):
            if wrong:
                self.report.add("W0508", f"test '{test.name.text}' {message}", test.name.span, help=help)

    def _choices(
        self, test: syntax_experiment.Test, relation: Relation, form: Form, values: dict[str, Any]
    ) -> Choices | None:
        if "generate" in values:
            return self._free(test, form, values)
        if "choices" not in values:
            if not any(isinstance(a, syntax.Name) and a.text == "choices" for a in test.settings.atoms):
                help = "add: choices contradiction, or: generate"
                self.report.add("W0107", f"test '{test.name.text}' has no choices", test.name.span, help=help)
            return None
        given = values["choices"]
        if given["kind"] == "contradiction" and relation.converse is None:
            self.report.add(
                "W0503",
                f"'{relation.name}' has no contradiction to offer as a choice",
                test.relation.span,
                help="give it 'converse' over a table of '\"a\" <-> \"b\"' rows, or use choices others(n)",
            )
            return None
        if given["kind"] == "statements":
            found = [self._statement(name, relation, form) for name in given["names"]]
            statements = tuple(statement for statement in found if statement is not None)
            return Choices("statements", statements=statements, accept=values.get("accept", "strongest"))
        if given["kind"] == "instead":
            rivals = tuple(name.text for name in given["names"] if self._rival(name, relation))
            return Choices("others", len(rivals), source_kind="instead", instead=rivals)
        if given["kind"] == "others":
            source, kind = self._source(given["source"], relation, form)
            if "unknown" in values:
                return Choices("unknown", given["count"], source, kind, texts=(values["unknown"].text,))
            return Choices("others", given["count"], source, kind)
        return Choices(given["kind"], texts=given.get("texts", ()))

    def _free(self, test: syntax_experiment.Test, form: Form, values: dict[str, Any]) -> Choices | None:
        """A free answer needs to know where it begins, and says one value."""
        asked = [w for w in form.wordings if _may_ask(w, values.get("wording", "told"))]
        for wrong, message, help in (
            (
                any(w.answer == len(w.pieces) for w in asked),
                f"'generate' needs to know where the answer begins; form '{form.name}' has no '=>'",
                'mark the answer in the form: "The symbol of {e} is" => " {symbol}."',
            ),
            (
                any(slot.many for w in asked for slot in slots(w.pieces[w.answer :])),
                f"'generate' asks for one value; form '{form.name}' answers with a list",
                "ask in a form without a star, or offer choices",
            ),
        ):
            if wrong:
                self.report.add("W0503", message, (test.form or test.name).span, help=help)
                return None
        return Choices("generate")

    def _statement(self, name: syntax.Name, relation: Relation, form: Form) -> tuple[str, str] | None:
        """A form of the test, or a relation, said in the form of the test's name, or its first."""
        if any(own.name == name.text for own in relation.forms):
            return relation.name, name.text
        if name.text not in self.world.relations:
            known = [*self.world.relations, *(own.name for own in relation.forms)]
            help = did_you_mean(name.text, known)
            self.report.add("W0101", f"unknown relation or form '{name.text}'", name.span, help=help)
            return None
        other = self.world.relations[name.text]
        types = [argument.type for argument in other.arguments]
        if (
            types != [argument.type for argument in relation.arguments]
            or len(types) != 2
            or len({*types}) > 1
        ):
            message = f"'{name.text}' makes no statements both ways over a pair of '{relation.name}'"
            help = "statements(...) takes relations of the same two arguments, both of one type"
            self.report.add("W0202", message, name.span, help=help)
            return None
        if not other.forms:
            message = f"'{name.text}' has no form to state it in"
            self.report.add("W0107", message, name.span, help="give it a form")
            return None
        same = next((own.name for own in other.forms if own.name == form.name), other.forms[0].name)
        return other.name, same

    def _rival(self, name: syntax.Name, relation: Relation) -> bool:
        """Whether a relation gives one value, of the asked type, wherever that of the test does."""
        if name.text not in self.world.relations:
            help = did_you_mean(name.text, self.world.relations)
            self.report.add("W0101", f"unknown relation '{name.text}'", name.span, help=help)
            return False
        other = self.world.relations[name.text]
        types = [[argument.type for argument in each.arguments] for each in (relation, other)]
        if types[0] == types[1] and "functional" in other.traits:
            return True
        message = f"'{name.text}' gives no value instead of that of '{relation.name}'"
        help = "instead(...) takes relations that are functional, with the same types of arguments"
        self.report.add("W0202", message, name.span, help=help)
        return False

    def _source(self, source: syntax.Name | None, relation: Relation, form: Form) -> tuple[str, str]:
        """Where other values come from, and what kind of source that is."""
        if source is None:
            return "", "type"
        if source.text in ("targets", "answers"):
            return "", source.text
        asked = answered(form.first)
        type = relation.arguments[asked[0]].type if len(asked) == 1 else ""
        if source.text in self.world.relations:
            other = self.world.relations[source.text]
            if any(argument.type == type for argument in other.arguments):
                return source.text, "relation"
            message = f"'{source.text}' has no values that could answer '{form.name}'"
            self.report.add("W0202", message, source.span, help=f"name a relation with a '{type}' in it")
            return "", "type"
        parts = self.wheres.known(type)
        if source.text not in parts:
            help = did_you_mean(source.text, ["targets", "answers", *self.world.relations, *parts])
            self.report.add("W0101", f"unknown source '{source.text}'", source.span, help=help)
        return source.text, "part"

    # Where the choices begin

    def _varied(self, place: Span, relation: Relation, form: Form, choices: Choices) -> int | None:
        """The argument in which the choices of an item differ."""
        if choices.kind == "statements":
            return -1
        if choices.kind == "contradiction" or (choices.kind == "verdict" and relation.converse is not None):
            return relation.converse
        asked = answered(form.first)
        if choices.kind == "generate" and relation.converse in asked:
            return relation.converse
        if len(asked) == 1:
            return asked.pop()
        if choices.kind == "generate":
            return -1
        self.report.add(
            "W0503",
            f"'{choices.kind}' needs a form whose answer holds one argument; '{form.name}' has {len(asked)}",
            place,
            help='mark the answer in the form: "The symbol of {e} is" => " {symbol}."',
        )
        return None

    def _cuts(self, place: Span, relation: Relation, form: Form, varied: int, which: str) -> bool:
        """Whether no wording that is asked names what is asked for before the answer begins."""
        if varied < 0:
            return True
        for wording in form.wordings:
            before = {slot.argument for slot in slots(wording.pieces[: wording.answer])}
            if _may_ask(wording, which) and wording.answer < len(wording.pieces) and varied in before:
                name = relation.arguments[varied].name
                message = f"form '{form.name}' names '{name}' before the answer begins"
                help = "put all that the choices differ in behind '=>'"
                self.report.add("W0503", message, place, help=help)
                return False
        return True


def _may_ask(wording: Wording, which: str) -> bool:
    """Whether a test asks in this wording."""
    return which == "any" or wording.held == (which == "held")


def _endings(wordings: list[Wording]) -> tuple[str, ...]:
    """The final punctuation of some wordings."""
    found = dict.fromkeys(end for wording in wordings for end in ending(wording))
    return tuple(end for end in found if end)
