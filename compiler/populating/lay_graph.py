"""Graphs over one type: random ones by degree, and grids."""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import below, draw, permute
from wug.compiler.facts import Rows
from wug.compiler.populating.plot import Laid, Mask, Plot
from wug.compiler.populating.swaps import swap_partners


def lay_graph(plot: Plot) -> Laid:
    """A simple graph in which every member has a number of neighbours in the declared range.

    Undirected: a regular graph of the highest degree around a circle loses drawn edges, at most as many at
    each member as the range allows, and then its edges swap partners. Directed: each member has a drawn
    number of others it leads to.
    """
    if plot.population.directed:
        return _directed(plot)
    count = plot.counts[0]
    node = plot.nodes()
    firsts: list[Rows] = []
    seconds: list[Rows] = []
    masks: list[Mask] = []
    for number, (offset, matching, loose) in enumerate(_circles(plot, count)):
        edge = (node < count) & ((node + offset < count) & (node // offset % 2 == 0) | ~matching)
        coin = (draw(plot.seeds, plot.path(f"edge/{number}"), node) & np.uint64(1)) == 0
        apart = (node + offset < count) & (node // offset % 2 == 0)
        lost = coin & np.where(loose == 2, True, (loose == 1) & apart)
        firsts.append(np.broadcast_to(node, edge.shape))
        seconds.append((node + offset) % count)
        masks.append(edge & ~lost)
    first, second = np.concatenate(firsts, axis=1), np.concatenate(seconds, axis=1)
    kept = np.concatenate(masks, axis=1)
    of, place = np.nonzero(kept)
    end = swap_partners(
        of, first[of, place], second[of, place], plot.seeds[:, 0], plot.path("graph"), undirected=True
    )
    second[of, place] = end
    if plot.has("acyclic"):
        return Laid(np.minimum(first, second), np.maximum(first, second), kept)
    index = np.arange(first.shape[1], dtype=np.int64)[None, :]
    turned = (draw(plot.seeds, plot.path("turned"), index) & np.uint64(1)) == 0
    return Laid(np.where(turned, second, first), np.where(turned, first, second), kept)


def _circles(plot: Plot, count: Rows) -> list[tuple[Rows, Mask, Rows]]:
    """Edges by how far around the circle they reach: (offset, only every second block, what may be lost).

    2: any edge may be lost, 1: every second block, 0: none. An odd degree needs a set of edges that meets
    each member once: straight across the circle, or where the number is odd, around it in couples.
    """
    low, high = plot.population.degree
    spare = high - low
    odd = high % 2
    even_count = count % 2 == 0
    found: list[tuple[Rows, Mask, Rows]] = []
    if odd:
        across = np.where(even_count, np.maximum(count // 2, 1), 1)
        found.append((across, np.ones(count.shape, bool), np.full(count.shape, 2 if spare else 0)))
        spare = max(0, spare - 1)
    for number in range(high // 2):
        offset = np.where(odd & ~even_count, number + 2, number + 1)
        loose = 2 if spare >= 2 else spare
        spare -= loose
        found.append((offset, np.zeros(count.shape, bool), np.full(count.shape, loose)))
    return found


def _directed(plot: Plot) -> Laid:
    low, high = plot.population.degree
    count = plot.counts[0]
    node = plot.nodes()
    degree = low + below(draw(plot.seeds, plot.path("degree"), node), high - low + 1)
    turn = np.arange(high, dtype=np.int64)
    others = np.maximum(count - 1, 1)[:, :, None]
    own = draw(plot.seeds, plot.path("edge"), node)[:, :, None]
    step = permute(own, "other", np.minimum(turn, others - 1), others)
    second = (node[:, :, None] + 1 + step) % count[:, :, None]
    kept = (turn < np.minimum(degree, count - 1)[:, :, None]) & (node < count)[:, :, None]
    return Laid.by_member(second, kept)


def lay_grid(plot: Plot) -> tuple[Laid, Rows]:
    """Each member and its neighbours to the right and below, row after row, and which of the two it is.

    With a mirrored table as third argument half of the facts are stated from the other side; 2 and 3 are
    then the second row of the table and its mirror.
    """
    count = plot.counts[0]
    node = plot.nodes()
    width = np.full(count.shape, plot.population.width)
    if plot.fresh:  # a small world is still one of rows and columns
        root = np.array([[int(n)] for n in np.ceil(np.sqrt(count[:, 0]))], np.int64)
        width = np.minimum(width, np.maximum(root, 2))
    right = ((node + 1) % width != 0) & (node + 1 < count)
    below_it = node + width < count
    shape = (len(count), -1)
    first = np.repeat(np.broadcast_to(node, right.shape), 2, axis=1)
    second = np.stack([np.broadcast_to(node + 1, right.shape), node + width], axis=2).reshape(shape)
    kept = np.stack([right, below_it], axis=2).reshape(shape)
    way = np.broadcast_to(np.arange(first.shape[1]) % 2, first.shape)
    if len(plot.relation.arguments) == 2:
        return Laid(first, second, kept), way
    if -1 in plot.world.tables[plot.relation.arguments[2].type].mirror:
        return Laid(first, second, kept), way
    place = np.arange(first.shape[1], dtype=np.int64)[None, :]
    turned = (draw(plot.seeds, plot.path("turned"), place) & np.uint64(1)) == 0
    laid = Laid(np.where(turned, second, first), np.where(turned, first, second), kept)
    return laid, 2 * way + turned
