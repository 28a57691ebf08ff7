"""The models of an experiment, their pretraining, and the probes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.checkpoint import CheckpointReader, check_tokens
from wug.compiler.checking.experiment_settings import MODEL, PHASE
from wug.compiler.checking.named import Named
from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.experiment import Arm, Episodes, Learner, Phase, Test, Train, probed_tests
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.plan import Model, Pretraining, Prices

FRESH_EPISODES = 100_000
"""Up to so many episodes a phase never reads one twice, unless the spec says how many there are."""


class ModelChecker:
    """Reads models; `named` knows the world."""

    def __init__(self, named: Named, report: Report) -> None:
        self.named = named
        self.report = report

    def used(self, declared: list[syntax_experiment.Model], arms: tuple[Arm, ...]) -> tuple[Learner, ...]:
        """The models, each of which some arm must use; only all of them together can have prices."""
        needed = {name for arm in arms for name in (arm.model, arm.writer)}
        made = [self.model(model) for model in declared]
        for each in made if arms and not self.report.failed else ():
            if each.name not in needed:
                message = f"no arm uses model '{each.name}', and none is taught by it"
                help = f"add: arm NAME {{ model {each.name}  context train }}, or take the model out"
                self.report.add("W0501", message, each.span, help=help)
        self._check_currencies(made)
        self._check_servers(made, arms)
        self._check_shown(made, arms)
        check_tokens(made, self.report)
        return tuple(made)

    def _check_currencies(self, made: list[Learner]) -> None:
        """Arms are compared by what they cost, so all models have prices in one currency, or none has."""
        paid = {each.name: each.prices.currency for each in made if each.prices is not None}
        for each in made if paid and not self.report.failed else ():
            first, currency = next(iter(paid.items()))
            if each.name not in paid:
                message = f"model '{each.name}' has no prices, and model '{first}' has"
                help = "arms are compared by what they cost: give prices to all models or to none"
                self.report.add("W0107", message, each.span, help=help)
            elif paid[each.name] != currency:
                message = f"the prices of models '{first}' and '{each.name}' are in two currencies"
                help = "arms are compared by what they cost: give all prices in one currency"
                self.report.add("W0204", message, each.span, help=help)

    def _check_servers(self, made: list[Learner], arms: Sequence[Arm]) -> None:
        """What a server takes is told in the currency of the models."""
        if self.report.failed or any(each.prices is not None for each in made):
            return
        for arm in arms:
            server = arm.augment.endpoint if arm.augment is not None else None
            if server is not None and server.input_price is not None:
                message = f"the endpoint of arm '{arm.name}' has prices, and no model has"
                help = "its prices are in the currency of the models': give prices to all or to none"
                self.report.add("W0107", message, arm.span, help=help)

    def _check_shown(self, made: list[Learner], arms: Sequence[Arm]) -> None:
        """A model that writes is shown no more than it can see."""
        sees = {each.name: each.model.context for each in made}
        for arm in arms:
            augment, writer = arm.augment, arm.writer or arm.model
            if augment is None or augment.endpoint is not None or not augment.context or writer not in sees:
                continue
            shown = augment.context
            if shown <= augment.max_tokens:
                message = f"arm '{arm.name}' shows {shown:,} tokens, and as many may be written"
                help = f"context more than {augment.max_tokens:,}, or fewer max_tokens"
                self.report.add("W0204", message, arm.span, help=help)
            elif "global" not in augment.scopes:
                message = f"'context' of arm '{arm.name}' says nothing: local shows one document"
                help = "leave it out, or augment global, which shows others before it"
                self.report.add("W0504", message, arm.span, help=help)
            elif shown > sees[writer]:
                message = f"arm '{arm.name}' shows {shown:,} tokens to a model that sees {sees[writer]:,}"
                help = f"context {sees[writer]:,} or less, or a larger one of the model"
                self.report.add("W0204", message, arm.span, help=help)

    def model(self, model: syntax_experiment.Model) -> Learner:
        """One model by itself."""
        values = settings.read(model.settings, MODEL, f"model '{model.name.text}'", self.report)
        if "from" in values:
            paid = values.pop("prices", None)
            prices = self._prices(paid, model) if paid is not None else None
            return CheckpointReader(self.report).model(model, values, prices)
        if "chat" in values:
            message = "'chat' is for checkpoints, which bring a chat template"
            help = 'leave it out, or say where the model comes from: from "FOLDER"'
            self.report.add("W0501", message, values.pop("chat").span, help=help)
        pretrain = values.pop("pretrain", {})
        paid = values.pop("prices", None)
        prices = self._prices(paid, model) if paid is not None else None
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
            if self.named.exclusion(relation, form)
        )
        pretrainings = pretrain.pop("pretrainings", 1)
        common = {name: pretrain.pop(name) for name in PHASE if name in pretrain}
        phases = tuple(self._phase(common | own) for own in pretrain.pop("phase", [{}]))
        episodes = Episodes(phases, pretrain.pop("questions", 0), exclude, pretrain.pop("wordings", "told"))
        if "until" in pretrain:
            pretrain["accuracy"] = pretrain.pop("until")
        steps = sum(phase.steps for phase in phases)
        total = sum(phase.episodes for phase in phases)
        made = Pretraining(total, steps, phases[-1].batch, **pretrain)
        return Learner(shape, made, pretrainings, episodes, prices, model.name.span)

    def _prices(self, values: dict[str, Any], model: syntax_experiment.Model) -> Prices | None:
        """What tokens cost; what is read again costs as much as the first time, unless it is `cached`."""
        missing = [name for name in ("input", "output", "training", "currency") if name not in values]
        if missing and not self.report.failed:
            message = f"the prices of model '{model.name.text}' lack {', '.join(missing)}"
            help = 'prices { input 0.15  output 0.60  training 3.00  currency "USD" }, of a million tokens'
            self.report.add("W0107", message, model.name.span, help=help)
        return None if missing else Prices(**{"cached": values["input"], **values})

    def _phase(self, values: dict[str, Any]) -> Phase:
        steps, batch = values.get("steps", Pretraining.steps), values.get("batch", Pretraining.batch)
        episodes = values.get("episodes", min(steps * batch, FRESH_EPISODES))
        return Phase(values.get("facts", (1, 8)), steps, batch, episodes)

    def unpretrained(self, model: syntax_experiment.Model, learner: Learner) -> Learner:
        """Without relations there is nothing to make episodes of: the model begins with drawn weights."""
        if learner.checkpoint is not None:
            return learner
        for atom in model.settings.atoms:
            if isinstance(atom, syntax.Name) and atom.text == "pretrain":
                message = "there is nothing to pretrain on: the world has no relations to make episodes of"
                help = "leave out 'pretrain'; the model then learns from the given texts alone"
                self.report.add("W0501", message, atom.span, help=help)
        return dataclasses.replace(
            learner,
            pretraining=dataclasses.replace(learner.pretraining, episodes=0, steps=0),
            episodes=dataclasses.replace(learner.episodes, phases=()),
        )

    def probed(self, learner: Learner, tests: tuple[Test, ...], trains: tuple[Train, ...]) -> None:
        """Pretraining is probed with the tests that it can teach: one at least must be left."""
        episodes = learner.episodes
        if learner.checkpoint is not None:
            return
        left = probed_tests(self.named.world, tests, trains, episodes)
        if tests and trains and not left and not self.report.failed:
            message = "pretraining has nothing to be probed with: it teaches none of the tests"
            help = "let 'exclude' leave one of them"
            if not episodes.exclude:
                help = "add a test that it teaches: no episode has a verdict, or says what is not known"
            self.report.add("W0501", message, learner.span, help=help)
