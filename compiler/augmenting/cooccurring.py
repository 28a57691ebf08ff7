"""What is named together: items whose members some text that was added names, whatever it says of them."""

from __future__ import annotations

from wug.compiler.draft import Draft
from wug.compiler.saying.naming import Member, Naming, members_of
from wug.compiler.saying.said import Documents


def cooccurring(drawn: Draft, of: int, documents: Documents) -> tuple[bool, ...]:
    """For each item of a world, whether some of these documents names every member of entities that its fact
    is about, understood or not."""
    naming = Naming(drawn.experiment.world, drawn.populated, of)
    entities = drawn.experiment.world.entities
    holding: dict[Member, set[int]] = {}
    for place, text in enumerate(dict.fromkeys(documents.text.tolist())):
        for member in naming.named(text):
            holding.setdefault(member, set()).add(place)
    found: list[bool] = []
    for items in drawn.world_tests(of):
        for item in range(len(items)):
            if items.given or items.row[item] < 0:
                found.append(False)
                continue
            (members,) = members_of(drawn, str(items.relation[item]), items.row[[item]])
            about = [holding.get(member, set()) for member in sorted(members) if member[0] in entities]
            found.append(bool(about and set.intersection(*about)))
    return tuple(found)
