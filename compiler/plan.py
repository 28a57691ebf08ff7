"""The plan: everything the runtime must know that is not data.

`wug compile` turns an experiment into a directory of data and this one value; the runtime reads both and
never sees the spec. All types are frozen, and `to_json`/`from_json` round-trip them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import Any

from wug.compiler.lora import Lora
from wug.compiler.record import LATER, Record, as_plain

DOCUMENT = "Document:"
"""What a base model sees in front of each document; where it writes that itself, its answer is over."""


class Model(Record):
    """The shape of a decoder trained from scratch. `context` is the most tokens it ever sees at once.

    `hidden` is the width of the gated MLP; `convolution` the taps of the short causal convolutions before
    attention and before the MLP, 0 for none. With `qkv_convolution` n queries, keys and values are computed
    of the last n tokens instead, with weights for each place, and only the MLP has a convolution before it.

    Training computes in `compute`, float32 or bfloat16; weights and gradients of weights are float32 all the
    same, and so is all that is asked. With `remat` it keeps only what goes into each layer, and computes the
    layer again on the way back.
    """

    name: str
    layers: int = 4
    width: int = 128
    heads: int = 4
    kv_heads: int = 4
    hidden: int = 256
    convolution: int = 4
    qkv_convolution: int = 0
    context: int = 256
    compute: str = field(default="float32", metadata=LATER)
    remat: bool = field(default=False, metadata=LATER)


class Pretraining(Record):
    """How the model is pretrained on compiled episodes, and the probe that says when it is enough.

    Training stops at the first probe of the last phase whose accuracy reaches `accuracy`, else after `steps`,
    the sum over all phases. A probe is taken every `every` steps on held-out episodes. `optimizer` is adamw
    or muon; `facts_weight` the weight of an episode's facts in the loss, where its questions weigh 1. `seed`
    is the draw of episodes, initial weights and batches. `episodes` is how many there are in all. `clip`,
    `schedule`, `accumulate` and `average` are as in `Finetuning`; what is averaged is what is probed.
    """

    episodes: int
    steps: int = 2000
    batch: int = 32
    learning_rate: float = 2e-3
    warmup: int = 100
    accuracy: float = 0.97
    every: int = 100
    optimizer: str = "adamw"
    facts_weight: float = 1.0
    seed: int = 0
    clip: float = field(default=1.0, metadata=LATER)
    schedule: str = field(default="cosine", metadata=LATER)
    accumulate: int = field(default=1, metadata=LATER)
    average: float = field(default=0.0, metadata=LATER)


class Stop(Record):
    """When a training ends before its last step: each `every` steps the loss of the right answers to the test
    `on` is measured, and after `patience` measurements none of which was better than the best, it stops. The
    weights are those of the best."""

    on: str
    every: int = 50
    patience: int = 3


class Replay(Record):
    """Text that a training reads beside its own, so that less is forgotten: of it is a `share` of all tokens.

    It is the episodes of pretraining or, with the `key` of an entry, a compiled text.
    """

    share: float
    key: str = ""


class Finetuning(Record):
    """Training on the arm's documents: `steps` batches of `batch` whole documents.

    With `loss` answer only what stands behind a '=>' counts, and of a given text its completion; of a
    document that has neither, all of it. An arm that is to `match` another has so many steps as train it on
    as many tokens as that one, and `steps` says nothing.

    `optimizer` is adamw or muon; a gradient whose norm is above `clip` is made that long. After the warm-up
    the learning rate follows the `schedule` (cosine, linear or constant). Each batch is read in `accumulate`
    parts, one after the other. `average` is the share of what it was that a moving average of the weights
    keeps in a step, and its result what the arm answers with; 0 for none. With `replay` other text is read
    beside the documents. With `stop` there may be fewer steps.
    """

    steps: int = 200
    learning_rate: float = 1e-3
    batch: int = 8
    warmup: int = 20
    weight_decay: float = 0.0
    loss: str = "whole"
    match: str = ""
    optimizer: str = field(default="adamw", metadata=LATER)
    clip: float = field(default=1.0, metadata=LATER)
    schedule: str = field(default="cosine", metadata=LATER)
    accumulate: int = field(default=1, metadata=LATER)
    average: float = field(default=0.0, metadata=LATER)
    lora: Lora | None = field(default=None, metadata=LATER)
    replay: Replay | None = field(default=None, metadata=LATER)
    stop: Stop | None = field(default=None, metadata=LATER)


class Tune(Record):
    """What is tried of an arm's training, on so many `worlds` apart: each of the learning rates with each of
    the numbers of steps; where there are none, what the training says stands."""

    arm: str
    learning_rates: tuple[float, ...]
    steps: tuple[int, ...]
    worlds: int = 1

    def candidates(self, setting: Finetuning) -> tuple[Finetuning, ...]:
        """The trainings that are tried."""
        return tuple(
            dataclasses.replace(setting, steps=steps, learning_rate=rate)
            for steps in self.steps or (setting.steps,)
            for rate in self.learning_rates or (setting.learning_rate,)
        )


class Sampling(Record):
    """How a model goes on with a text.

    `temperature` 0 takes the most probable token, and no seed matters; else one is drawn, from the `top_k`
    most probable (0: all) and of these from the fewest that hold `top_p` of the probability. A text ends
    before the first of the texts in `stop`, where the model ends the document, or after `max_tokens`.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    max_tokens: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.temperature >= 0 and self.top_k >= 0 and 0 < self.top_p <= 1 and self.max_tokens > 0):
            raise ValueError(f"no such sampling: {self}")
        if "" in self.stop:
            raise ValueError("an empty text would stop everything")

    def to_json(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "stop": list(self.stop)}

    @staticmethod
    def from_json(said: dict[str, Any]) -> Sampling:
        return Sampling(**{**said, "stop": tuple(said["stop"])})


class Endpoint(Record):
    """A server that speaks OpenAI's API: `model` at `base`, such as "http://localhost:8000/v1".

    No more than `requests` are sent and no more than `tokens` (of prompts and answers together) are spent,
    `concurrency` at a time; an answer that takes longer than `timeout_s` counts as none. The `style` of its
    model is instruct, which is told what to do, or base, which goes on with a text. A million tokens that it
    reads and writes cost `input_price` and `output_price`, in the currency of the models, where that is said.
    The key is no part of this: it only ever comes from the environment.
    """

    base: str
    model: str
    requests: int
    tokens: int
    concurrency: int = 4
    timeout_s: float = 60
    style: str = field(default="instruct", metadata=LATER)
    input_price: float | None = field(default=None, metadata=LATER)
    output_price: float | None = field(default=None, metadata=LATER)

    def to_json(self) -> dict[str, Any]:
        return dict(as_plain(self))

    @staticmethod
    def from_json(said: dict[str, Any]) -> Endpoint:
        return Endpoint(**said)


class Augment(Record):
    """What an arm adds to its training documents, and who says it.

    `scopes` are local (what follows from one document) and global (what follows from one document and all the
    others); the `teacher` is oracle (the closure, rendered), self (a model of the experiment, from context;
    which one, the arm says) or endpoint. `withhold` is the share of the trained facts of which nothing is
    asked. `sentences` is whole, independent or cumulative: what of a document is shown at a time. `documents`
    is the most that are asked about in a world, 0 for all; a `prompt` stands for the project's own, and
    `context` is how many tokens the model of a server can see. A base model is shown so many worked
    `examples` first. A text that was sampled is kept if `filter` (none, entailed, not_contradicting) lets it
    pass.
    Lampinen et al., arXiv 2505.00661, section 4.
    """

    scopes: tuple[str, ...]
    teacher: str
    withhold: float = 0.0
    reversals: bool = True
    rephrase_only: bool = False
    sentences: str = "whole"
    documents: int = 0
    prompt: str = ""
    context: int = 0
    filter: str = "none"
    samples: int = 1
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    max_tokens: int = 32
    endpoint: Endpoint | None = None
    examples: int = field(default=0, metadata=LATER)

    @property
    def sampled(self) -> bool:
        """Whether a model has to write it when the experiment runs."""
        return self.teacher != "oracle"

    @property
    def distinct(self) -> int:
        """How many samples of a prompt may differ: at temperature 0 the model's are all one."""
        return 1 if self.teacher == "self" and self.temperature == 0 else self.samples

    @property
    def sampling(self) -> Sampling:
        """How its texts are sampled: up to where the model ends a document, or begins the next example."""
        goes_on = self.endpoint is not None and self.endpoint.style == "base"
        stop = ("\n\n", f"\n{DOCUMENT}") if goes_on else ()
        return Sampling(self.temperature, self.top_k, self.top_p, stop, self.max_tokens)


class Prices(Record):
    """What a million tokens cost: read, read again (`cached`), written, trained on."""

    input: float
    cached: float
    output: float
    training: float
    currency: str


class Source(Record):
    """A checkpoint that a model begins with: the digest of its files, and where they were found."""

    digest: str
    path: str


class Learner(Record):
    """A declared model: its shape, its pretraining, the key of the episodes that this reads, and what its
    tokens cost. One that comes from a `checkpoint` has no pretraining of ours."""

    model: Model
    pretraining: Pretraining
    pretraining_key: str
    pretrainings: int = 1
    prices: Prices | None = None
    checkpoint: Source | None = field(default=None, metadata=LATER)

    @property
    def name(self) -> str:
        return self.model.name

    def pretraining_seed(self, seed: int) -> int:
        """The seed of the pretraining that the world of a seed is asked of: they take turns."""
        return self.pretraining.seed + seed % self.pretrainings


class Arm(Record):
    """One way to give a model the facts. `context` is none, train, oracle or bm25. Of one that is fine-tuned
    `forgetting` says whether what it forgot is measured.

    `model` names the model that learns and answers, the plan's first where it is empty; `writer` the one that
    writes what the arm is augmented with, where another one than its own does. It begins with the weights of
    the arm that it `continues`, else with those of its model. Of a world in two versions it reads the `part`
    all (the new one), old (the old one) or changed (what of the new one was not true).
    """

    name: str
    context: str = "none"
    finetune: Finetuning | None = None
    augment: Augment | None = None
    line: int = 0
    model: str = ""
    writer: str = ""
    forgetting: bool = field(default=True, metadata=LATER)
    continues: str = field(default="", metadata=LATER)
    part: str = field(default="all", metadata=LATER)

    @property
    def teacher(self) -> str:
        """Who says what it is augmented with, as a spec has it; empty where nobody does."""
        if self.augment is None:
            return ""
        return f"model {self.writer}" if self.writer else self.augment.teacher


class Split(Record):
    """A test: the mean `chance` of its items, and what a constant answer would reach.

    With `sampling` the model answers in words of its own. Its text is right if it is one of an item's
    accepted ones, spaces around it and one of the `endings`, the final punctuation of the form, left aside.
    """

    name: str
    chance: float
    constant: float
    sampling: Sampling | None = None
    endings: tuple[str, ...] = ()

    @staticmethod
    def from_json(said: dict[str, Any]) -> Split:
        sampling = Sampling.from_json(said["sampling"]) if said["sampling"] else None
        return Split(**{**said, "sampling": sampling, "endings": tuple(said["endings"])})


class Tuning(Record):
    """How arms are tuned: the `key` of the worlds that they are tuned on, what is asked there, and what is
    tried of which arm."""

    key: str
    splits: tuple[Split, ...]
    arms: tuple[Tune, ...]

    def of(self, arm: str) -> Tune | None:
        """What is tried of an arm, if it is tuned."""
        return next((tune for tune in self.arms if tune.arm == arm), None)


class Term(Record):
    """`arm.split + offset`, or a bare number when `arm` is empty."""

    arm: str
    split: str
    offset: float

    def spelled(self) -> str:
        """As a spec has it."""
        if not self.arm:
            return f"{self.offset:g}"
        return f"{self.arm}.{self.split}" + (f" {self.offset:+g}" if self.offset else "")


class Expectation(Record):
    """A preregistered hypothesis. `op` is one of > >= < <= within; `margin` belongs to `within`."""

    text: str
    left: Term
    op: str
    right: Term
    margin: float = 0.0

    def claim(self) -> str:
        """What is expected, in a line."""
        if self.op == "within":
            return f"{self.left.spelled()} within {self.margin:g} of {self.right.spelled()}"
        return f"{self.left.spelled()} {self.op} {self.right.spelled()}"


class Plan(Record):
    """What `wug run` carries out over a compiled directory."""

    name: str
    key: str
    seeds: tuple[int, ...]
    models: tuple[Learner, ...]
    arms: tuple[Arm, ...]
    splits: tuple[Split, ...]
    expectations: tuple[Expectation, ...]
    tuning: Tuning | None = field(default=None, metadata=LATER)

    def to_json(self) -> dict[str, Any]:
        return dict(as_plain(self))

    def learner(self, arm: Arm) -> Learner:
        """The model that learns and answers in an arm."""
        return self._named(arm.model)

    def writer(self, arm: Arm) -> Learner:
        """The model that writes for an arm whose teacher is a model of the experiment."""
        return self._named(arm.writer or arm.model)

    def _named(self, name: str) -> Learner:
        return next(each for each in self.models if name in ("", each.name))

    def spec(self) -> dict[str, Any]:
        """All that a spec says, its corpora by their key: the plan without places that errors point to.

        Where there is one model, arms need not say whose they are: such a spec keeps the identity that it had
        before there could be several.
        """
        said = self.to_json()
        for model in said["models"]:
            if "checkpoint" in model:
                model["checkpoint"] = model["checkpoint"]["digest"]
        silent = {"line"}
        if len(self.models) == 1:
            said |= said.pop("models")[0]
            silent |= {"model", "writer"}
        said["arms"] = [{k: v for k, v in arm.items() if k not in silent} for arm in said["arms"]]
        return said
