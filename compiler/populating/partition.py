"""Partitions: a drawn part for every member of a type, in the declared sizes."""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import Words, permute
from wug.compiler.entities import Entity
from wug.compiler.facts import Rows


def draw_parts(entity: Entity, seeds: Words, counts: Rows) -> Rows:
    """The number of each member's part [worlds, most members]; -1 where there is none."""
    member = np.arange(int(counts.max(initial=0)), dtype=np.int64)[None, :]
    here = member < counts[:, None]
    if not entity.partition:
        return np.full(here.shape, -1, np.int64)
    size = np.maximum(counts, 1)[:, None]
    place = permute(seeds[:, None], f"{entity.name}/partition", np.minimum(member, size - 1), size)
    ends = np.cumsum(part_sizes([part.weight for part in entity.partition], counts), axis=1)
    part = (place[:, :, None] >= ends[:, None, :]).sum(axis=2)
    return np.where(here, part, -1)


def part_sizes(weights: list[int], counts: Rows) -> Rows:
    """So many members of each part in each world [worlds, parts]: in proportion to the weights, and what is
    left over to the parts that fall short most, the first of equals first."""
    weight = np.array(weights, np.int64)
    exact = counts[:, None] * weight
    sizes, short = np.divmod(exact, weight.sum())
    left = counts - sizes.sum(axis=1)
    rank = np.argsort(np.argsort(-short, axis=1, kind="stable"), axis=1, kind="stable")
    return sizes + (rank < left[:, None])
