"""Random experiments over random worlds, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.compiler.judge import reading
from tests.compiler.random_worlds import worlds


@st.composite
def experiments(draw: st.DrawFn) -> tuple[str, str]:
    """A random world, and an experiment that trains all of it and tests some of it."""
    closed = draw(st.sampled_from([True] * 7 + [False]))
    world = draw(worlds(closed=closed, layered=draw(st.booleans())))
    read = reading.read_world(world)
    lines = ["wug 1", "experiment drawn {", '  world "drawn.world"', "  seeds 2"]
    if draw(st.booleans()):
        document = (
            f"  document about(c: thing) {{ copies {draw(st.integers(1, 3))}  sentences 4..40\n"
            '    tell r0 in says  tell r0 in back  qa 30%  title "On {c.plural}."\n'
            f'    pronoun "it" {draw(st.integers(0, 100))}%\n  }}\n'
        )
        world = world.removesuffix("}") + document + "}"
        lines.append("  train about")
    for name, relation in read.relations.items():
        if relation.populated and (name != "r0" or "train about" not in lines[-1]):
            form = draw(st.sampled_from(sorted(relation.forms)))
            lines.append(f"  train {name} in {form} {{ articles {draw(st.integers(1, 2))} }}")
    for number in range(draw(st.integers(1, 3))):
        populated = [name for name, relation in read.relations.items() if relation.populated]
        name = draw(st.sampled_from([*populated, *populated, *read.relations]))
        form = draw(st.sampled_from(sorted(read.relations[name].forms)))
        lines.append(f"  test t{number} {{ {name} in {form}  {asked(draw, read, name, number)} }}")
    if all("verdict" in line for line in lines if line.startswith("  test ")):
        lines.append("  test plain { r0 in says  choices others(1) }")
    several = draw(st.booleans())
    if several:
        lines += [
            "  model dot { layers 1  width 16  heads 1  pretrain { facts 1..3 } }",
            "  arm other { like finetune  model dot }",
            "  arm dots { model dot  context train }",
        ]
    lines += [
        "  model speck { layers 1  width 32  heads 2 }",
        f"  arm pretrained {{ {'model speck' if several else ''} }}",
        "  arm icl { context train }",
        "  arm first { context train  articles 1 }",
        f"  arm oracle {{ context oracle({draw(st.integers(1, 3))}) }}",
        f"  arm found {{ context bm25({draw(st.integers(1, 3))}) }}",
        "  arm finetune { finetune { steps 10 } }",
        "  arm augmented { like finetune  augment local by oracle }",
        "  arm half { like finetune  augment local by oracle { withhold 50% } }",
        "}",
    ]
    return world, "\n".join(lines)


VERDICT = 'verdict(" Yes." " No.")  ask "Is it so? {statement}"'


def two_things(relation: reading.Relation) -> bool:
    return [type for _, type in relation.arguments] == ["thing", "thing"]


def asked(draw: st.DrawFn, read: reading.World, name: str, number: int) -> str:
    """What a test of a relation offers, and of which facts."""
    relations = [name for name, relation in read.relations.items() if two_things(relation)]
    traits = read.relations[name].traits
    follows = any(rule.head[0] == name for rule in read.rules) or "transitive" in traits
    facts = draw(st.sampled_from(["", "derived", "depth 1..2", "derived  depth 2..9"])) if follows else ""
    if draw(st.sampled_from([False] * 5 + [True])):
        return f"generate  {facts}"
    if name == "beside":
        return f"choices {draw(st.sampled_from(['contradiction', f'others({1 + number // 2})']))}  {facts}"
    if not two_things(read.relations[name]):
        return f"choices {draw(st.sampled_from(['others(1)', VERDICT]))}  {facts}"
    several = " ".join(draw(st.lists(st.sampled_from(relations), min_size=1, max_size=2, unique=True)))
    a, b = (argument for argument, _ in read.relations[name].arguments)
    offered = [
        f"others({1 + number // 2})",
        f"others(1) from {draw(st.sampled_from(['targets', 'answers', *relations]))}",
        'others(1)  ask "Question: {cue}? Answer:"',
        VERDICT,
        f"statements({several})  accept {draw(st.sampled_from(['any', 'strongest']))}",
        f'statements({several})  ask "What of {{{b}}} and {{{a}}}?"',
    ]
    return f"choices {draw(st.sampled_from(offered))}  {facts}"
