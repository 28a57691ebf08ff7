"""Arms, of which one may be like another, whose models they are, and the hypotheses about them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from wug.compiler.checking import settings
from wug.compiler.checking.experiment_settings import ARM
from wug.compiler.checking.lora import adapter
from wug.compiler.checking.named import once
from wug.compiler.checking.replay import replay_of, replayed_file
from wug.compiler.checking.stop import check_expected, check_stops, stop_of
from wug.compiler.checking.updates import check_updates
from wug.compiler.diagnosis.diagnostics import Report, did_you_mean
from wug.compiler.experiment import Arm
from wug.compiler.language import syntax, syntax_experiment
from wug.compiler.plan import Expectation, Finetuning, Term, Tune


class ArmChecker:
    """Reads the arms and expectations of an experiment."""

    def __init__(self, declared: syntax_experiment.Experiment, report: Report) -> None:
        self.declared = declared
        self.report = report
        self.arm_names = dict.fromkeys(arm.name.text for arm in declared.arms)
        self.test_names = dict.fromkeys(test.name.text for test in declared.tests)
        self.by_name: dict[str, Arm] = {}
        self.model_names = list(dict.fromkeys(model.name.text for model in declared.models))

    def arms(self) -> tuple[Arm, ...]:
        declared = {arm.name.text: arm for arm in once(self.declared.arms, "arm", self.report)}
        own = {
            name: settings.read(arm.settings, ARM, f"arm '{name}'", self.report)
            for name, arm in declared.items()
        }
        arms = []
        whole: dict[str, dict[str, Any]] = {}
        for name, arm in declared.items():
            values = self._inherited(name, own, whole)
            context, documents = values.get("context", ("none", 0))
            augment, named = values.get("augment", (None, None))
            self._check_models(own[name])
            finetune = values.get("finetune")
            if augment is not None and finetune is None:
                help = "add: finetune { steps 200 }, or: like ANOTHER_ARM"
                message = f"arm '{name}' augments its training data but does not train"
                self.report.add("W0504", message, arm.name.span, help=help)
            if "articles" in values and context == "none":
                message = f"arm '{name}' limits the articles of a context it does not have"
                self.report.add("W0504", message, arm.name.span, help="add: context train")
            again = (finetune or {}).get("replay")
            made = _finetuning(finetune) if finetune is not None else None
            if finetune is not None and made is not None:
                stop = stop_of(finetune.get("stop"), arm.name, self.test_names, self.report)
                made = replace(made, replay=replay_of(again, arm.name, self.report), stop=stop)
            articles = values.get("articles", 0)
            model = self._model(values.get("model"))
            writer = self._model(named)
            if augment is None or augment.teacher != "self" or named is None or writer == model:
                writer = ""  # an arm's own model needs no name
            tune = _tune(name, finetune) if finetune is not None else None
            measured = values.get("forgetting", "measured") == "measured"
            if not measured and finetune is None and "forgetting" in own[name]:
                message = f"arm '{name}' trains nothing, so there is nothing that it could forget"
                self.report.add("W0504", message, arm.name.span, help="leave 'forgetting' out")
            arms.append(
                Arm(
                    name,
                    model,
                    context,
                    documents,
                    articles,
                    made,
                    augment,
                    writer,
                    arm.name.span,
                    tune=tune,
                    forgetting=measured,
                    replayed=replayed_file(again, self.report),
                    continues=self._continued(values.get("continues")),
                    part=values.get("documents", "all"),
                )
            )
        self.by_name = {arm.name: arm for arm in arms}
        check_updates(self.by_name, bool(self.declared.updates), self.report)
        self._check_matches(self.by_name, own, whole)
        check_stops(self.by_name, self.report)
        for name, arm in declared.items():
            self._check_tuned(arm.name, own[name].get("finetune", {}))
        return tuple(arms)

    def _continued(self, name: syntax.Name | None) -> str:
        """The arm that one goes on from; empty where there is none of that name."""
        if name is None or name.text in self.arm_names:
            return name.text if name is not None else ""
        help = did_you_mean(name.text, self.arm_names)
        self.report.add("W0101", f"unknown arm '{name.text}'", name.span, help=help)
        return ""

    def _model(self, name: syntax.Name | None) -> str:
        """The declared model of a name; the first where there is none, or none of that name."""
        if name is not None and name.text in self.model_names:
            return name.text
        return self.model_names[0] if self.model_names else ""

    def _check_models(self, own: dict[str, Any]) -> None:
        """The models that an arm itself names must be there."""
        for name in (own.get("model"), own.get("augment", (None, None))[1]):
            if name is not None and name.text not in self.model_names:
                help = did_you_mean(name.text, self.model_names)
                self.report.add("W0101", f"unknown model '{name.text}'", name.span, help=help)

    def _check_matches(
        self, arms: dict[str, Arm], own: dict[str, dict[str, Any]], whole: dict[str, dict[str, Any]]
    ) -> None:
        """Who is trained on as many tokens as another: that one must be there, train, and not wait for it."""
        for name, values in own.items():
            setting = values.get("finetune", {})
            match = whole.get(name, {}).get("finetune", {}).get("match")
            if "match" in setting and "steps" in setting:
                message = f"arm '{name}' has both steps and an arm to match, from which they follow"
                self.report.add("W0504", message, setting["match"].span, help="leave one of them out")
            elif match is None:
                continue
            elif name in _matched(match.text, arms):
                message = f"how long arm '{name}' trains follows from itself"
                help = f"give '{name}' steps of its own"
                self.report.add("W0106", message, arms[name].span, help=help)
            elif "match" not in setting:
                continue  # the arm that says so is told
            elif match.text not in arms:
                help = did_you_mean(match.text, arms)
                self.report.add("W0101", f"unknown arm '{match.text}'", match.span, help=help)
            elif arms[match.text].finetune is None:
                message = f"arm '{name}' is to match the training of '{match.text}', which does not train"
                self.report.add("W0504", message, match.span, help="match an arm with finetune")

    def _check_tuned(self, arm: syntax.Name, setting: dict[str, Any]) -> None:
        """What is tried cannot be settled too."""
        for key in ("learning_rate", "steps"):
            if key in setting.get("tune", {}) and (key in setting or (key == "steps" and "match" in setting)):
                have = f"'{key}'" if key in setting else "an arm to match"
                message = f"arm '{arm.text}' has {have}, and tries several {_TRIED[key]} beside"
                self.report.add("W0504", message, arm.span, help="leave one of them out")

    def _inherited(
        self, name: str, own: dict[str, dict[str, Any]], whole: dict[str, dict[str, Any]]
    ) -> dict[str, Any]:
        """An arm's settings over those of the arm that it is like; `whole` keeps those that are known."""
        chain = {name: 0}
        last, loop = name, len(own)
        while last not in whole and (like := own[last].get("like")) is not None:
            if like.text not in own:
                if last == name:
                    help = did_you_mean(like.text, own)
                    self.report.add("W0101", f"unknown arm '{like.text}'", like.span, help=help)
                break
            if like.text in chain:
                loop = chain[like.text]
                if loop == 0:
                    help = "one of them needs no 'like'"
                    self.report.add("W0106", f"arm '{last}' is like itself", like.span, help=help)
                break
            last = like.text
            chain[last] = len(chain)
        merged: dict[str, Any] = {}
        for each in reversed(chain):
            values = whole.get(each, own[each])
            base, merged = merged, {**merged, **values}
            merged.pop("like", None)
            if isinstance(base.get("finetune"), dict) and isinstance(values.get("finetune"), dict):
                merged["finetune"] = _laid_over(base["finetune"], values["finetune"])
            if chain[each] < loop:  # who is in a circle is told so when it is its turn
                whole[each] = merged
        return merged

    def expect(self, expect: syntax_experiment.Expect) -> Expectation | None:
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
        check_expected((expect.left, expect.right), self.by_name, self.report)
        text = expect.text.text if expect.text is not None else ""
        return Expectation(text, left, expect.op, right, margin)

    def _term(self, sum: syntax_experiment.Sum) -> Term | None:
        if not math.isfinite(sum.offset):
            self.report.add("W0204", "no accuracy is compared with such a number", sum.span)
            return None
        if sum.arm is None or sum.split is None:
            return Term("", "", sum.offset)
        good = True
        for name, known, what in (
            (sum.arm, self.arm_names, "arm"),
            (sum.split, self.test_names, "test"),
        ):
            if name.text not in known:
                help = did_you_mean(name.text, known)
                self.report.add("W0101", f"unknown {what} '{name.text}'", name.span, help=help)
                good = False
        return Term(sum.arm.text, sum.split.text, sum.offset) if good else None


_TRIED = {"learning_rate": "learning rates", "steps": "numbers of steps"}


def _laid_over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Settings of a training over those it is like: steps, an arm to match and steps to try take each other's
    place, and so do a learning rate and those to try."""
    tried = {*own.get("tune", {})} & {*_TRIED}
    given_up = {"steps"} if "match" in own else {"match"} if {"steps"} & ({*own} | tried) else set()
    left = {key: value for key, value in base.items() if key not in given_up | tried}
    if "tune" in left:
        settled = {*own} | ({"steps"} if "match" in own else set())
        tune = {key: value for key, value in left.pop("tune").items() if key not in settled}
        if {*tune} & {*_TRIED}:
            left["tune"] = tune
    for block in ("lora", "stop", "replay"):
        if block in left and block in own:
            own = {**own, block: settings.laid_over(left[block], own[block])}
    return left | own


def _finetuning(values: dict[str, Any]) -> Finetuning:
    match = values.get("match")
    settled = {key: value for key, value in values.items() if key not in ("tune", "lora", "replay", "stop")}
    lora = adapter(values.get("lora"))
    return Finetuning(**{**settled, "match": match.text if match is not None else "", "lora": lora})


def _tune(arm: str, finetune: dict[str, Any]) -> Tune | None:
    """What is tried of an arm's training."""
    tune = finetune.get("tune")
    if tune is None:
        return None
    return Tune(arm, tune.get("learning_rate", ()), tune.get("steps", ()), tune.get("worlds", 1))


def _matched(name: str, arms: dict[str, Arm]) -> list[str]:
    """An arm and those from which, one after another, its steps follow."""
    chain: list[str] = []
    while name in arms and name not in chain:
        chain.append(name)
        finetune = arms[name].finetune
        name = finetune.match if finetune is not None else ""
    return chain
