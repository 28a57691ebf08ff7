"""A world in two versions: whether they go together, and what arms make of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from wug.compiler.diagnosis.diagnostics import Note, Report
from wug.compiler.experiment import Arm
from wug.compiler.language.source import Span
from wug.compiler.world import World


def check_versions(old: World, new: World, span: Span, report: Report) -> None:
    """Report relations of both versions whose arguments are of other types (W0202): their facts cannot be
    compared."""
    for name, relation in new.relations.items():
        if name not in old.relations:
            continue
        was, now = ([a.type for a in each.relations[name].arguments] for each in (old, new))
        if was != now:
            message = f"'{name}' was about ({', '.join(was)}) and is about ({', '.join(now)})"
            help = "let both versions declare it alike, or call one of them otherwise"
            report.add("W0202", message, span, notes=[Note("it is declared here", relation.span)], help=help)


def of_the_old(found: Report, report: Report) -> None:
    """Hand on what is wrong with the old version alone, and say that it is of that one."""
    said = {(item.code, item.message) for item in report.items}
    for item in found.items:
        if (item.code, item.message) not in said:
            note = Note("so it is in the world that is updated")
            report.items.append(dataclasses.replace(item, notes=(*item.notes, note)))


def check_updates(arms: Mapping[str, Arm], updated: bool, report: Report) -> None:
    """Report arms that continue what cannot be continued (W0106, W0504), that read a part of a world which is
    not `updated`, or do with it what nothing can."""
    for arm in arms.values():
        found = _continued(arm, arms) if arm.continues else None
        if found is None and arm.part != "all":
            found = _parted(arm, updated)
        if found is None and (arm.continues or arm.part != "all") and arm.name in _tuned(arms):
            found = f"arm '{arm.name}' is tuned on worlds of one version", "give it a learning rate and steps"
        if found is not None:
            message, help = found
            report.add("W0504", message, arm.span, help=help)
        if _in_a_circle(arm, arms):
            message = f"arm '{arm.name}' continues itself"
            report.add("W0106", message, arm.span, help="one of them begins with its model")


def _continued(arm: Arm, arms: Mapping[str, Arm]) -> tuple[str, str] | None:
    other = arms[arm.continues]
    if other.finetune is None:
        message = f"arm '{arm.name}' continues '{other.name}', which does not train"
        return message, "continue an arm with finetune"
    if other.model != arm.model:
        message = f"arm '{arm.name}' is of model '{arm.model}' and continues one of '{other.model}'"
        return message, f"add: model {other.model}"
    return None


def _parted(arm: Arm, updated: bool) -> tuple[str, str] | None:
    """What is wrong with an arm that reads the old documents, or those that changed."""
    if not updated:
        message = f"arm '{arm.name}' reads documents that are {arm.part}, and the world has one version"
        return message, 'add: update from "old.world"'
    if arm.finetune is None and (arm.part == "old" or arm.context == "none"):
        return f"arm '{arm.name}' says what it reads, and does not train", "add: finetune { steps 200 }"
    if arm.part == "old" and arm.context != "none":
        message = f"arm '{arm.name}' learns the old documents and is shown others"
        return message, f"show them to an arm that continues it: continues {arm.name}"
    if arm.augment is not None and arm.augment.sampled:
        message = f"arm '{arm.name}' has what is {arm.part} augmented by a model"
        return message, "augment by oracle, or all documents"
    return None


def _in_a_circle(arm: Arm, arms: Mapping[str, Arm]) -> bool:
    name, seen = arm.continues, set[str]()
    while name and name not in seen:
        if name == arm.name:
            return True
        seen.add(name)
        name = arms[name].continues
    return False


def _tuned(arms: Mapping[str, Arm]) -> set[str]:
    """The arms that are tuned, and those that they match."""
    found: set[str] = set()
    for arm in arms.values():
        name = arm.name if arm.tune is not None else ""
        while name in arms and name not in found:
            found.add(name)
            finetune = arms[name].finetune
            name = finetune.match if finetune is not None else ""
    return found
