"""Syntax to a checked experiment, against its checked world."""

from __future__ import annotations

import math
from typing import Any

from wug.compiler import settings, syntax
from wug.compiler.diagnostics import Note, Report, did_you_mean
from wug.compiler.experiment import Arm, Episodes, Experiment, Phase, Test, Train, probed_tests
from wug.compiler.experiment_settings import ARM, MODEL, PHASE, TEST, TRAIN
from wug.compiler.plan import Expectation, Finetuning, Model, Pretraining, Term
from wug.compiler.source import Span
from wug.compiler.world import Form, Slot, World

MOST_SEEDS = 1000
FRESH_EPISODES = 100_000
"""Up to so many episodes a phase never reads one twice, unless the spec says how many there are."""


def check_experiment(declared: syntax.Experiment, world: World, report: Report) -> Experiment | None:
    """The experiment, or none where too little of it could be understood; errors go to `report`."""
    return _ExperimentChecker(declared, world, report).run()


class _ExperimentChecker:
    def __init__(self, declared: syntax.Experiment, world: World, report: Report) -> None:
        self.declared = declared
        self.world = world
        self.report = report

    def run(self) -> Experiment | None:
        declared, report = self.declared, self.report
        for what, items, help in (
            ("nothing to train on", declared.trains, "add: train RELATION in FORM"),
            ("nothing to test", declared.tests, "add: test NAME { RELATION in FORM  choices contradiction }"),
            ("no arm", declared.arms, "add: arm icl { context train }"),
            ("no model", declared.models, "add: model tiny { layers 2  width 64  heads 4 }"),
        ):
            if not items:
                report.add(
                    "W0501", f"experiment '{declared.name.text}' has {what}", declared.name.span, help=help
                )
        for extra in declared.models[1:]:
            report.add("W0011", "more than one model is not yet understood", extra.name.span, help="keep one")
        for holdout in declared.holdouts:
            report.add("W0011", "'holdout' is not yet understood by this version", holdout.span)
        trains = tuple(t for t in map(self._train, declared.trains) if t is not None)
        tests = tuple(t for t in map(self._test, self._once(declared.tests, "test")) if t is not None)
        arms = self._arms()
        expectations = tuple(e for e in map(self._expect, declared.expects) if e is not None)
        seeds = self._seeds()
        if not declared.models:
            return None
        model, pretraining, episodes, each_seed = self._model(declared.models[0])
        self._probed(tests, trains, episodes)
        return Experiment(
            name=declared.name.text,
            world=self.world,
            seeds=seeds,
            trains=trains,
            tests=tests,
            model=model,
            pretraining=pretraining,
            pretraining_per_seed=each_seed,
            episodes=episodes,
            arms=arms,
            expectations=expectations,
            span=declared.name.span,
            doc=declared.doc,
        )

    def _once(self, items: tuple[Any, ...], what: str) -> list[Any]:
        """The items with each name once; a second one is reported."""
        seen: dict[str, Any] = {}
        for item in items:
            if item.name.text in seen:
                notes = [Note("first declared here", seen[item.name.text].name.span)]
                self.report.add(
                    "W0103", f"{what} '{item.name.text}' is declared twice", item.name.span, notes=notes
                )
            else:
                seen[item.name.text] = item
        return list(seen.values())

    def _seeds(self) -> int:
        for extra in self.declared.seeds[1:]:
            self.report.add("W0103", "'seeds' is set twice", extra.span)
        if not self.declared.seeds:
            return 1
        number = self.declared.seeds[0]
        if not 1 <= number.value <= MOST_SEEDS:
            self.report.add("W0204", f"'seeds' must be between 1 and {MOST_SEEDS:,}", number.span)
            return 1
        return int(number.value)

    def _relation_and_form(self, relation: syntax.Name, form: syntax.Name) -> bool:
        if relation.text not in self.world.relations:
            help = did_you_mean(relation.text, self.world.relations)
            self.report.add("W0101", f"unknown relation '{relation.text}'", relation.span, help=help)
            return False
        forms = [f.name for f in self.world.relations[relation.text].forms]
        if form.text not in forms:
            help = did_you_mean(form.text, forms)
            message = f"relation '{relation.text}' has no form '{form.text}'"
            self.report.add("W0101", message, form.span, help=help)
            return False
        return True

    def _no_where(self, wheres: tuple[syntax.Where, ...]) -> None:
        for where in wheres:
            help = "leave it out for now"
            self.report.add("W0011", "'where' is not yet understood by this version", where.span, help=help)

    def _form(self, said: syntax.Train | syntax.Test) -> syntax.Name | None:
        if said.form is None:
            help = "say in which form: RELATION in FORM"
            self.report.add("W0107", f"'{said.relation.text}' needs a form", said.relation.span, help=help)
        return said.form

    def _train(self, train: syntax.Train) -> Train | None:
        self._no_where(train.where)
        values = settings.read(train.settings, TRAIN, "train", self.report)
        preamble = values.get("preamble")
        texts: tuple[str, ...] = ("",)
        if preamble is not None:
            if preamble.text not in self.world.preambles:
                help = did_you_mean(preamble.text, self.world.preambles)
                self.report.add("W0101", f"unknown preamble '{preamble.text}'", preamble.span, help=help)
            texts = self.world.preambles.get(preamble.text) or ("",)
        form = self._form(train)
        if form is None or not self._relation_and_form(train.relation, form):
            return None
        relation = self.world.relations[train.relation.text]
        if relation.population is None:
            help = "train what it is derived from, and test the relation itself"
            message = (
                f"'{relation.name}' is only derived by rules: there are no stated facts of it to train on"
            )
            self.report.add("W0202", message, train.relation.span, help=help)
            return None
        return Train(relation.name, form.text, values.get("articles", 1), texts, train.span)

    def _test(self, test: syntax.Test) -> Test | None:
        self._no_where(test.where)
        values = settings.read(test.settings, TEST, f"test '{test.name.text}'", self.report)
        asked = self._form(test)
        if asked is None or not self._relation_and_form(test.relation, asked):
            return None
        if "choices" not in values:
            if not any(isinstance(a, syntax.Name) and a.text == "choices" for a in test.settings.atoms):
                help = "add: choices contradiction"
                self.report.add("W0107", f"test '{test.name.text}' has no choices", test.name.span, help=help)
            return None
        relation = self.world.relations[test.relation.text]
        choices, others = values["choices"]
        if choices == "contradiction" and relation.converse is None:
            self.report.add(
                "W0503",
                f"'{relation.name}' has no contradiction to offer as a choice",
                test.relation.span,
                help="give it 'converse' over a table of '\"a\" <-> \"b\"' rows, or use choices others(n)",
            )
            return None
        form = relation.form(asked.text)
        varied = relation.converse if choices == "contradiction" else self._asked(asked.span, form)
        if varied is None:
            return None
        cut = self._cut(asked.span, form, varied, relation.arguments[varied].name)
        if cut is None:
            return None
        return Test(test.name.text, relation.name, form.name, choices, others, varied, cut, test.name.span)

    def _asked(self, place: Span, form: Form) -> int | None:
        """The one argument that stands in the answer of a form."""
        slots = {piece.argument for piece in form.pieces[form.answer :] if isinstance(piece, Slot)}
        if len(slots) == 1:
            return slots.pop()
        self.report.add(
            "W0503",
            f"'others' needs a form whose answer holds one argument; '{form.name}' has {len(slots)}",
            place,
            help='mark the answer in the form: "The symbol of {e} is" => " {symbol}."',
        )
        return None

    def _cut(self, place: Span, form: Form, varied: int, name: str) -> int | None:
        """Where the choices begin: at '=>', else at the first slot in which they differ."""
        first = next(i for i, p in enumerate(form.pieces) if isinstance(p, Slot) and p.argument == varied)
        if form.answer == len(form.pieces):
            return first
        if first >= form.answer:
            return form.answer
        message = f"form '{form.name}' names '{name}' before the answer begins"
        help = "put all that the choices differ in behind '=>'"
        self.report.add("W0503", message, place, help=help)
        return None

    # Model

    def _model(self, model: syntax.Model) -> tuple[Model, Pretraining, Episodes, bool]:
        values = settings.read(model.settings, MODEL, f"model '{model.name.text}'", self.report)
        pretrain = values.pop("pretrain", {})
        values.setdefault("kv_heads", values.get("heads", Model.heads))
        values.setdefault("hidden", 2 * values.get("width", Model.width))
        shape = Model(model.name.text, **values)
        if shape.width % shape.heads or (shape.width // shape.heads) % 2:
            help = "the width of one head (width / heads) must be a whole, even number"
            message = f"width {shape.width} does not divide into {shape.heads} heads"
            self.report.add("W0204", message, model.name.span, help=help)
        elif shape.heads % shape.kv_heads:
            help = "each key/value head serves the same number of heads"
            message = f"{shape.heads} heads do not divide into {shape.kv_heads} kv_heads"
            self.report.add("W0204", message, model.name.span, help=help)
        exclude = tuple(
            (relation.text, form.text if form else "")
            for relation, form in pretrain.pop("exclude", [])
            if self._known_exclusion(relation, form)
        )
        each_seed = pretrain.pop("each_seed", False)
        common = {name: pretrain.pop(name) for name in PHASE if name in pretrain}
        phases = tuple(self._phase(common | own) for own in pretrain.pop("phase", [{}]))
        episodes = Episodes(phases, pretrain.pop("questions", 0), exclude)
        if "until" in pretrain:
            pretrain["accuracy"] = pretrain.pop("until")
        steps = sum(phase.steps for phase in phases)
        total = sum(phase.episodes for phase in phases)
        return shape, Pretraining(total, steps, phases[-1].batch, **pretrain), episodes, each_seed

    def _phase(self, values: dict[str, Any]) -> Phase:
        steps, batch = values.get("steps", Pretraining.steps), values.get("batch", Pretraining.batch)
        episodes = values.get("episodes", min(steps * batch, FRESH_EPISODES))
        return Phase(values.get("facts", (1, 8)), steps, batch, episodes)

    def _probed(self, tests: tuple[Test, ...], trains: tuple[Train, ...], episodes: Episodes) -> None:
        """Pretraining is probed with the tests that it can teach: one at least must be left."""
        left = probed_tests(self.world, tests, trains, episodes)
        if tests and trains and not left and not self.report.failed:
            message = "pretraining has nothing to be probed with: it teaches none of the tests"
            help = "let 'exclude' leave one of them"
            self.report.add("W0501", message, self.declared.models[0].name.span, help=help)

    def _known_exclusion(self, relation: syntax.Name, form: syntax.Name | None) -> bool:
        if form is not None:
            return self._relation_and_form(relation, form)
        if relation.text not in self.world.relations:
            help = did_you_mean(relation.text, self.world.relations)
            self.report.add("W0101", f"unknown relation '{relation.text}'", relation.span, help=help)
            return False
        return True

    # Arms and hypotheses

    def _arms(self) -> tuple[Arm, ...]:
        declared = {arm.name.text: arm for arm in self._once(self.declared.arms, "arm")}
        own = {
            name: settings.read(arm.settings, ARM, f"arm '{name}'", self.report)
            for name, arm in declared.items()
        }
        arms = []
        for name, arm in declared.items():
            values = self._inherited(name, own, ())
            context, documents = values.get("context", ("none", 0))
            augment, share = values.get("augment", ("none", 1.0))
            finetune = values.get("finetune")
            if augment != "none" and finetune is None:
                help = "add: finetune { steps 200 }, or: like ANOTHER_ARM"
                message = f"arm '{name}' augments its training data but does not train"
                self.report.add("W0504", message, arm.name.span, help=help)
            if "articles" in values and context == "none":
                message = f"arm '{name}' limits the articles of a context it does not have"
                self.report.add("W0504", message, arm.name.span, help="add: context train")
            made = Finetuning(**finetune) if finetune is not None else None
            articles = values.get("articles", 0)
            arms.append(Arm(name, context, documents, articles, made, augment, share, arm.name.span))
        return tuple(arms)

    def _inherited(self, name: str, own: dict[str, dict[str, Any]], above: tuple[str, ...]) -> dict[str, Any]:
        """An arm's settings over those of the arm that it is like."""
        values = dict(own[name])
        like = values.pop("like", None)
        if like is None:
            return values
        if like.text not in own:
            help = did_you_mean(like.text, own)
            if not above:
                self.report.add("W0101", f"unknown arm '{like.text}'", like.span, help=help)
            return values
        if like.text == name or like.text in above:
            if not above or like.text == above[0]:
                self.report.add(
                    "W0106", f"arm '{name}' is like itself", like.span, help="one of them needs no 'like'"
                )
            return values
        base = self._inherited(like.text, own, (*above, name))
        merged = {**base, **values}
        if isinstance(base.get("finetune"), dict) and isinstance(values.get("finetune"), dict):
            merged["finetune"] = {**base["finetune"], **values["finetune"]}
        return merged

    def _expect(self, expect: syntax.Expect) -> Expectation | None:
        left, right = self._term(expect.left), self._term(expect.right)
        if left is None or right is None:
            return None
        if not left.arm and not right.arm:
            message = "this hypothesis compares two numbers"
            help = "name what is measured: ARM.TEST"
            self.report.add("W0202", message, expect.span, help=help)
            return None
        margin = expect.margin.value if expect.margin is not None else 0.0
        if not math.isfinite(margin) or margin > 1:
            self.report.add("W0204", "the margin must be between 0 and 1", expect.span)
            return None
        text = expect.text.text if expect.text is not None else ""
        return Expectation(text, left, expect.op, right, margin)

    def _term(self, sum: syntax.Sum) -> Term | None:
        if not math.isfinite(sum.offset):
            self.report.add("W0204", "no accuracy is compared with such a number", sum.span)
            return None
        if sum.arm is None or sum.split is None:
            return Term("", "", sum.offset)
        good = True
        for name, known, what in (
            (sum.arm, [arm.name.text for arm in self.declared.arms], "arm"),
            (sum.split, [test.name.text for test in self.declared.tests], "test"),
        ):
            if name.text not in known:
                help = did_you_mean(name.text, known)
                self.report.add("W0101", f"unknown {what} '{name.text}'", name.span, help=help)
                good = False
        return Term(sum.arm.text, sum.split.text, sum.offset) if good else None
