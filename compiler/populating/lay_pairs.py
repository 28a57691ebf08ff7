"""Populations that pair members with members: pairs, chains, bipartite graphs, permutations."""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import below, draw, permute
from wug.compiler.facts import Rows
from wug.compiler.populating.plot import Laid, Plot


def lay_pairs(plot: Plot) -> Laid:
    """Who is paired with whom, by number: the caller shuffles the entities.

    With `partners`, each first entity with its own; else around a circle, each entity in as many facts as
    any other and as often first as second. Where the relation is acyclic, the lower number comes first.
    """
    wanted = np.asarray(plot.population.count if plot.most is None else plot.most, np.int64).reshape(-1, 1)
    wanted = np.broadcast_to(wanted, plot.seeds.shape)
    index = np.arange(max(1, int(wanted.max(initial=0))), dtype=np.int64)[None, :]
    kept = index < wanted
    partners = plot.population.partners
    if partners:
        group = index // partners
        groups = -(-wanted // partners)
        second = groups + index if plot.same else np.broadcast_to(index, kept.shape)
        return Laid(np.broadcast_to(group, kept.shape), second, kept)
    size = np.maximum(wanted, 1)
    order = permute(plot.seeds, plot.path("pairs"), np.minimum(index, size - 1), size)
    first, second = plot.counts[0], plot.counts[1]
    if plot.same:
        a = order % first
        b = (a + 1 + order // first) % first
        return Laid(np.minimum(a, b), np.maximum(a, b), kept) if plot.has("acyclic") else Laid(a, b, kept)
    cycle = first * second // np.gcd(first, second)
    return Laid(order % first, (order + order // cycle) % second, kept)


def lay_chain(plot: Plot) -> Laid:
    """Each member and the next one, in chains of `length` members."""
    count = plot.counts[0]
    length = plot.population.length or max(2, int(count.max()))
    index = np.arange(max(1, int(count.max()) - 1), dtype=np.int64)[None, :]
    start = index // (length - 1) * length + index % (length - 1)
    return Laid(np.broadcast_to(start, (len(count), start.shape[1])), start + 1, start + 1 < count)


def lay_permutation(plot: Plot) -> Laid:
    """Each first member once with each second once; of one type, around one drawn circle."""
    count = np.minimum(plot.counts[0], plot.counts[1])
    index = plot.nodes()
    inside = np.minimum(index, count - 1)
    order = permute(plot.seeds, plot.path("order"), inside, count)
    if not plot.same:
        return Laid(np.broadcast_to(index, order.shape), order, index < count)
    following = permute(plot.seeds, plot.path("order"), (inside + 1) % count, count)
    return Laid(order, following, (index < count) & (count > 1))


def lay_permutations(plot: Plot) -> tuple[Laid, Rows]:
    """A permutation for each member of a further argument, and that member; each first one has its facts of
    all of them side by side."""
    place = plot.population.for_each
    others = int(plot.counts[place].max())
    index = np.arange(plot.nodes().shape[1] * max(1, others), dtype=np.int64)[None, :]
    first, each = index // max(1, others), index % max(1, others)
    count = np.minimum(plot.counts[0], plot.counts[1])
    seeds = draw(plot.seeds, plot.path("each"), each)
    inside = np.minimum(first, count - 1)
    order = permute(seeds, "order", inside, count)
    kept = (first < count) & (each < plot.counts[place])
    if not plot.same:
        return Laid(np.broadcast_to(first, kept.shape), order, kept), each
    following = permute(seeds, "order", (inside + 1) % count, count)
    return Laid(order, following, kept & (count > 1)), each


def lay_bipartite(plot: Plot) -> Laid:
    """A random graph between two types: so many edges, or a drawn number for each first member."""
    first, second = plot.counts[0], plot.counts[1]
    low, high = plot.population.degree
    if not high:
        return _edges(plot, first, second)
    node = plot.nodes()
    degree = low + below(draw(plot.seeds, plot.path("degree"), node), high - low + 1)
    turn = np.arange(high, dtype=np.int64)
    kept = (turn < np.minimum(degree, second)[:, :, None]) & (node < first)[:, :, None]
    if plot.has("injective"):
        slot = np.cumsum(kept.reshape(len(kept), -1), axis=1).reshape(kept.shape) - 1
        kept &= slot < second[:, :, None]
        inside = np.where(kept, slot, 0)
        partner = permute(plot.seeds[:, :, None], plot.path("partner"), inside, second[:, :, None])
    else:
        own = draw(plot.seeds, plot.path("partner"), node)[:, :, None]
        partner = permute(own, "partner", np.minimum(turn, second[:, :, None] - 1), second[:, :, None])
    return Laid.by_member(partner, kept)


def _edges(plot: Plot, first: Rows, second: Rows) -> Laid:
    """So many different pairs; no member twice where the relation is functional or injective."""
    most = np.full(plot.seeds.shape, plot.population.count) if plot.most is None else plot.most
    functional, injective = plot.has("functional"), plot.has("injective")
    bound = first * second
    bound = np.minimum(bound, first) if functional else bound
    bound = np.minimum(bound, second) if injective else bound
    wanted = np.minimum(most, bound)
    index = np.arange(max(1, int(wanted.max(initial=0))), dtype=np.int64)[None, :]
    kept = index < wanted
    inside = np.where(kept, index, 0)
    if not functional and not injective:
        pair = permute(plot.seeds, plot.path("edge"), inside, first * second)
        return Laid(pair // second, pair % second, kept)
    a = below(draw(plot.seeds, plot.path("first"), index), first)
    b = below(draw(plot.seeds, plot.path("second"), index), second)
    a = permute(plot.seeds, plot.path("first"), inside, first) if functional else a
    b = permute(plot.seeds, plot.path("second"), inside, second) if injective else b
    return Laid(a, b, kept)
