"""A checked experiment: every name resolved against its world, every setting in its range.

What the runtime needs of it (model, pretraining, arms) is in the types of compiler/plan.py already.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from wug.compiler.entities import Data
from wug.compiler.language.source import Span
from wug.compiler.mesh import Mesh
from wug.compiler.plan import Augment, Expectation, Finetuning, Model, Pretraining, Prices, Sampling, Tune
from wug.compiler.record import LATER, Record
from wug.compiler.world import World

if TYPE_CHECKING:
    from wug.compiler.checkpoints.chat_template import Turns
    from wug.compiler.checkpoints.checkpoint import Checkpoint

DEEPEST = 1_000_000
"""No proof rests on more facts."""


class Where(Record):
    """Facts whose argument is (or, `negated`, is not) in one of these parts: of a partition, or a holdout."""

    argument: int
    negated: bool
    parts: tuple[str, ...]


class Holdout(Record):
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


class Train(Record):
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


class Choices(Record):
    """What an item offers. `kind` is one of:

    contradiction: the sentence, and the same with the converse word
    others:        the answer, and `count` other values in its place, all of its type or from a `source`:
                   targets (answers of training texts), answers (of the test's own items, each as often as
                   it is one), a relation's values, or the members of a part; or the one value that each
                   relation of `instead` gives in its place
    statements:    every statement of `statements`, relations or forms, both ways over the item's pair
    verdict:       `texts`, the first where the statement that is put is true, the second where it is false
    unknown:       as others, and `texts`: the right answer, because nothing that is trained tells
    given:         of given questions: `count` other completions of their file, or for 0 those it brings
    generate:      the answer alone: the model answers in words of its own

    With `accept` strongest, of several statements that follow only those count that no other one entails.
    """

    kind: str
    count: int = 1
    source: str = ""
    source_kind: str = ""  # type, targets, answers, relation, part or instead
    instead: tuple[str, ...] = ()
    statements: tuple[tuple[str, str], ...] = ()  # relation, form
    texts: tuple[str, ...] = ()
    accept: str = "any"


class Test(Record):
    """Questions about a relation's facts in one form.

    `facts` is stated or derived, `depth` the smallest and largest number of trained facts that an answer may
    rest on, `count` the most items of a world (0: all). `wording` is told (the first wording), held or any.
    The choices differ in the argument `varied` (-1 for statements, and where a free answer holds several).
    `ask` stands for the question, its {cue} or {statement} filled in, or the names of the pair that
    statements are about; empty for the cue alone. `sampling` is how a free answer is said, and `endings` are
    what may end it, the final punctuation of the form. Of a world in two versions only facts are asked about
    that were kept, changed or added, where `change` says so.
    """

    name: str
    relation: str
    form: str
    choices: Choices
    varied: int
    where: tuple[Where, ...]
    facts: str
    depth: tuple[int, int]
    count: int
    wording: str
    ask: str
    span: Span = field(compare=False)
    sampling: Sampling | None = None
    endings: tuple[str, ...] = ()
    change: str = field(default="", metadata=LATER)


class Arm(Record):
    """One way to give a `model` the facts; see `Arm` in compiler/plan.py for what the runtime sees of it.

    `context` is none, train, oracle (`relevant` documents among `documents`) or bm25 (the `documents` that a
    search for the question finds); `articles` limits how many articles of one statement stand in context,
    0 for all. `augment` says what its training documents are augmented with, `writer` which model writes
    that, where another one than the arm's own does, and `tune` what is tried of its training. `forgetting` is
    whether it is measured what the training took from the model, `replayed` the file of what it replays.

    It begins with the weights of the arm that it `continues`, where it names one. Of a world in two versions
    it reads the `part` all (the new one), old (the old one) or changed (what of the new one was not true).
    """

    name: str
    model: str
    context: str
    documents: int
    articles: int
    finetune: Finetuning | None
    augment: Augment | None
    writer: str
    span: Span = field(compare=False)
    tune: Tune | None = None
    forgetting: bool = True
    replayed: Data | None = None
    continues: str = field(default="", metadata=LATER)
    part: str = field(default="all", metadata=LATER)


class Phase(Record):
    """A stretch of pretraining: `steps` batches of `batch` episodes of so many `facts` (low, high) each.

    `episodes` of them are drawn; by default every batch is fresh.
    """

    facts: tuple[int, int]
    steps: int
    batch: int
    episodes: int


class Episodes(Record):
    """What pretraining reads: phases in order, each episode with facts of a fresh world and then questions.

    `questions` is the most questions of an episode, 0 for every one there is. `exclude` lists (relation,
    form) pairs that episodes never ask; an empty form leaves the relation out altogether. Questions are put
    in the wordings that training may use (told), or in those that are held, too (all).
    """

    phases: tuple[Phase, ...]
    questions: int
    exclude: tuple[tuple[str, str], ...]
    wordings: str = field(default="told", metadata=LATER)


class Learner(Record):
    """A declared model: its shape, how it is pretrained and on which episodes, and what its tokens cost; or
    the checkpoint that it is, which is not pretrained here, and the `chat` in which it is asked, if it is."""

    model: Model
    pretraining: Pretraining
    pretrainings: int
    episodes: Episodes
    prices: Prices | None
    span: Span = field(compare=False)
    checkpoint: Checkpoint | None = field(compare=False, default=None)
    chat: Turns | None = field(default=None, metadata=LATER)

    @property
    def name(self) -> str:
        return self.model.name


class Axis(Record):
    """Settings of a sweep that vary side by side, such as `arm finetune steps`, and the values of each point
    of the axis, one for each setting."""

    settings: tuple[str, ...]
    points: tuple[tuple[int | float | str, ...], ...]


class Variant(Record):
    """One experiment of a sweep: the values of all settings that vary, in the order of the axes."""

    values: tuple[int | float | str, ...]
    experiment: Experiment


class Experiment(Record):
    """All of an experiment. `seeds` worlds are drawn: 0, 1, ... Each of its models is of some arm, or writes
    for one."""

    name: str
    world: World
    seeds: int
    holdouts: tuple[Holdout, ...]
    trains: tuple[Train, ...]
    tests: tuple[Test, ...]
    models: tuple[Learner, ...]
    arms: tuple[Arm, ...]
    expectations: tuple[Expectation, ...]
    given: tuple[str, ...]
    """Given texts that are trained beside the facts."""
    given_tests: tuple[Test, ...]
    span: Span = field(compare=False)
    doc: str = field(compare=False, default="")
    mesh: Mesh | None = field(compare=False, default=None)
    """How a run is laid out on a machine, where nothing else is asked for; no part of what it is."""
    axes: tuple[Axis, ...] = field(default=(), metadata=LATER)
    """What varies in its sweep, if it has one."""
    variants: tuple[Variant, ...] = field(compare=False, default=(), repr=False)
    """The experiments that the sweep is, the last axis fastest."""
    before: Experiment | None = field(default=None, metadata=LATER)
    """The same with the world as it was, where it is one in two versions: what is trained of it, nothing
    that is asked, and the arms that read it."""

    @property
    def checkpoint(self) -> Checkpoint | None:
        """A checkpoint whose tokenizer all models share, if they are checkpoints."""
        return self.models[0].checkpoint

    @property
    def chat(self) -> Turns | None:
        """The chat in which questions are put to all models, where they are."""
        return self.models[0].chat

    def learner(self, arm: Arm) -> Learner:
        """The model that learns and answers in an arm."""
        return next(each for each in self.models if each.name == arm.model)

    def writer(self, arm: Arm) -> Learner:
        """The model that writes for an arm whose teacher is a model of the experiment."""
        return next(each for each in self.models if each.name == (arm.writer or arm.model))

    def learned(self, arm: Arm) -> tuple[Arm, ...]:
        """An arm and those whose weights it goes on from, one after the other, as far as they train."""
        found = [arm]
        while name := found[-1].continues:
            found.append(next(each for each in self.arms if each.name == name))
        return tuple(each for each in found if each.finetune is not None)

    def room(self, arm: Arm) -> int:
        """How many tokens the teacher of an arm is shown at most: as it says, or as its model can see."""
        return (arm.augment.context if arm.augment else 0) or self.writer(arm).model.context

    def texts(self) -> tuple[str, ...]:
        """What tests say beside the forms of the world: how they ask, and answers of their own."""
        said = (text for test in self.tests for text in (test.ask, *test.choices.texts))
        return tuple(dict.fromkeys(text for text in said if text))


def probed_tests(
    world: World, tests: tuple[Test, ...], trains: tuple[Train, ...], episodes: Episodes
) -> tuple[Test, ...]:
    """The tests that episodes can teach: of derived or shown relations, in a form that is not excluded.

    Verdicts and unknown answers are in no episode, and a free answer is probed by choices between values.
    """
    exclude = set(episodes.exclude)
    shown = {train.relation for train in trains if (train.relation, "") not in exclude}
    return tuple(
        test
        for test in tests
        if test.choices.kind not in ("verdict", "unknown")
        and (test.choices.kind != "generate" or test.varied >= 0)
        and (world.relations[test.relation].population is None or test.relation in shown)
        and (test.relation, "") not in exclude
        and (test.relation, test.form) not in exclude
    )
