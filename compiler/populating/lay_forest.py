"""Forests: trees by drawn numbers of children, of bounded depth and with several parents where asked.

Those of couples are laid out in compiler/populating/lay_couples.py over the same levels.

Nodes are numbered level by level. Without `depth` and `parents`, node k has a drawn number of children, which
are the next nodes, so a larger forest begins as the smaller one. With them the sizes of the levels come
first, and each node of a level takes a free place below a node of the level above.
"""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import below, draw, permute
from wug.compiler.facts import Rows
from wug.compiler.populating.levels import level_sizes
from wug.compiler.populating.plot import Laid, Plot


def lay_forest(plot: Plot) -> Laid:
    """Parent first, or child first where the forest is `upward`."""
    population = plot.population
    laid = _levelled(plot) if population.depth or population.parents != (1, 1) else _grown(plot)
    return Laid(laid.second, laid.first, laid.kept) if population.upward else laid


def _grown(plot: Plot) -> Laid:
    """Where the draws run out of children before all nodes have a parent, the last node takes one more."""
    low, high = plot.population.children
    count = plot.counts[0]
    nodes = plot.nodes()
    drawn = low + below(draw(plot.seeds, plot.path("children"), nodes), high - low + 1)
    roots = _roots(plot, count)
    child = roots + nodes
    # a node must exist before its children: the number of children so far reaches at least the node itself
    reached = np.maximum(np.cumsum(drawn, axis=1), nodes + 2 - roots)
    reached = np.maximum.accumulate(reached, axis=1)
    ends = roots + reached
    parent = np.stack([np.searchsorted(ends[w], child[w], side="right") for w in range(len(ends))])
    return Laid(parent, child, child < count)


def _levelled(plot: Plot) -> Laid:
    low, high = plot.population.children
    count = plot.counts[0]
    bounds = level_bounds(plot)
    node = plot.nodes()
    level = (node[:, :, None] >= bounds[:, None, 1:]).sum(axis=2)
    above = np.maximum(level - 1, 0)
    start = np.take_along_axis(bounds, above, axis=1)
    width = np.take_along_axis(bounds, above + 1, axis=1) - start  # of the level above
    rank = node - np.take_along_axis(bounds, level, axis=1)
    size = np.take_along_axis(bounds, np.minimum(level + 1, bounds.shape[1] - 1), axis=1) - start - width
    kept = (level > 0) & (node < count)
    # every node above has its least children first, then drawn ones of the places that are left
    sure = np.where(size >= low * width, low * width, 0)
    places = np.where(sure > 0, high - low, high) * width
    free = permute(
        draw(plot.seeds, plot.path("level"), level),
        "place",
        np.where(kept & (rank >= sure), rank - sure, 0),
        np.maximum(places, 1),
    )
    each = np.maximum(np.where(sure > 0, high - low, high), 1)
    parent = np.where(rank < sure, rank // max(low, 1), free // each)
    least, most = plot.population.parents
    own = draw(plot.seeds, plot.path("parents"), node)
    parents = np.minimum(least + below(own, most - least + 1), width)
    columns, masks = [start + parent], [kept]
    others = np.maximum(width - 1, 1)
    for turn in range(1, most):
        step = permute(own, "another", np.minimum(turn - 1, others - 1), others)
        columns.append(start + (parent + 1 + step) % np.maximum(width, 1))
        masks.append(kept & (turn < parents))
    shape = (len(count), -1)
    children = np.broadcast_to(node, kept.shape)
    return Laid(
        np.stack(columns, axis=2).reshape(shape),
        np.repeat(children, most, axis=1),
        np.stack(masks, axis=2).reshape(shape),
    )


def _roots(plot: Plot, count: Rows) -> Rows:
    """The number of roots in each world: of a small fresh one, a quarter at most."""
    least = max(plot.population.parents[0], plot.population.together)
    few = np.maximum(1 + count // 4, least) if plot.fresh else count
    return np.minimum(np.minimum(plot.population.roots, few), np.maximum(count - 1, 1))


def level_bounds(plot: Plot) -> Rows:
    """The first node of each level [worlds, levels + 1], the number of nodes behind the last one."""
    population, count = plot.population, plot.counts[0]
    distinct, which = np.unique(count[:, 0], return_inverse=True)
    sizes = [
        level_sizes(int(n), int(roots), population.children, population.depth, population.together)
        for n, roots in zip(distinct, _roots(plot, distinct), strict=True)
    ]
    bounds = np.zeros((len(distinct), max(map(len, sizes)) + 1), np.int64)
    for row, levels in enumerate(sizes):
        bounds[row, 1 : len(levels) + 1] = np.cumsum(levels)
        bounds[row, len(levels) + 1 :] = distinct[row]
    return bounds[which.reshape(-1)]
