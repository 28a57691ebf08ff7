"""Attributes: one or several drawn values for each member, by a distribution."""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import below, draw, permute
from wug.compiler.facts import Rows
from wug.compiler.populating.distribution import cumulative, draw_apart, zipf
from wug.compiler.populating.lay_forest import level_bounds
from wug.compiler.populating.plot import Laid, Mask, Plot
from wug.compiler.populating.swaps import swap_partners
from wug.compiler.populations import Between


def lay_attribute(plot: Plot) -> Laid:
    """The second argument is a member, a row, or where it is a value, its key."""
    population = plot.population
    low, high = population.each
    node = plot.nodes()
    drawn = low + below(draw(plot.seeds, plot.path("each"), node), high - low + 1)
    choices = (
        plot.counts[1] if population.between is None else np.full(plot.seeds.shape, population.between.count)
    )
    choices = choices[:, :, None]
    turn = np.arange(high, dtype=np.int64)
    kept = (turn < np.minimum(drawn[:, :, None], choices)) & (node < plot.counts[0])[:, :, None]
    if population.along:
        number = _by_level(plot, population.between)[:, :, None]
    elif population.spread == "evenly" or plot.has("injective"):
        kept, number = _evenly(plot, kept, choices)
    elif population.spread == "uniform":
        own = draw(plot.seeds, plot.path("value"), node)[:, :, None]
        number = permute(own, "value", np.minimum(turn, choices - 1), choices)
    else:
        number = _weighted(plot, node, choices, high)
    if population.between is not None:
        number = population.between.low + population.between.step * number
    return Laid.by_member(number, kept)


def _by_level(plot: Plot, between: Between | None) -> Rows:
    """A number for each member, in the first third of the stretch that belongs to its level of the forest."""
    assert between is not None
    forest = plot.world.relations[plot.population.along]
    assert forest.population is not None
    ground = Plot(plot.world, forest, forest.population, plot.seeds, (plot.counts[0],) * 2, plot.most)
    bounds = level_bounds(ground)
    node = plot.nodes()
    level = (node[:, :, None] >= bounds[:, None, 1:-1]).sum(axis=2)
    levels = (np.diff(bounds, axis=1) > 0).sum(axis=1, keepdims=True)
    stretch = np.maximum(between.count // levels, 1)
    own = draw(plot.seeds, plot.path("value"), node)
    return np.minimum(level * stretch + below(own, -(-stretch // 3)), between.count - 1)


def _weighted(plot: Plot, node: Rows, choices: Rows, high: int) -> Rows:
    most = int(choices.max())
    population = plot.population
    ends = zipf(population.exponent, most) if population.exponent else cumulative(population.weights, most)
    turn = np.arange(high, dtype=np.int64)
    own = draw(plot.seeds, plot.path("value"), node)
    bits = draw(own[:, :, None], "value", turn)
    count = np.broadcast_to(np.minimum(choices[:, :, 0], len(ends) - 1), own.shape)
    return draw_apart(bits, ends, count, high)


def _evenly(plot: Plot, kept: Mask, choices: Rows) -> tuple[Mask, Rows]:
    """Every value as often as any other; none twice at all where the relation is injective.

    Where each member has one value, every lap through the values has its own order. Where it has several,
    one order goes around and around, so that a member's values differ, and then the facts swap values.
    """
    slot = np.cumsum(kept.reshape(len(kept), -1), axis=1).reshape(kept.shape) - 1
    if plot.has("injective"):
        kept = kept & (slot < choices)
    slot = np.where(kept, slot, 0)
    seeds = plot.seeds[:, :, None]
    if plot.population.each == (1, 1):
        key = draw(seeds, plot.path("value"), slot // choices)
        return kept, permute(key, "lap", slot % choices, choices)
    number = permute(seeds, plot.path("value"), slot % choices, choices)
    of, node, turn = np.nonzero(kept)
    number[of, node, turn] = swap_partners(
        of, node, number[of, node, turn], plot.seeds[:, 0], plot.path("value"), undirected=False
    )
    return kept, number
