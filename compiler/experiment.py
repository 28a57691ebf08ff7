"""A checked experiment: every name resolved against its world, every setting in its range.

What the runtime needs of it (model, pretraining, arms) is in the types of compiler/plan.py already.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wug.compiler.plan import Expectation, Finetuning, Model, Pretraining
from wug.compiler.source import Span
from wug.compiler.world import World


@dataclass(frozen=True)
class Where:
    """Facts whose argument is (or, `negated`, is not) in one of these parts: of a partition, or a holdout."""

    argument: int
    negated: bool
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Holdout:
    """Members of an entity, drawn in each world, of which only facts of the relations `keep` are trained.

    So many of them (`count`, or a `share` of those there are); with `leaf` only members without children in
    the forests that the entity stands in.
    """

    name: str
    entity: str
    count: int
    share: float
    leaf: bool
    keep: tuple[str, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Train:
    """Stated facts of a relation, said in one form, in `articles` documents each, behind preambles.

    Only those that meet every condition of `where`, and none that a holdout keeps back. With `wordings`, each
    fact is told in only so many of its form's. A `document` that is trained is one `Train` for each of its
    tells, and its sentences stand together.
    """

    relation: str
    form: str
    articles: int
    preambles: tuple[str, ...]
    where: tuple[Where, ...]
    span: Span = field(compare=False)
    wordings: int = 0
    document: str = ""


@dataclass(frozen=True)
class Test:
    """Questions about a relation's facts in one form.

    `choices` is contradiction (the same sentence with the converse word) or others (`others` wrong
    values in the place of the answer). They differ in the argument `varied`, and the question's cue is the
    form's pieces before `cut`.
    """

    name: str
    relation: str
    form: str
    choices: str
    others: int
    varied: int
    cut: int
    where: tuple[Where, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Arm:
    """One way to give a model the facts; see `Arm` in compiler/plan.py for what the runtime sees of it.

    `context` is none, train or oracle (`relevant` documents among `documents`); `articles` limits how many
    articles of one statement stand in context, 0 for all. `augment` is none or closure, over a random
    `share` of the trained facts.
    """

    name: str
    context: str
    documents: int
    articles: int
    finetune: Finetuning | None
    augment: str
    share: float
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Phase:
    """A stretch of pretraining: `steps` batches of `batch` episodes of so many `facts` (low, high) each.

    `episodes` of them are drawn; by default every batch is fresh.
    """

    facts: tuple[int, int]
    steps: int
    batch: int
    episodes: int


@dataclass(frozen=True)
class Episodes:
    """What pretraining reads: phases in order, each episode with facts of a fresh world and then questions.

    `questions` is the most questions of an episode, 0 for every one there is. `exclude` lists (relation,
    form) pairs that episodes never ask; an empty form leaves the relation out altogether.
    """

    phases: tuple[Phase, ...]
    questions: int
    exclude: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Experiment:
    """All of an experiment. `seeds` worlds are drawn: 0, 1, ..."""

    name: str
    world: World
    seeds: int
    holdouts: tuple[Holdout, ...]
    trains: tuple[Train, ...]
    tests: tuple[Test, ...]
    model: Model
    pretraining: Pretraining
    pretraining_per_seed: bool
    episodes: Episodes
    arms: tuple[Arm, ...]
    expectations: tuple[Expectation, ...]
    span: Span = field(compare=False)
    doc: str = field(compare=False, default="")


def probed_tests(
    world: World, tests: tuple[Test, ...], trains: tuple[Train, ...], episodes: Episodes
) -> tuple[Test, ...]:
    """The tests that episodes can teach: of derived or shown relations, in a form that is not excluded."""
    exclude = set(episodes.exclude)
    shown = {train.relation for train in trains if (train.relation, "") not in exclude}
    return tuple(
        test
        for test in tests
        if (world.relations[test.relation].population is None or test.relation in shown)
        and (test.relation, "") not in exclude
        and (test.relation, test.form) not in exclude
    )
