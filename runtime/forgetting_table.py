"""The table of what was forgotten: for each arm that is fine-tuned its model before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from wug.runtime.wording import interval, percent

_TEXTS = {
    "pretraining": "{tokens:,} held-out tokens of what the model is pretrained on",
    "general text": "{tokens:,} tokens of the general text that comes with wug",
}
_QUESTIONS = {
    "pretraining": "{n:,} questions about fresh worlds that are shown",
    "general text": "{n:,} questions about little stories that are shown",
}


def forgetting_table(forgetting: Mapping[str, dict[str, Any]]) -> list[RenderableType]:
    """The table, and what was measured; nothing where nothing was."""
    if not forgetting:
        return []
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("arm", overflow="fold")
    for name in ("loss\nbefore", "\nafter", "in context\nbefore", "\nafter"):
        made.add_column(name, justify="right", no_wrap=True)
    for arm, told in forgetting.items():
        losses = (_loss(told["loss_before"]), _loss(told["loss_after"]))
        shares = (_share(told["before"]), _share(told["after"]))
        made.add_row(Text(arm, style="bold"), *losses, *shares)
    said: list[RenderableType] = [Text("\nwhat was forgotten", "bold"), made]
    for words in dict.fromkeys(map(_measured, forgetting.values())):
        said.append(Text(words, "dim"))
    return said


def _loss(loss: float | None) -> str:
    return "–" if loss is None else f"{loss:.2f}"


def _share(share: dict[str, Any]) -> Text:
    if share["accuracy"] is None:
        return Text("–")
    return Text.assemble(percent(share["accuracy"]), (f" {interval(share):>6}", "dim"))


def _measured(told: dict[str, Any]) -> str:
    """What the numbers are of."""
    text = f"loss: nats a token, of {_TEXTS[told['of']].format(**told)}"
    if not told["n"]:
        return f"{text}; it sees too little for a question in context"
    questions = _QUESTIONS[told["of"]].format(**told)
    return f"{text}; in context: {questions}, {percent(told['chance'])} by chance"
