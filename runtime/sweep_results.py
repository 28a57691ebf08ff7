"""The results of a sweep: those of its variants in one document, with the values that tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wug.runtime.files import read_json

SCHEMA = 1
Told = int | float | str


@dataclass(frozen=True)
class Ran:
    """A variant: the values of all settings that vary, and the folder of its results or why it has none."""

    values: tuple[Told, ...]
    folder: Path | None
    failed: str


def sweep_results(
    name: str, key: str, axes: Sequence[tuple[Sequence[str], Sequence[Sequence[Told]]]], ran: Sequence[Ran]
) -> dict[str, Any]:
    """The document. `axes` are the settings that vary side by side, and the points of each axis."""
    settings = [setting for names, _ in axes for setting in names]
    variants: list[dict[str, Any]] = []
    pooled: list[dict[str, Any]] = []
    expectations: list[dict[str, Any]] = []
    for number, each in enumerate(ran):
        about: dict[str, Any] = {"variant": number, "values": dict(zip(settings, each.values, strict=True))}
        found = read_json(each.folder / "results.json") if each.folder is not None else None
        arms = found["arms"] if found is not None else {}
        failed = {arm: price["failed"] for arm, price in arms.items() if price["failed"]}
        variants.append(
            {
                **about,
                "key": found["key"] if found is not None else None,
                "run": each.folder.name if each.folder is not None else None,
                "failed": each.failed or None,
                "failed_arms": failed,
            }
        )
        if found is not None:
            pooled += [{**about, **row} for row in found["pooled"]]
            expectations += [{**about, **one} for one in found["expectations"]]
    return {
        "schema": SCHEMA,
        "name": name,
        "key": key,
        "axes": [{"settings": [*names], "points": [[*point] for point in points]} for names, points in axes],
        "variants": variants,
        "pooled": pooled,
        "expectations": expectations,
    }
