"""Arms, of which one may be like another, and the hypotheses about them."""

from __future__ import annotations

import math
from typing import Any

from wug.compiler import settings, syntax
from wug.compiler.diagnostics import Report, did_you_mean
from wug.compiler.experiment import Arm
from wug.compiler.experiment_settings import ARM
from wug.compiler.named import once
from wug.compiler.plan import Expectation, Finetuning, Term


class ArmChecker:
    """Reads the arms and expectations of an experiment."""

    def __init__(self, declared: syntax.Experiment, report: Report) -> None:
        self.declared = declared
        self.report = report

    def arms(self) -> tuple[Arm, ...]:
        declared = {arm.name.text: arm for arm in once(self.declared.arms, "arm", self.report)}
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

    def expect(self, expect: syntax.Expect) -> Expectation | None:
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
