"""Cases: every scene draws one of them, and what it states is said of drawn members of the scene."""

from __future__ import annotations

import numpy as np

from wug.compiler.draw import draw, permute
from wug.compiler.facts import Rows
from wug.compiler.populating.plot import Mask, Plot
from wug.compiler.populating.values import Column, column_of
from wug.compiler.world import CaseFact, Scene


def lay_cases(plot: Plot, scene: Scene, scenes: Rows) -> tuple[Rows, tuple[Column, ...]]:
    """The facts of one relation: in which world, and a column for each argument; scene after scene.

    `scenes` [worlds, 1] is how many scenes each world has. Every case is drawn as often as any other.
    """
    number = np.arange(max(1, int(scenes.max())), dtype=np.int64)[None, :]
    cases = len(scene.cases)
    lap = draw(plot.seeds, f"{scene.name}/case", number // cases)
    case = permute(lap, "lap", number % cases, cases)
    name = plot.relation.name
    facts = [
        (which, fact) for which, each in enumerate(scene.cases) for fact in each if fact.relation == name
    ]
    kept: Mask = np.stack([(case == which) & (number < scenes) for which, _ in facts], axis=2)
    of, at, which_fact = np.nonzero(kept)
    columns = tuple(
        _column(plot, scene, place, [fact for _, fact in facts], of, at, which_fact)
        for place in range(len(plot.relation.arguments))
    )
    return of, columns


def _column(
    plot: Plot, scene: Scene, place: int, facts: list[CaseFact], of: Rows, at: Rows, which: Rows
) -> Column:
    """An argument of the facts [facts]: members, rows, keys or texts. `at` is the scene of each."""
    type = plot.relation.arguments[place].type
    terms = [fact.terms[place] for fact in facts]
    if type not in plot.world.entities and type not in plot.world.tables:
        return column_of(type, [str(term) for term in terms])[which]
    entity = plot.world.entities.get(type)
    room = entity.per_scene if entity else len(plot.world.tables[type].rows)
    variable = np.array([fact.variables[place] for fact in facts], bool)[which]
    index = np.array([int(term) for term in terms], np.int64)[which]
    key = draw(plot.seeds[of, 0], f"{scene.name}/{type}", at)
    drawn = permute(key, "member", index % room, room)
    member = np.where(variable, drawn, index)
    return np.asarray(at * room + member if entity else member)
